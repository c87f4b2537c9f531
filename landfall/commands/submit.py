"""`landfall submit`: uploads a file to a route's folder, and follows its run on request."""

import argparse
import io
import re
import time
from pathlib import Path, PurePosixPath

from landfall.commands.run_outcome import follow_to_end, print_outcome
from landfall.console import console, print_json
from landfall.errors import CommandError
from landfall.exit_status import ExitStatus
from landfall.stack.input_files import upload_input
from landfall.stack.run_store import open_stack_runs
from landfall.stack.stack_routes import no_such_route, routes_of
from landfall.stack.stack_state import StateFolder
from shared.records.run_identity import settling_run_id
from shared.routes.load import Routes

# Characters that XML cannot hold: storage lists names as XML, and allows no control characters in them.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")


def submit(options: argparse.Namespace) -> int:
    """Upload a file under a name that the route's pattern matches, and then its marker if the route awaits one.

    Raises:
        CommandError: the stack does not run, the route or the name is wrong, or the file cannot be uploaded.
    """
    state = StateFolder(options.state)
    document = state.read_document()
    routes = routes_of(state, document["routes"])
    name = blob_name(routes, options.route, options.file, options.name)
    store = open_stack_runs(options.state)  # before the upload: it fails fast if the storage does not answer
    run_id = upload(document["storage"], document["input"], name, options.file)
    out = console(quiet=options.json)
    out.print(f"uploaded {options.file} as {document['input']}/{name}: run {run_id}")
    reading = routes.routes[options.route].reading
    if reading is not None and reading.marker is not None:  # the file is whole: without its marker it would wait
        upload_input(document["storage"], document["input"], f"{name}{reading.marker}", io.BytesIO())
        out.print(f"uploaded its marker {document['input']}/{name}{reading.marker}")
    if not options.wait:
        if options.json:
            print_json({"run_id": run_id, "blob": name}, indent=None)
        return ExitStatus.SUCCESS
    settling_id = settling_run_id(document["input"], name)
    run = follow_to_end(out, store, (options.route, run_id), options.state, settling_id=settling_id)
    return print_outcome(out, run, options.state, as_json=options.json)


def blob_name(routes: Routes, route_name: str, file: Path, chosen: str | None) -> str:
    """Return the name to upload a file under.

    Raises:
        CommandError: there is no such route, the name does not match its pattern, or storage could not list it.
    """
    route = routes.routes.get(route_name)
    if route is None:
        raise no_such_route(route_name, routes.routes)
    folder = PurePosixPath(route.files).parent
    name = chosen or str(folder / f"{file.stem}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}{file.suffix}")
    if not route.pattern.matches(name):
        raise CommandError(
            f"{name!r} does not match files = {route.files!r} of route {route_name}. Choose a --name that does."
        )
    if _CONTROL.search(name):
        # One such name, and the emulator could not list the container: the app would find no file any more.
        raise CommandError(f"{name!r} has control characters, which storage does not allow. Choose another --name.")
    return name


def upload(storage: str, container: str, name: str, file: Path) -> str:
    """Upload a file and return the id of its run.

    Raises:
        CommandError: the file cannot be read, or storage refuses it.
    """
    try:
        with file.open("rb") as content:
            return upload_input(storage, container, name, content)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
