"""A job as it was accepted: everything that its execution needs, checked once and never read from the request again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from studio.json_values import Json
from studio.storage.blob_locations import BlobAddress
from studio.storage.blob_path import BlobPath
from studio.training.training_plan import TrainingPlan

# Where an output goes: to the blob that the job names, or, as a path alone, into the studio's own storage account. The
# key of that account stands in no job.
type OutputPlace = BlobAddress | BlobPath


@dataclass(frozen=True)
class AcceptedJob:
    """What runs. It holds the credentials of the job's blobs, so the database drops it when the job ends."""

    experiment: str
    plan: TrainingPlan  # the service's, changed by the job's parameters
    source: BlobAddress  # of the CSV to train on
    outputs: Mapping[str, OutputPlace]  # by the output's name, in the order of the service's contract
    model_output: str  # which of the outputs is the model
    evaluation_output: str

    @classmethod
    def of_json(cls, text: str) -> Self:
        """Return the job that `to_json` wrote."""
        members = json.loads(text)
        return cls(
            experiment=members["experiment"],
            plan=TrainingPlan.of_json(members["plan"]),
            source=_address(members["source"]),
            outputs={name: _place(place) for name, place in members["outputs"].items()},
            model_output=members["model_output"],
            evaluation_output=members["evaluation_output"],
        )

    def to_json(self) -> str:
        """Return the job as a text, with its credentials."""
        return json.dumps(
            {
                "experiment": self.experiment,
                "plan": self.plan.to_json(),
                "source": asdict(self.source),
                "outputs": {
                    name: place if isinstance(place, BlobPath) else asdict(place)
                    for name, place in self.outputs.items()
                },
                "model_output": self.model_output,
                "evaluation_output": self.evaluation_output,
            }
        )


def _place(value: list[str] | Json) -> OutputPlace:
    return BlobPath(*value) if isinstance(value, list) else _address(value)


def _address(members: Json) -> BlobAddress:
    return BlobAddress(**members | {"path": BlobPath(*members["path"])})
