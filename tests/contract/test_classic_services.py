"""The contract of the training and the scoring service, on the fakes and on the client with a real studio."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from shared.errors import (
    KeyRefusedError,
    LandfallError,
    NoAnswerError,
    NotFoundError,
    RejectedError,
    ThrottledError,
    UnavailableError,
    UnusableAnswerError,
    had_no_effect,
)
from shared.ports.scoring_service import Scored
from shared.ports.training_service import JobRequest, JobState, JobStatus
from tests.contract.classic_services import (
    COLUMNS,
    GOLDEN_ROWS,
    ClassicServices,
    FakeServices,
    new_request,
    studio_services,
    trained,
)
from tests.contract.faulty_gateway import Outage
from tests.route_parts import a_request

UNKNOWN_JOB = "0" * 32


@pytest.fixture(scope="module", params=["fakes", "studio"])
def services(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClassicServices]:
    """Give both services: the fakes, and the client with a studio in a process of its own."""
    if request.param == "fakes":
        yield FakeServices()
        return
    folder = tmp_path_factory.mktemp("studio")
    with studio_services(request.getfixturevalue("azurite"), folder) as running:
        yield running


@pytest.fixture(scope="module")
def finished(services: ClassicServices) -> tuple[str, JobRequest, JobStatus]:
    """Give a finished job: its id, where it wrote, its status."""
    return trained(services)


@pytest.fixture
def job_id(services: ClassicServices) -> str:
    """Give the id of a submitted job."""
    return services.training_service.submit(services.training, new_request(services))


def state_of(services: ClassicServices, job_id: str) -> JobState:
    """Return the state of a job."""
    return services.training_service.status(services.training, job_id).state


def answers(services: ClassicServices) -> Scored:
    """Return what the endpoint answers to the golden rows."""
    return services.scoring_service.score(services.production, COLUMNS, GOLDEN_ROWS)


def test_a_submitted_job_does_not_run(services: ClassicServices, job_id: str) -> None:
    """A submit starts nothing, and every submit makes a job of its own."""
    status = services.training_service.status(services.training, job_id)
    assert (status.state, status.details, status.outputs) == (JobState.NOT_STARTED, "", {})
    assert status.code == "NotStarted"
    assert services.training_service.submit(services.training, new_request(services)) != job_id


def test_a_job_can_be_started_twice(services: ClassicServices, job_id: str) -> None:
    """A start whose answer was lost is sent again. The job may still wait for its turn, and then runs to its end."""
    for _ in range(2):
        services.training_service.start(services.training, job_id, a_request())
    assert state_of(services, job_id) in {JobState.NOT_STARTED, JobState.RUNNING, JobState.FINISHED}
    assert services.end(job_id).state is JobState.FINISHED


def test_a_finished_job_lists_its_outputs(
    services: ClassicServices, finished: tuple[str, JobRequest, JobStatus]
) -> None:
    """Model and evaluation lie where the request said, by the names that the route has."""
    _, request, status = finished
    assert (status.state, status.code, status.details) == (JobState.FINISHED, "Finished", "")
    assert {name: location.relative for name, location in status.outputs.items()} == {
        services.training.model_output: request.model_path,
        services.training.evaluation_output: request.evaluation_path,
    }
    assert all(location.sas.startswith("?") for location in status.outputs.values())


@pytest.mark.parametrize("starts", [True, False])
def test_a_finished_job_stays_finished(
    services: ClassicServices, finished: tuple[str, JobRequest, JobStatus], *, starts: bool
) -> None:
    """Neither a late start nor a late cancel is an error, and neither changes anything."""
    job_id, request, status = finished
    if starts:
        services.training_service.start(services.training, job_id, request)
    else:
        services.training_service.cancel(services.training, job_id)
    after = services.training_service.status(services.training, job_id)
    assert (after.state, after.outputs.keys()) == (JobState.FINISHED, status.outputs.keys())


def test_a_job_without_its_input_fails_with_details(services: ClassicServices) -> None:
    """The details name the blob and no key; a failed job has no outputs, and a late cancel changes nothing."""
    request = new_request(services)._replace(input_path="nowhere/gone.csv")
    job_id = services.training_service.submit(services.training, request)
    services.training_service.start(services.training, job_id, a_request())
    status = services.end(job_id)
    assert (status.state, status.code, status.outputs, status.notes) == (JobState.FAILED, "Failed", {}, ())
    assert "nowhere/gone.csv" in status.details
    assert "sig=" not in status.details
    services.training_service.cancel(services.training, job_id)
    assert state_of(services, job_id) is JobState.FAILED


def test_a_cancelled_job_stays_cancelled(services: ClassicServices, job_id: str) -> None:
    """Cancelling twice is no error; a start of a cancelled job is none either, and does not run it."""
    for _ in range(2):
        services.training_service.cancel(services.training, job_id)
    services.training_service.start(services.training, job_id, a_request())
    status = services.training_service.status(services.training, job_id)
    assert (status.state, status.code, status.details) == (JobState.CANCELLED, "Cancelled", "")
    assert status.outputs == {}


def test_a_job_can_be_cancelled_while_it_runs(services: ClassicServices, job_id: str) -> None:
    """A started job ends cancelled, unless it has finished before."""
    services.training_service.start(services.training, job_id, a_request())
    services.training_service.cancel(services.training, job_id)
    assert state_of(services, job_id) in {JobState.CANCELLED, JobState.FINISHED}


def test_an_unknown_job_is_not_found(services: ClassicServices) -> None:
    """Status and start raise NotFoundError; cancelling what is not there is done."""
    with pytest.raises(NotFoundError, match="JobNotFound"):
        services.training_service.status(services.training, UNKNOWN_JOB)
    with pytest.raises(NotFoundError, match="JobNotFound"):
        services.training_service.start(services.training, UNKNOWN_JOB, a_request())
    services.training_service.cancel(services.training, UNKNOWN_JOB)


def test_an_output_is_read(services: ClassicServices, finished: tuple[str, JobRequest, JobStatus]) -> None:
    """The evaluation of a job is a small text; in the app's own account even a token that has expired reads it."""
    location = finished[2].outputs[services.training.evaluation_output]
    text = services.training_service.read_output(location, 100_000)
    assert "AUC" in text.splitlines()[0]
    assert services.training_service.read_output(replace(location, sas="?sig=expired"), 100_000) == text


