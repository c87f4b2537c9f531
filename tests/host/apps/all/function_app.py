"""An app with every trigger that the host knows; it reports its executions to a queue."""

import asyncio
import json
import os
import time
from typing import List  # noqa: UP035 - the runtime cannot load an app that says Out[list[str]]

import azure.functions as func

app = func.FunctionApp()
STORAGE = os.environ.get("APP_CONNECTION") or "AzureWebJobsStorage"


@app.function_name("on_blob")
@app.blob_trigger(
    arg_name="blob", path="%CONTAINER%/in/{name}.csv", connection=STORAGE, source=func.BlobSource.EVENT_GRID
)
@app.queue_output(arg_name="reports", queue_name="%REPORTS%", connection=STORAGE)
def on_blob(blob: func.InputStream, reports: func.Out[str]) -> None:
    """Report a blob's name and content; a blob named bad fails."""
    if "bad" in (blob.name or ""):
        raise RuntimeError("a bad blob")
    reports.set(json.dumps({"blob": blob.name, "text": blob.read().decode()}))


@app.function_name("on_message")
@app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection=STORAGE)
@app.queue_output(arg_name="reports", queue_name="%REPORTS%", connection=STORAGE)
def on_message(message: func.QueueMessage, reports: func.Out[List[str]]) -> None:  # noqa: UP006 - see above
    """Tell a message twice; one called bad fails, one called die ends the process the first time, one is slow.

    One that begins with hang does not end the first time.
    """
    text = message.get_body().decode()
    if text == "bad":
        raise RuntimeError("a bad message")
    if text == "die" and message.dequeue_count == 1:
        os._exit(9)
    if text.startswith("hang") and message.dequeue_count == 1:
        time.sleep(300)
    if text == "slow":
        time.sleep(2)
    reports.set([json.dumps({"message": text, "count": message.dequeue_count}), "second"])


@app.function_name("on_poison")
@app.queue_trigger(arg_name="message", queue_name="%QUEUE%-poison", connection=STORAGE)
@app.queue_output(arg_name="reports", queue_name="%REPORTS%", connection=STORAGE)
def on_poison(message: func.QueueMessage, reports: func.Out[str]) -> None:
    """Report a poison message."""
    reports.set(json.dumps({"poison": message.get_body().decode()}))


@app.function_name("on_time")
@app.timer_trigger(arg_name="timer", schedule="%SCHEDULE%")
@app.queue_output(arg_name="reports", queue_name="%TICKS%", connection=STORAGE)
async def on_time(timer: func.TimerRequest, reports: func.Out[str]) -> None:
    """Report an execution and its worker, without blocking."""
    await asyncio.sleep(0)
    reports.set(json.dumps({"past_due": timer.past_due, "by": os.environ.get("WHO")}))


@app.function_name("open")
@app.route("open/{who}", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
def open_to_all(req: func.HttpRequest) -> func.HttpResponse:
    """Return the request's content."""
    if req.route_params["who"] == "nobody":
        raise RuntimeError("nobody is there")
    body = {"who": req.route_params["who"], "q": req.params.get("q"), "body": req.get_body().decode()}
    return func.HttpResponse(json.dumps(body), status_code=201, mimetype="application/json", headers={"x-own": "1"})


@app.function_name("guarded")
@app.route("guarded", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
def guarded(req: func.HttpRequest) -> str:  # noqa: ARG001 - the host requires the parameter
    """Answer callers with the key."""
    return "welcome"
