"""Sets up a process that the studio starts, so that nothing ends it but the studio, and it never outlives it."""

import multiprocessing
import os
import signal
import threading


def bind_to_parent() -> None:
    """Ignore Ctrl-C, which the studio handles, and end this process as soon as the studio's is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def exit_with_parent() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=exit_with_parent, daemon=True).start()
