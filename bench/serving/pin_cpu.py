"""Runs a program on one core of the machine: `python -m bench.serving.pin_cpu CORE PROGRAM ARGUMENT...`."""

import os
import sys


def usable_cores() -> list[int]:
    """Return the cores that this process may use; none where they cannot be chosen, as on macOS."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[1])})
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the benchmark names the program
