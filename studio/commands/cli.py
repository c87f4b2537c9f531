"""The command line of the studio: serve, publish, describe, list, keys, add-endpoint."""
# ruff: noqa: T201 (a command prints)

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from studio.commands.describe import describe
from studio.commands.endpoints import add_endpoint_commands
from studio.commands.serve import add_serve
from studio.commands.settings import BASE_URL, DATA
from studio.errors import ProblemsError, StudioError
from studio.training.experiment import load_experiment
from studio.words import counted
from studio.workspace.database import Database
from studio.workspace.publishing import publish

DEFAULT_BASE_URL = "http://127.0.0.1:8600"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        return int(options.run(options))
    except ProblemsError as error:
        for problem in error.problems:
            print(f"{error.what}: {problem}", file=sys.stderr)
    except StudioError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        return 0  # of `serve`, which has shut down cleanly by then
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="studio", description="A training and scoring service.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = add_serve(commands)
    publishing = commands.add_parser("publish", help="train an experiment's seed model and publish its services")
    publishing.set_defaults(run=_publish)
    publishing.add_argument("experiment", type=Path, help="the experiment's TOML file")
    publishing.add_argument(
        "--json", action="store_true", help="print the description of all services, with their keys"
    )

    description = commands.add_parser("describe", help="print URLs and keys of all services as JSON")
    description.set_defaults(run=_describe)
    listing, keys, adding = add_endpoint_commands(commands)
    for command in (publishing, description, adding):
        base_url = os.environ.get(BASE_URL) or DEFAULT_BASE_URL
        command.add_argument("--base-url", default=base_url, help="begins the URLs (default: %(default)s)")
    data = os.environ.get(DATA)
    for command in (serve, publishing, description, listing, keys, adding):
        command.add_argument(
            "--data",
            type=Path,
            default=data,
            required=not data,
            metavar="DIR",
            help=f"the studio's data folder (default: the variable {DATA})",
        )
    return parser


def _publish(options: argparse.Namespace) -> int:
    experiment = load_experiment(options.experiment)
    with Database(options.data) as database:
        publication = publish(database, experiment, options.base_url.rstrip("/"))
        if options.json:
            print(json.dumps(describe(database, options.base_url), indent=2))
        else:
            trained = publication.trained
            rows = f"trained on {counted(trained.trained_rows, 'row')}, evaluated on {trained.tested_rows:,}"
            print(f"{experiment.name}: {rows}; seed model {publication.seed_model}")
            print(trained.evaluation, end="")
            for note in trained.notes:
                print(f"  {note}")
    return 0


def _describe(options: argparse.Namespace) -> int:
    with Database(options.data) as database:
        print(json.dumps(describe(database, options.base_url), indent=2))
    return 0