def test_an_output_elsewhere_is_read_by_its_token(
    services: ClassicServices, finished: tuple[str, JobRequest, JobStatus]
) -> None:
    """Outside the app's account the token is all there is: an expired one is refused."""
    location = services.elsewhere(finished[2].outputs[services.training.evaluation_output])
    assert "AUC" in services.training_service.read_output(location, 100_000)
    with pytest.raises(KeyRefusedError):
        services.training_service.read_output(replace(location, sas="?sig=expired"), 100_000)


def test_an_output_that_cannot_be_used_is_an_error(
    services: ClassicServices, finished: tuple[str, JobRequest, JobStatus]
) -> None:
    """One that is larger than the limit, and one that is not there."""
    location = finished[2].outputs[services.training.evaluation_output]
    with pytest.raises(UnusableAnswerError, match="10 bytes"):
        services.training_service.read_output(location, 10)
    with pytest.raises(NotFoundError):
        services.training_service.read_output(replace(location, relative=f"{location.relative}.gone"), 100_000)


def test_an_accepted_model_is_served(services: ClassicServices, finished: tuple[str, JobRequest, JobStatus]) -> None:
    """The endpoint lists where the model lies, and answers by it; the model before can be restored."""
    first, second = finished[1].model_path, trained(services, seed=5)[1].model_path
    scored = []
    for path in (first, second, first):
        services.scoring_service.patch(services.production, services.link(path))
        services.take_effect()
        (resource,) = services.scoring_service.resources(services.production)
        assert (resource.name, resource.relative) == (services.production.resource, path)
        scored.append(answers(services))
    assert scored[0] == scored[2] != scored[1]


def test_golden_rows_are_answered_in_order(services: ClassicServices) -> None:
    """Each row has a label and a probability as texts, whichever rows stand beside it; none gives none."""
    together = answers(services)
    assert together.columns == ("Scored Labels", "Scored Probabilities")
    assert answers(services) == together
    for row, answer in zip(GOLDEN_ROWS, together.rows, strict=True):
        alone = services.scoring_service.score(services.production, COLUMNS, [row])
        assert alone.rows == (answer,)
        assert 0 <= float(answer[1]) <= 1
    assert services.scoring_service.score(services.production, COLUMNS, []).rows == ()


def test_columns_are_known_by_their_names(services: ClassicServices) -> None:
    """Their order does not matter."""
    turned = services.scoring_service.score(services.production, COLUMNS[::-1], [row[::-1] for row in GOLDEN_ROWS])
    assert turned == answers(services)


@pytest.mark.parametrize(
    ("columns", "row", "code"),
    [
        (COLUMNS[:-1], GOLDEN_ROWS[0][:-1], "InputMismatchError"),
        ((*COLUMNS, "shoe size"), (*GOLDEN_ROWS[0], "42"), "InputMismatchError"),
        ((*COLUMNS, "age"), (*GOLDEN_ROWS[0], "42"), "InputMismatchError"),
        (COLUMNS, GOLDEN_ROWS[0][:-1], "InputParseError"),
    ],
    ids=["a column is missing", "a column is unknown", "a column twice", "a short row"],
)
def test_rows_that_do_not_fit_the_model_are_refused(
    services: ClassicServices, columns: tuple[str, ...], row: tuple[str, ...], code: str
) -> None:
    """The refusal is the service's verdict on the request, with its code."""
    with pytest.raises(RejectedError, match=code):
        services.scoring_service.score(services.production, columns, [row])


