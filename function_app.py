"""The function app: triggers and bindings. Each function decodes its trigger and makes one call."""

from typing import TYPE_CHECKING, List  # noqa: UP035 - see its use

import azure.functions as func

from shared import wiring
from shared.adapters.storage.blob_reference import BlobReference
from shared.errors import AccessDeniedError
from shared.held_secrets import hide
from shared.operators import http_queries
from shared.operators.http_answers import Answer, bad_query_answer, error_answer
from shared.operators.query_parameters import query_problems
from shared.pipeline import (
    csv_event,
    erasing,
    evaluation_message,
    intake_message,
    landing,
    poison,
    polling,
    reconciling,
    sweeping,
)
from shared.records.heartbeats import TickSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.operators.authorization import Caller
    from shared.services import Services

app = func.FunctionApp()
ticker = polling.Ticker()
http_ticker = polling.Ticker(TickSource.HTTP)

STORAGE = wiring.data_connection()
EVALUATIONS = "evaluations"
INTAKE = "intake"
CSV_EVENTS = "csv-events"
# In the mode `entra` the host asks for no function key: each function checks the signed-in caller's role instead.
LEVEL = func.AuthLevel.ANONYMOUS if wiring.requires_entra() else func.AuthLevel.FUNCTION


# What reports new files is decided when the app is indexed: the blob trigger, or the queue that Event Grid writes to.
if wiring.reads_event_queue():

    @app.function_name("on_csv_event")
    @app.queue_trigger(arg_name="message", queue_name=CSV_EVENTS, connection=STORAGE)
    @app.queue_output(arg_name="intake", queue_name=INTAKE, connection=STORAGE)
    def on_csv_event(message: func.QueueMessage, intake: func.Out[List[str]]) -> None:  # noqa: UP006 - see below
        """Land the file that an event reports, as `on_csv_landed` does."""
        services = _acting_as("on_csv_event")
        csv_event.land_event(services, message.get_body().decode(errors="replace"))
        _announce(services, intake)

    @app.function_name("on_csv_event_poison")
    @app.queue_trigger(arg_name="message", queue_name=f"{CSV_EVENTS}-poison", connection=STORAGE)
    @app.queue_output(arg_name="intake", queue_name=INTAKE, connection=STORAGE)
    def on_csv_event_poison(message: func.QueueMessage, intake: func.Out[List[str]]) -> None:  # noqa: UP006 - as above
        """Write into its run that the host gave up a file's event; a file without a run is landed now."""
        services = _acting_as("on_csv_event_poison")
        poison.csv_event(services, message.get_body().decode(errors="replace"))
        _announce(services, intake)

else:

    @app.function_name("on_csv_landed")
    @app.blob_trigger(
        arg_name="blob",
        path="%LANDFALL_INPUT%/{name}",
        connection=STORAGE,
        source=wiring.blob_source(),  # type: ignore[arg-type]  # the host takes the text as it is
    )
    @app.queue_output(arg_name="intake", queue_name=INTAKE, connection=STORAGE)
    def on_csv_landed(blob: BlobReference, intake: func.Out[List[str]]) -> None:  # noqa: UP006 - see below
        """Land a file: claim and pin its version; then announce that it is to be read, or submit and start its job."""
        services = _acting_as("on_csv_landed")
        landing.land(services, blob.container, blob.name)
        _announce(services, intake)

    @app.function_name("on_blob_poison")
    @app.queue_trigger(arg_name="message", queue_name="webjobs-blobtrigger-poison", connection=STORAGE)
    @app.queue_output(arg_name="intake", queue_name=INTAKE, connection=STORAGE)
    def on_blob_poison(message: func.QueueMessage, intake: func.Out[List[str]]) -> None:  # noqa: UP006 - as above
        """Write into its run that the host gave up a blob event; a file without a run is landed now."""
        services = _acting_as("on_blob_poison")
        poison.blob_event(services, message.get_body().decode(errors="replace"))
        _announce(services, intake)


