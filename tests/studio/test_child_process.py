"""A process that the studio starts: deaf to Ctrl-C, and gone when the studio is gone."""

import os
import signal
import subprocess
import sys
import time

from tests.studio.running import is_alive

# Starts a child that prints its id once it is bound, and waits.
PARENT = """
import multiprocessing, os, time
from studio.child_process import bind_to_parent

def work():
    bind_to_parent()
    print(os.getpid(), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
"""


def test_a_child_outlives_an_interrupt_and_not_its_parent() -> None:
    """SIGINT to the child alone does nothing; when its parent is killed it ends by itself."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = parent.stdout.readline().strip()
        try:
            os.kill(int(child), signal.SIGINT)
            time.sleep(0.3)
            assert is_alive(child)
            parent.kill()
            parent.wait()
            deadline = time.monotonic() + 30
            while is_alive(child) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not is_alive(child)
        finally:
            parent.kill()
            if is_alive(child):
                os.kill(int(child), signal.SIGKILL)
