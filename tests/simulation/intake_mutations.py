"""The guards of files that are read and gathered, each taken out of the production code by a patch."""

from typing import Any

import pytest

from shared.effects import training_set_effects
from shared.pipeline import batching, settling
from tests.fakes.memory_blobs import MemoryBlobs
from tests.simulation.mutation import Mutation


def settled_before_it_is_claimed(patch: pytest.MonkeyPatch) -> None:
    """A file is claimed whether or not it may grow, and before its marker."""
    patch.setattr(settling, "unsettled", lambda *_: None)


def set_trained_once(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks whether an equal set is trained already."""
    patch.setattr(training_set_effects, "claim_set", lambda *_: None)


def seal_completed(patch: pytest.MonkeyPatch) -> None:
    """Nobody re-points the members of a sealed batch."""
    for module in (batching, training_set_effects):
        patch.setattr(module, "complete_seal", lambda _, batch, *__: batch)


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
    "seal completed": seal_completed,
    "manifest decided once": manifest_decided_once,
    "original beside its problems": original_beside_its_problems,
}
