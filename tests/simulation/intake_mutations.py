"""The guards of files that are read and gathered, each taken out of the production code by a patch."""

from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.storage.table_intake import TableIntakeRows
from shared.effects import training_set_effects
from shared.pipeline import batching, settling
from tests.fakes.memory_blobs import MemoryBlobs
from tests.simulation.mutation import Mutation


def settled_before_it_is_claimed(patch: pytest.MonkeyPatch) -> None:
    """A file is claimed whether or not it may grow, and before its marker."""
    patch.setattr(settling, "unsettled", lambda *_: None)


def set_trained_once(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks whether an equal set is trained already."""
    patch.setattr(training_set_effects, "_claim", lambda *_: None)


def seal_completed_before_the_next(patch: pytest.MonkeyPatch) -> None:
    """A seal that a worker left unfinished counts as done."""

    def tend(services: Any, route: Any, rows: Any) -> Any:
        seal = rows.batch.batch.seal
        if seal is not None:
            done = replace(rows.batch.batch, seal=seal._replace(done=True))
            rows = rows._replace(batch=rows.batch._replace(batch=done))
        return tend_batch(services, route, rows)

    tend_batch = batching.tend_batch
    patch.setattr(batching, "tend_batch", tend)


def one_seal(patch: pytest.MonkeyPatch) -> None:
    """A seal takes the place of whatever seal another worker wrote."""
    seal = TableIntakeRows.seal

    def unconditional(self: Any, _: Any, sealed: Any, carrier: Any, run: Any) -> Any:
        present = self.open_batch(run.route)
        return seal(self, present, sealed, carrier._replace(run_etag=None, active_etag=None), run)

    patch.setattr(TableIntakeRows, "seal", unconditional)


def manifest_decided_once(patch: pytest.MonkeyPatch) -> None:
    """Whoever assembles decides anew what the set is."""
    patch.setattr(training_set_effects, "_manifest", training_set_effects._decide)


def original_beside_its_problems(patch: pytest.MonkeyPatch) -> None:
    """A refused file is not copied to quarantine."""
    copy = MemoryBlobs.copy

    def without_quarantine(self: Any, source: str, target: str) -> Any:
        return None if target.startswith("quarantine/") else copy(self, source, target)

    patch.setattr(MemoryBlobs, "copy", without_quarantine)


INTAKE_MUTATIONS: dict[str, Mutation] = {
    "settled before it is claimed": settled_before_it_is_claimed,
    "set trained once": set_trained_once,
    "seal completed before the next": seal_completed_before_the_next,
    "one seal": one_seal,
    "manifest decided once": manifest_decided_once,
    "original beside its problems": original_beside_its_problems,
}