def test_a_model_that_cannot_be_used_is_refused(
    services: ClassicServices, finished: tuple[str, JobRequest, JobStatus]
) -> None:
    """An unknown resource, a blob that is not there, one that is no model, a token that opens nothing."""
    services.scoring_service.patch(services.production, services.link(finished[1].model_path))
    services.take_effect()
    before = answers(services), services.scoring_service.resources(services.production)
    good = services.link(finished[1].model_path)
    renamed = replace(services.production, resource="Another Model")
    for endpoint, location, code in (
        (renamed, good, "BadParameterValue"),
        (services.production, services.link("models/none.ilearner"), "BlobNotFound"),
        (services.production, services.link(services.put("empty.ilearner", "")), "InvalidBlob"),
        (services.production, replace(good, sas="?sig=expired"), "InvalidBlob"),
    ):
        with pytest.raises(RejectedError, match=code) as raised:
            services.scoring_service.patch(endpoint, location)
        assert had_no_effect(raised.value)
    services.take_effect()
    assert (answers(services), services.scoring_service.resources(services.production)) == before


def test_a_refused_key_names_its_setting(services: ClassicServices, job_id: str) -> None:
    """Every operation says which setting to correct, and has no effect; a second key opens the service as well."""
    training = replace(services.training, api_key="CANARY")
    endpoint = replace(services.production, api_key="CANARY")
    operations: list[tuple[str, Callable[[], object]]] = [
        ("TRAINING", lambda: services.training_service.submit(training, new_request(services))),
        ("TRAINING", lambda: services.training_service.start(training, job_id, a_request())),
        ("TRAINING", lambda: services.training_service.status(training, job_id)),
        ("TRAINING", lambda: services.training_service.cancel(training, job_id)),
        ("ENDPOINT", lambda: services.scoring_service.patch(endpoint, services.link("models/none.ilearner"))),
        ("ENDPOINT", lambda: services.scoring_service.resources(endpoint)),
        ("ENDPOINT", lambda: services.scoring_service.score(endpoint, COLUMNS, GOLDEN_ROWS)),
    ]
    for setting, operation in operations:
        with pytest.raises(KeyRefusedError, match=f"CENSUS_{setting}_KEY") as raised:
            operation()
        assert "CANARY" not in str(raised.value)
        assert had_no_effect(raised.value)
    assert state_of(services, job_id) is JobState.NOT_STARTED
    second = replace(training, api_key_secondary=services.training.api_key, api_key_secondary_setting="SECOND")
    assert services.training_service.status(second, job_id).state is JobState.NOT_STARTED


def test_a_url_that_names_no_service_is_an_error(services: ClassicServices) -> None:
    """A service is not found; no key opens an endpoint that does not exist."""
    training = replace(services.training, jobs_url=_renamed(services.training.jobs_url))
    endpoint = replace(services.production, execute_url=_renamed(services.production.execute_url))
    managed = replace(services.production, patch_url=f"{services.production.patch_url}-gone")
    with pytest.raises(NotFoundError, match="WebServiceNotFound"):
        services.training_service.submit(training, new_request(services))
    with pytest.raises(NotFoundError, match="WebServiceNotFound"):
        services.scoring_service.score(endpoint, COLUMNS, GOLDEN_ROWS)
    with pytest.raises(KeyRefusedError):
        services.scoring_service.resources(managed)
    with pytest.raises(KeyRefusedError):
        services.scoring_service.patch(managed, services.link("models/none.ilearner"))


@pytest.mark.parametrize(
    ("outage", "error"),
    [
        (Outage.UNAVAILABLE, UnavailableError),
        (Outage.THROTTLED, ThrottledError),
        (Outage.ANSWER_LOST, NoAnswerError),
    ],
)
def test_an_outage_tells_whether_a_request_took_effect(
    services: ClassicServices,
    finished: tuple[str, JobRequest, JobStatus],
    outage: Outage,
    error: type[LandfallError],
) -> None:
    """A throttled request is known to have changed nothing; after a lost answer everything is done."""
    arrives = outage is Outage.ANSWER_LOST
    training_service, scoring_service, training = (
        services.training_service,
        services.scoring_service,
        services.training,
    )
    started, cancelled = (training_service.submit(training, new_request(services)) for _ in range(2))
    paths = [finished[1].model_path, trained(services, seed=5)[1].model_path]
    scoring_service.patch(services.production, services.link(paths[0]))
    services.take_effect()
    request, location = new_request(services), services.link(paths[1])
    operations: list[Callable[[], object]] = [
        lambda: training_service.submit(training, request),
        lambda: training_service.start(training, started, a_request()),
        lambda: training_service.status(training, started),
        lambda: training_service.cancel(training, cancelled),
        lambda: scoring_service.patch(services.production, location),
        lambda: scoring_service.resources(services.production),
        lambda: answers(services),
    ]
    with services.during(outage):
        for operation in operations:
            with pytest.raises(error) as raised:
                operation()
            assert had_no_effect(raised.value) is (outage is Outage.THROTTLED)

    if arrives:
        assert services.end(started).state is JobState.FINISHED
    else:
        assert state_of(services, started) is JobState.NOT_STARTED
    assert (state_of(services, cancelled) is JobState.CANCELLED) is arrives
    assert scoring_service.resources(services.production)[0].relative == paths[arrives]


def _renamed(url: str) -> str:
    """Return a URL of the same form that names no service."""
    head, _, tail = url.rpartition("/")
    return f"{head.rpartition('/')[0]}/{'0' * 32}/{tail}"
