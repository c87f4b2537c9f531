"""Scoring endpoints in memory: a PATCH takes effect some time later; the answers are a function of the model."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.errors import NotFoundError, RejectedError, ServiceFault
from shared.ports.blob_location import BlobLocation
from shared.ports.clock import Clock
from shared.ports.scoring_service import Resource, Scored
from shared.records.golden_answers import Answers
from shared.routes.route import Endpoint
from tests.fakes.fake_keys import check_keys, key_refused
from tests.fakes.faults import Faults
from tests.fakes.memory_blobs import MemoryBlobs
from tests.route_parts import execute_url, patch_url

SCORED_COLUMNS = ("Scored Labels", "Scored Probabilities")


@dataclass
class FakeEndpoint:
    """One endpoint as the service has it. A model is known by the content of its blob when it was PATCHed."""

    published: Endpoint
    resource: str
    model: str
    relative: str = ""
    columns: tuple[str, ...] = ()  # that the model takes, in any order; empty: whatever is sent
    propagation_s: float = 1.0  # from an accepted PATCH until it is served
    ignore_patch: bool = False  # a PATCH is answered 200 and changes nothing that is served
    location_moves: bool = True  # whether an ignored PATCH shows in the endpoint's location all the same
    copies_to: str = ""  # where it says that its models are, if it copies them; `{n}` counts the PATCHes
    jitter: float = 0.0  # how far every probability lies from what another endpoint says with the same model
    patches: list[str] = field(default_factory=list)  # the model of every PATCH that was answered 200
    pending: list[tuple[datetime, str]] = field(default_factory=list)


class FakeScoring:
    """`ScoringService` in memory.

    Endpoints are known by their URLs and must be added first. `faults` arranges failures of the operations
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
        self._endpoints: dict[str, FakeEndpoint] = {}  # by patch_url
        self._executed: dict[str, FakeEndpoint] = {}  # by execute_url

    def add(self, endpoint: Endpoint, model: str) -> FakeEndpoint:
        """Publish an endpoint that serves a model, with the resource that the route names, and return its switches."""
        state = FakeEndpoint(endpoint, endpoint.resource, model)
        self._endpoints[patch_url(endpoint)] = state
        self._executed[execute_url(endpoint)] = state
        return state

    def served(self, endpoint: Endpoint) -> str:
        """Return the model that the endpoint answers with now."""
        return self._served(self._endpoints[patch_url(endpoint)])

    def _served(self, state: FakeEndpoint) -> str:
        due = [model for when, model in state.pending if when <= self._clock.now()]
        if due:
            state.model = due[-1]
            state.pending = [entry for entry in state.pending if entry[0] > self._clock.now()]
        return state.model

    def patch(self, endpoint: Endpoint, location: BlobLocation, replaces: str = "") -> None:
        """Give the endpoint's resource another model, whatever it replaces."""
        del replaces
        with self.faults.call("patch"):
            state = self._managed("PATCH endpoint", endpoint)
            model = self._blobs.text(location.relative)
            if endpoint.resource != state.resource:
                raise _refused_patch(endpoint, "BadParameterValue", f"no resource {endpoint.resource!r}")
            if not self._blobs.opens(location):
                raise _refused_patch(endpoint, "InvalidBlob", f"the SAS token does not open {location.relative}")
            if model is None:
                raise _refused_patch(endpoint, "BlobNotFound", f"no blob at {location.relative}")
            if not model:
                raise _refused_patch(endpoint, "InvalidBlob", f"{location.relative} is not a model")
            self._served(state)
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
            state = self._managed("GET endpoint", endpoint)
            return [Resource(state.resource, state.relative)]

    def score(self, endpoint: Endpoint, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Scored:
        """Answer each row with a label and a probability that depend on the model served, the columns and the row."""
        with self.faults.call("score"):
            state = self._executed.get(execute_url(endpoint))
            if state is None:
                raise NotFoundError(_fault("score rows", execute_url(endpoint), 404, "NotFound", "WebServiceNotFound"))
            check_keys("score rows", execute_url(endpoint), endpoint, state.published)
            values = [tuple(row) for row in rows]
            _check_input(endpoint, state.columns, columns, values)
            served = self._served(state)
            model = self.alike.get(served, served)
            skill, classes = self.skill_of(model), self.classes_of(model)
            if classes:
                scored = _of_classes(model, classes, columns, values)
            else:
                scored = Scored(SCORED_COLUMNS, answers_of(model, columns, values, state.jitter, skill))
            renamed = self.renamed.get(served, {})
            return Scored(tuple(renamed.get(name, name) for name in scored.columns), scored.rows)

    def _managed(self, operation: str, endpoint: Endpoint) -> FakeEndpoint:
        """Find an endpoint by its management URL; no key opens one that does not exist."""
        state = self._endpoints.get(patch_url(endpoint))
        if state is None:
            raise key_refused(operation, patch_url(endpoint), endpoint)
        check_keys(operation, patch_url(endpoint), endpoint, state.published)
        return state


def answers_of(
    model: str, columns: Sequence[str], rows: Iterable[Sequence[str]], jitter: float = 0.0, skill: float = 0.0
) -> Answers:
    """Return what any endpoint answers that serves `model`."""
    return tuple(_answer(model, columns, row, jitter, skill) for row in rows)


def _answer(model: str, columns: Sequence[str], row: Sequence[str], jitter: float, skill: float) -> tuple[str, ...]:
    digest = _digest(model, columns, row)
    probability = int.from_bytes(digest[:4]) / 2**32
    if skill:
        probability = skill * float(row[columns.index("signal")]) + (1 - skill) * probability
    return ("yes" if probability >= 0.5 else "no", f"{probability + jitter:.6f}")


def _of_classes(model: str, classes: Sequence[str], columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Scored:
    """Answer as a multi-class model does: a probability for each class, and the label of the largest."""
    named = tuple(f'Scored Probabilities for Class "{name}"' for name in classes)
    answered = []
    for row in rows:
        weights = [_digest(f"{model}\n{name}", columns, row)[0] + 1 for name in classes]
        shares = [weight / sum(weights) for weight in weights]
        answered.append((*(f"{share:.6f}" for share in shares), classes[shares.index(max(shares))]))
    return Scored((*named, "Scored Labels"), tuple(answered))


def _digest(model: str, columns: Sequence[str], row: Sequence[str]) -> bytes:
    """Return bytes that depend on the model and on the row's cells by column, in whatever order the columns come."""
    cells = sorted(zip(columns, row, strict=True))
    return hashlib.sha256("\n".join((model, *(f"{name}={cell}" for name, cell in cells))).encode()).digest()


def _check_input(
    endpoint: Endpoint, expected: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Refuse a table that is not one, or not of the model's columns."""
    problem = ""
    if len(set(columns)) < len(columns) or (expected and set(columns) != set(expected)):
        problem = "InputMismatchError"
    elif any(len(row) != len(columns) for row in rows):
        problem = "InputParseError"
    if problem:
        raise RejectedError(_fault("score rows", execute_url(endpoint), 400, "BadUserArgument", problem))


def _refused_patch(endpoint: Endpoint, detail: str, message: str) -> RejectedError:
    return RejectedError(_fault("PATCH endpoint", patch_url(endpoint), 400, "BadArgument", detail, message))


def _fault(operation: str, url: str, status: int, code: str, detail: str, message: str = "") -> ServiceFault:
    return ServiceFault(operation, url, status, code, message, ((detail, ""),))
