"""The function app: triggers and bindings. Each body decodes, makes one pipeline call, and gives the output."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, List  # noqa: UP035 - see its use

import azure.functions as func

from shared import wiring
from shared.adapters.storage.blob_reference import BlobReference
from shared.held_secrets import hide
from shared.operators import http_queries
from shared.operators.query_parameters import query_problems
from shared.pipeline import evaluation_message, landing, poison, polling, reconciling, sweeping

if TYPE_CHECKING:
    from shared.operators.authorization import Caller

type Act = Callable[["Caller"], http_queries.Answer]

app = func.FunctionApp()
ticker = polling.Ticker()

STORAGE = wiring.data_connection()
EVALUATIONS = "evaluations"
# With `entra` the host asks for no key: each function asks for who the platform signed in, and lets in nobody else.
LEVEL = func.AuthLevel.ANONYMOUS if wiring.requires_entra() else func.AuthLevel.FUNCTION


@app.function_name("on_csv_landed")
@app.blob_trigger(
    arg_name="blob",
    path="%LANDFALL_INPUT%/{name}",
    connection=STORAGE,
    source=wiring.blob_source(),  # type: ignore[arg-type]  # a text goes to the host as it is
)
def on_csv_landed(blob: BlobReference) -> None:
    """Land a file: claim its version, pin it, submit and start its job."""
    landing.land(wiring.services().acting_as("on_csv_landed"), blob.container, blob.name)


@app.function_name("poll_pending_jobs")
@app.timer_trigger(arg_name="timer", schedule="%LANDFALL_POLL_SCHEDULE%", run_on_startup=False, use_monitor=True)
@app.queue_output(arg_name="messages", queue_name=EVALUATIONS, connection=STORAGE)
def poll_pending_jobs(
    timer: func.TimerRequest,  # noqa: ARG001 - the host requires the parameter
    messages: func.Out[List[str]],  # noqa: UP006 - the runtime cannot load an app that says Out[list[str]]
) -> None:
    """Poll the pending jobs, take every step that is due, and announce the runs that are trained now."""
    messages.set([message.to_text() for message in ticker.tick(wiring.services().acting_as("poll_pending_jobs"))])


@app.function_name("evaluate_and_promote")
@app.queue_trigger(arg_name="message", queue_name=EVALUATIONS, connection=STORAGE)
def evaluate_and_promote(message: func.QueueMessage) -> None:
    """Evaluate a trained run and promote its model if it is better."""
    evaluation_message.evaluate(wiring.services().acting_as("evaluate_and_promote"), message.get_body().decode())


@app.function_name("sweep")
@app.timer_trigger(arg_name="timer", schedule="%LANDFALL_SWEEP_SCHEDULE%", run_on_startup=False, use_monitor=True)
def sweep(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the host requires the parameter
    """Claim what no event reported, and bring endpoints back to what they were verified to serve."""
    services = wiring.services().acting_as("sweep")
    sweeping.sweep(services)
    reconciling.reconcile(services)


@app.function_name("on_evaluation_poison")
@app.queue_trigger(arg_name="message", queue_name=f"{EVALUATIONS}-poison", connection=STORAGE)
def on_evaluation_poison(message: func.QueueMessage) -> None:
    """Bring a message that could not be worked off into its run's record; the run is driven by the tick."""
    poison.evaluation(wiring.services().acting_as("on_evaluation_poison"), message.get_body().decode(errors="replace"))


@app.function_name("on_blob_poison")
@app.queue_trigger(arg_name="message", queue_name="webjobs-blobtrigger-poison", connection=STORAGE)
def on_blob_poison(message: func.QueueMessage) -> None:
    """Bring a blob event that could not be worked off into its run's record, and land the file if nobody did."""
    poison.blob_event(wiring.services().acting_as("on_blob_poison"), message.get_body().decode(errors="replace"))


@app.function_name("health")
@app.route("health", methods=["GET"], auth_level=LEVEL)
def health(req: func.HttpRequest) -> func.HttpResponse:
    """Tell whether the app is set up and reaches its storage, and what is wrong if not; `full=true` asks everything."""
    act = functools.partial(http_queries.health, wiring.services, wiring.timer_settings(), req.url, req.params)
    return _answer(req, "read", lambda _: act())


@app.function_name("runs")
@app.route("runs", methods=["GET"], auth_level=LEVEL)
def runs(req: func.HttpRequest) -> func.HttpResponse:
    """List runs, newest first; `route`, `run_id` and `limit` narrow it down."""
    return _answer(req, "read", lambda _: http_queries.runs(wiring.services, req.url, req.params))


@app.function_name("operations")
@app.route("operations/{operation}", methods=["POST"], auth_level=LEVEL)
def operations(req: func.HttpRequest) -> func.HttpResponse:
    """Carry out what an operator asks for: approve, reject, invite, links, retry, rollback, freeze, unfreeze."""
    from shared.operators import http_operations  # noqa: PLC0415 - people are rare, cold starts are not

    operation = req.route_params.get("operation", "")
    act = functools.partial(http_operations.operate, wiring.services, operation, req.get_body())
    return _answer(req, "operate", _without_query(req, act))


@app.function_name("approval")
@app.route("approval", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
def approval(req: func.HttpRequest) -> func.HttpResponse:
    """Show the page of an approval link, and take its answer: the link's code is what permits it."""
    from shared.operators import http_operations  # noqa: PLC0415
    from shared.operators.authorization import Denied, Permission  # noqa: PLC0415 - as above

    caller = wiring.authorizer().authorize(req.headers, Permission.NOTHING)
    if isinstance(caller, Denied):
        status, page = http_operations.refuse_approval(caller)
    elif req.method == "POST":
        status, page = http_operations.answer_approval(wiring.services, req.get_body(), caller)
    else:
        status, page = 200, http_operations.show_approval()
    return func.HttpResponse(hide(page), status_code=status, mimetype="text/html", headers=http_operations.PAGE_HEADERS)


def _without_query(req: func.HttpRequest, act: Act) -> Act:
    """Have a request refused that has parameters in its query: what they ask for would not be done."""

    def checked(caller: "Caller") -> http_queries.Answer:
        problems = query_problems(req.url, req.params, ())
        return http_queries.wrong_query(problems) if problems else act(caller)

    return checked


def _answer(req: func.HttpRequest, permission: str, act: Act) -> func.HttpResponse:
    """Answer a caller who is let in, with JSON; tell any other one why not."""
    from shared.operators.authorization import Denied, Permission  # noqa: PLC0415 - as above

    caller = wiring.authorizer().authorize(req.headers, Permission(permission))
    status, body = http_queries.refusal(caller) if isinstance(caller, Denied) else act(caller)
    return func.HttpResponse(hide(body), status_code=status, mimetype="application/json")
