"""Runs the local host with a worker that has Azure's path: the packages of the zip, the worker itself, nothing else.

`python -m tests.infra.run_as_in_azure PYTHON PACKAGES WORKER OPTIONS…`: an interpreter without packages, the folder of
the packages, a folder with the worker's own code, and the options of `python -m landfall.host`.
"""

import multiprocessing
import os
import sys
from multiprocessing import spawn
from typing import Any

from landfall.host.__main__ import main

# What a spawned process would take over from this one: the path with this environment's packages, and its modules.
_INHERITED = {"sys_path", "init_main_from_name", "init_main_from_path"}


def run(python: str, packages: str, worker: str) -> int:
    """Run the host; return its exit status. The real front of the worker sets its path in the same way."""
    prepared = spawn.get_preparation_data

    def own_path(name: str) -> dict[str, Any]:
        return {key: value for key, value in prepared(name).items() if key not in _INHERITED}

    spawn.get_preparation_data = own_path
    multiprocessing.set_executable(python)
    os.environ |= {"PYTHONPATH": os.pathsep.join([packages, worker]), "PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1"}
    return main()


if __name__ == "__main__":
    python, packages, worker = sys.argv[1:4]
    del sys.argv[1:4]
    os._exit(run(python, packages, worker))
