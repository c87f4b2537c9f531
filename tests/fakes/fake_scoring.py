"""Scoring endpoints in memory: a PATCH takes effect some time later; what is answered is a function of the model."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.errors import RejectedError, ServiceFault
from shared.ports import Answers, BlobLocation, Clock, Resource, Scored
from shared.routes.route import Endpoint
from tests.fakes.faults import Faults
from tests.fakes.memory_blobs import MemoryBlobs

SCORED_COLUMNS = ("Scored Labels", "Scored Probabilities")


@dataclass
class FakeEndpoint:
    """One endpoint as the service has it. A model is known by the content of its blob when it was PATCHed."""

    resource: str
    model: str
    relative: str = ""
    propagation_s: float = 1.0  # from an accepted PATCH until it is served
    ignore_patch: bool = False  # a PATCH is answered 200 and changes nothing that is served
    location_moves: bool = True  # whether an ignored PATCH shows in the endpoint's location all the same
    copies_to: str = ""  # where it says that its models are, if it copies them; `{n}` counts the PATCHes
    jitter: float = 0.0  # how far every probability lies from what another endpoint says with the same model
    patches: list[str] = field(default_factory=list)  # the model of every PATCH that was answered 200
    pending: list[tuple[datetime, str]] = field(default_factory=list)


class FakeScoring:
    """`ScoringService` in memory.

    Endpoints are known by their `patch_url` and must be added first. `faults` arranges failures of the operations
    `patch`, `resources` and `score`, before or after their effect.
    """

    def __init__(self, blobs: MemoryBlobs, clock: Clock) -> None:
        self.faults = Faults()
        self.skill: dict[str, float] = {}  # by model, how far it follows a column called `signal`, from 0 to 1
        self.classes: dict[str, tuple[str, ...]] = {}  # by model, what it tells apart, if it is no model of yes and no
        self.renamed: dict[str, dict[str, str]] = {}  # by model, columns that it calls otherwise
        self.alike: dict[str, str] = {}  # models that answer as another one does, which need not exist
        self._blobs = blobs
        self._clock = clock
        self._endpoints: dict[str, FakeEndpoint] = {}

    def add(self, endpoint: Endpoint, model: str) -> FakeEndpoint:
        """Publish an endpoint that serves a model, with the resource that the route names, and return its switches."""
        self._endpoints[endpoint.patch_url] = FakeEndpoint(endpoint.resource, model)
        return self._endpoints[endpoint.patch_url]

    def served(self, endpoint: Endpoint) -> str:
        """Return the model that the endpoint answers with now."""
        state = self._endpoints[endpoint.patch_url]
        due = [model for when, model in state.pending if when <= self._clock.now()]
        if due:
            state.model = due[-1]
            state.pending = [entry for entry in state.pending if entry[0] > self._clock.now()]
        return state.model

    def patch(self, endpoint: Endpoint, location: BlobLocation) -> None:
        """Give the endpoint's resource another model."""
        with self.faults.call("patch"):
            state = self._endpoints[endpoint.patch_url]
            model = self._blobs.text(location.relative)
            if endpoint.resource != state.resource:
                raise RejectedError(_refusal(endpoint, "BadParameterValue", f"no resource {endpoint.resource!r}"))
            if model is None:
                raise RejectedError(_refusal(endpoint, "BlobNotFound", f"no blob at {location.relative}"))
            self.served(endpoint)
            state.patches.append(model)
            if not state.ignore_patch:
                state.pending.append((self._clock.now() + timedelta(seconds=state.propagation_s), model))
            if not state.ignore_patch or state.location_moves:
                state.relative = state.copies_to.format(n=len(state.patches)) or location.relative

    def skill_of(self, model: str) -> float:
        """Return how far a model follows a column called `signal`, from 0 to 1."""
        return self.skill.get(model, 0.0)

    def classes_of(self, model: str) -> tuple[str, ...]:
        """Return the classes that a model tells apart; none: it answers yes and no."""
        return self.classes.get(model, ())

    def resources(self, endpoint: Endpoint) -> list[Resource]:
        """Read the endpoint's updatable resources."""
        with self.faults.call("resources"):
            state = self._endpoints[endpoint.patch_url]
            return [Resource(state.resource, state.relative)]

    def score(self, endpoint: Endpoint, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Scored:
        """Answer each row with a label and a probability that depend on the model served, the columns and the row."""
        with self.faults.call("score"):
            served = self.served(endpoint)
            model = self.alike.get(served, served)
            jitter, skill = self._endpoints[endpoint.patch_url].jitter, self.skill_of(model)
            classes, other = self.classes_of(model), self.renamed.get(served, {})
            if classes:
                found = _of_classes(model, classes, columns, rows)
            else:
                found = Scored(SCORED_COLUMNS, answers_of(model, columns, rows, jitter, skill))
            return Scored(tuple(other.get(name, name) for name in found.columns), found.rows)


def answers_of(
    model: str, columns: Sequence[str], rows: Iterable[Sequence[str]], jitter: float = 0.0, skill: float = 0.0
) -> Answers:
    """Return what any endpoint answers that serves `model`."""
    return tuple(_answer(model, columns, row, jitter, skill) for row in rows)


def _answer(model: str, columns: Sequence[str], row: Sequence[str], jitter: float, skill: float) -> tuple[str, ...]:
    digest = hashlib.sha256("\n".join((model, *columns, *row)).encode()).digest()
    probability = int.from_bytes(digest[:4]) / 2**32
    if skill:
        probability = skill * float(row[columns.index("signal")]) + (1 - skill) * probability
    return ("yes" if probability >= 0.5 else "no", f"{probability + jitter:.6f}")


def _of_classes(model: str, classes: Sequence[str], columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Scored:
    """Answer as a multi-class model does: a probability for each class, and the label of the largest."""
    named = tuple(f'Scored Probabilities for Class "{one}"' for one in classes)
    answered = []
    for row in rows:
        weights = [hashlib.sha256("\n".join((model, one, *columns, *row)).encode()).digest()[0] + 1 for one in classes]
        shares = [weight / sum(weights) for weight in weights]
        answered.append((*(f"{share:.6f}" for share in shares), classes[shares.index(max(shares))]))
    return Scored((*named, "Scored Labels"), tuple(answered))


def _refusal(endpoint: Endpoint, detail: str, message: str) -> ServiceFault:
    return ServiceFault("PATCH endpoint", endpoint.patch_url, 400, "BadArgument", message, ((detail, ""),))
