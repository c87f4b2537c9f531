"""What the jobs of a service take and give: the names of inputs, outputs and parameters."""

from studio.training.parameters import required_names
from studio.training.training_plan import TrainingPlan
from studio.wire.quirks import OUTPUTS_SWAPPED, Quirks
from studio.wire.request_codec import MODEL_EXTENSIONS, TABLE_EXTENSIONS, JobContract

INPUTS, OUTPUTS = ("input1",), ("output1", "output2")


def job_outputs(quirks: Quirks) -> tuple[str, str]:
    """Return the names of the output that is the model, and of the one that is the evaluation."""
    first, second = OUTPUTS
    return (second, first) if OUTPUTS_SWAPPED in quirks.on else (first, second)


def contract_of(plan: TrainingPlan, quirks: Quirks) -> JobContract:
    """Return what the jobs of a service with this plan take and give."""
    model, evaluation = job_outputs(quirks)
    extensions = {model: MODEL_EXTENSIONS, evaluation: TABLE_EXTENSIONS}
    return JobContract(
        inputs=INPUTS,
        outputs={name: extensions[name] for name in OUTPUTS},
        parameters=tuple(parameter.name for parameter in plan.parameters),
        required=tuple(required_names(plan.parameters)),
    )