@app.function_name("poll_pending_jobs")
@app.timer_trigger(arg_name="timer", schedule="%LANDFALL_POLL_SCHEDULE%", run_on_startup=False, use_monitor=True)
@app.queue_output(arg_name="messages", queue_name=EVALUATIONS, connection=STORAGE)
@app.queue_output(arg_name="intake", queue_name=INTAKE, connection=STORAGE)
def poll_pending_jobs(
    timer: func.TimerRequest,  # noqa: ARG001 - the host requires the parameter
    messages: func.Out[List[str]],  # noqa: UP006 - the runtime cannot load an app that says Out[list[str]]
    intake: func.Out[List[str]],  # noqa: UP006 - as above
) -> None:
    """Poll the pending jobs, take every step that is due, and announce the runs whose next step has a queue."""
    services = _acting_as("poll_pending_jobs")
    result = ticker.tick(services)
    messages.set([message.to_text() for message in result.messages])
    _announce(services, intake)


@app.function_name("read_and_assemble")
@app.queue_trigger(arg_name="message", queue_name=INTAKE, connection=STORAGE)
@app.queue_output(arg_name="intake", queue_name=INTAKE, connection=STORAGE)
def read_and_assemble(message: func.QueueMessage, intake: func.Out[List[str]]) -> None:  # noqa: UP006 - as above
    """Read and check a file, assemble the training set of a run or batch, and submit and start its job."""
    services = _acting_as("read_and_assemble")
    intake_message.read_and_assemble(services, message.get_body().decode(errors="replace"))
    _announce(services, intake)


@app.function_name("evaluate_and_promote")
@app.queue_trigger(arg_name="message", queue_name=EVALUATIONS, connection=STORAGE)
def evaluate_and_promote(message: func.QueueMessage) -> None:
    """Evaluate a trained run, and promote its model if it is better."""
    evaluation_message.evaluate(wiring.services().acting_as("evaluate_and_promote"), message.get_body().decode())


@app.function_name("sweep")
@app.timer_trigger(arg_name="timer", schedule="%LANDFALL_SWEEP_SCHEDULE%", run_on_startup=False, use_monitor=True)
@app.queue_output(arg_name="intake", queue_name=INTAKE, connection=STORAGE)
def sweep(
    timer: func.TimerRequest,  # noqa: ARG001 - the host requires the parameter
    intake: func.Out[List[str]],  # noqa: UP006 - as above
) -> None:
    """Land the files that no event reported, and restore endpoints that do not serve their verified model."""
    services = _acting_as("sweep")
    sweeping.sweep(services)
    _announce(services, intake)
    reconciling.reconcile(services)
    erasing.erase_again(services)


@app.function_name("on_evaluation_poison")
@app.queue_trigger(arg_name="message", queue_name=f"{EVALUATIONS}-poison", connection=STORAGE)
def on_evaluation_poison(message: func.QueueMessage) -> None:
    """Write into its run that the host gave up an evaluation message; the tick goes on with the run."""
    poison.evaluation(wiring.services().acting_as("on_evaluation_poison"), message.get_body().decode(errors="replace"))


@app.function_name("on_intake_poison")
@app.queue_trigger(arg_name="message", queue_name=f"{INTAKE}-poison", connection=STORAGE)
def on_intake_poison(message: func.QueueMessage) -> None:
    """Write into its run that the host gave up an intake message; a tick announces the run again."""
    poison.intake(_acting_as("on_intake_poison"), message.get_body().decode(errors="replace"))


@app.function_name("health")
@app.route("health", methods=["GET"], auth_level=LEVEL)
def health(req: func.HttpRequest) -> func.HttpResponse:
    """Answer whether the app is set up and reaches its storage, with every problem; `full=true` checks everything."""
    timers = wiring.timer_settings()
    return _answer(req, "read", lambda _: http_queries.health(wiring.services, timers, req.url, req.params))


@app.function_name("runs")
@app.route("runs", methods=["GET"], auth_level=LEVEL)
def runs(req: func.HttpRequest) -> func.HttpResponse:
    """List runs, newest first; `route`, `run_id` and `limit` narrow the list."""
    return _answer(req, "read", lambda _: http_queries.runs(wiring.services, req.url, req.params))


