"""`landfall submit`: drops a file where its route looks, and follows the run if asked to."""

import argparse
import json
import re
import time
from pathlib import Path, PurePosixPath

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient

from landfall.commands.run_outcome import exit_status, outcome_hint
from landfall.console import console
from landfall.errors import CommandError
from landfall.exit_status import ExitStatus
from landfall.follow_run import follow_run
from landfall.run_display import step_lines
from landfall.stack.run_store import open_stack_runs
from landfall.stack.stack_routes import no_such_route, routes_of
from landfall.stack.stack_state import StateFolder
from shared.records.run import run_id_for, run_to_json
from shared.routes.load import Routes

# What XML cannot hold: names are listed in it. Storage allows no control characters in names.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")


def submit(options: argparse.Namespace) -> int:
    """Upload a file under a name that the route's pattern matches."""
    state = StateFolder(options.state)
    document = state.read_document()
    name = blob_name(routes_of(state, document["routes"]), options.route, options.file, options.name)
    store = open_stack_runs(options.state)  # first: it says quickly if nobody answers
    run_id = upload(document["storage"], document["input"], name, options.file)
    out = console(quiet=options.json)
    out.print(f"dropped {options.file} as {document['input']}/{name}: run {run_id}")
    if not options.wait:
        if options.json:
            print(json.dumps({"run_id": run_id, "blob": name}))  # noqa: T201 - this is a command
        return ExitStatus.SUCCESS

    def alive() -> None:
        state.read_document()  # raises once the stack has ended

    for line in step_lines(follow_run(store, options.route, run_id, alive)):
        out.print(line)
    found = store.get(options.route, run_id)
    if found is None:
        raise CommandError(f"run {run_id} is gone")
    if said := outcome_hint(found.run, options.state):
        out.print(said)
    if options.json:
        print(json.dumps(run_to_json(found.run), indent=2))  # noqa: T201 - this is a command
    return exit_status(found.run.state)


def blob_name(routes: Routes, route_name: str, file: Path, chosen: str | None) -> str:
    """Return the name to upload a file under.

    Raises:
        CommandError: there is no such route, or the name does not match its pattern, or storage would not list it.
    """
    route = routes.routes.get(route_name)
    if route is None:
        raise no_such_route(route_name, routes.routes)
    folder = PurePosixPath(route.files).parent
    name = chosen or str(folder / f"{file.stem}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}{file.suffix}")
    if not route.pattern.matches(name):
        raise CommandError(
            f"{name!r} does not match files = {route.files!r} of route {route_name}; choose a --name that does"
        )
    if _CONTROL.search(name):
        # One such name, and the emulator lists the container no more: no file would be found from then on.
        raise CommandError(f"{name!r} has control characters, which a name in storage must not have; choose a --name")
    return name


def upload(storage: str, container: str, name: str, file: Path) -> str:
    """Upload a file and return the id of its run.

    Raises:
        CommandError: the file cannot be read, or storage refuses it.
    """
    try:
        with file.open("rb") as content, BlobServiceClient.from_connection_string(storage) as blobs:
            answer = blobs.get_blob_client(container, name).upload_blob(content, overwrite=True)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    except AzureError as error:
        raise CommandError(f"{container}/{name} could not be uploaded: {str(error).splitlines()[0]}") from error
    return run_id_for(container, name, str(answer["etag"]))
