"""Work beside the build, in processes of their own, as many at a time as there are processors."""

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context, parent_process


@cache
def pool() -> ProcessPoolExecutor:
    """The workers; each starts when it is needed, and ends with the build."""
    return ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), initializer=_depend_on_parent)


def _depend_on_parent() -> None:
    """Ctrl-C is for the build, and where the build is cut off, its workers end, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