@app.function_name("operations")
@app.route("operations/{operation}", methods=["POST"], auth_level=LEVEL)
def operations(req: func.HttpRequest) -> func.HttpResponse:
    """Carry out an operator's request: approve, reject, retry, schema, rollback, freeze, …."""
    from shared.operators import http_operations  # noqa: PLC0415 - people are rare, cold starts are not

    name, body = req.route_params.get("operation", ""), req.get_body()

    def operate(caller: "Caller") -> Answer:
        problems = query_problems(req.url, req.params, ())  # an operation reads its body only
        if problems:
            return bad_query_answer(problems)
        return http_operations.operate(wiring.services, name, body, caller)

    return _answer(req, "operate", operate)


@app.function_name("http_tick")
@app.route("tick", methods=["POST"], auth_level=LEVEL)
@app.queue_output(arg_name="messages", queue_name=EVALUATIONS, connection=STORAGE)
@app.queue_output(arg_name="intake", queue_name=INTAKE, connection=STORAGE)
def http_tick(
    req: func.HttpRequest,
    messages: func.Out[List[str]],  # noqa: UP006 - as above
    intake: func.Out[List[str]],  # noqa: UP006 - as above
) -> func.HttpResponse:
    """Take a tick for a caller, for at most a minute, as `poll_pending_jobs` does for its timer."""
    from shared.pipeline import http_clock  # noqa: PLC0415 - as above

    request = http_clock.Request(req.url, req.params, req.get_body())
    announce = http_clock.Announce(evaluations=messages.set, intake=intake.set)
    return _answer(
        req, "operate", lambda _: http_clock.tick(lambda: _acting_as("http_tick"), http_ticker, request, announce)
    )


@app.function_name("http_sweep")
@app.route("sweep", methods=["POST"], auth_level=LEVEL)
@app.queue_output(arg_name="intake", queue_name=INTAKE, connection=STORAGE)
def http_sweep(req: func.HttpRequest, intake: func.Out[List[str]]) -> func.HttpResponse:  # noqa: UP006 - as above
    """Sweep for a caller, for at most a minute, as `sweep` does for its timer; `full` begins at the first file."""
    from shared.pipeline import http_clock  # noqa: PLC0415 - as above

    request = http_clock.Request(req.url, req.params, req.get_body())
    return _answer(req, "operate", lambda _: http_clock.sweep(lambda: _acting_as("http_sweep"), request, intake.set))


@app.function_name("approval")
@app.route("approval", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
def approval(req: func.HttpRequest) -> func.HttpResponse:
    """Show the page of an approval link, and answer its form; the link's code alone is the permission.

    No header of the request counts: the platform may exclude this path from its authentication, and anybody could then
    write the header that names a signed-in caller.
    """
    from shared.operators import http_operations  # noqa: PLC0415 - as above

    if req.method == "POST":
        status, page = http_operations.answer_approval(wiring.services, req.get_body())
    else:
        status, page = 200, http_operations.show_approval()
    return func.HttpResponse(hide(page), status_code=status, mimetype="text/html", headers=http_operations.PAGE_HEADERS)


def _acting_as(function: str) -> "Services":
    return wiring.services().acting_as(function)


def _announce(services: "Services", intake: func.Out[List[str]]) -> None:  # noqa: UP006 - as above
    """Put the messages about the runs that this function wrote into the queue `intake`."""
    intake.set([message.to_text() for message in services.announced])


def _answer(req: func.HttpRequest, permission: str, handle: "Callable[[Caller], Answer]") -> func.HttpResponse:
    """Answer with JSON: a caller with the permission by `handle`, any other caller with the reason."""
    try:
        caller = wiring.authorize(req.headers, permission)
    except AccessDeniedError as error:
        status, body = error_answer(error)
    else:
        status, body = handle(caller)
    return func.HttpResponse(hide(body), status_code=status, mimetype="application/json")
