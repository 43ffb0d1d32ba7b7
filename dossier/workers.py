"""Work beside the build, in processes of their own, as many at a time as there are processors, up to `MOST`.

On Linux they are forked from one process that has loaded what they need; elsewhere each loads it for itself.
"""

import os
import pickle
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from multiprocessing import forkserver, get_context
from multiprocessing.connection import Connection
from multiprocessing.util import get_temp_dir
from pathlib import Path
from typing import NoReturn

MOST = 8
"""A worker that draws takes some 350 MB."""

FORKS = sys.platform == "linux"
"""Elsewhere libraries of the system may not bear it, or there is none."""

PROCESSES = get_context("forkserver" if FORKS else "spawn")

LOADED = ("dossier.charts", "dossier.kernels", "ipykernel.debugger", "dossier.citation", "dossier.drawings")
"""What the workers and the kernels of notebooks import, and is slow to import."""

_own = threading.local()


def prepare() -> None:
    """Start to load what will be needed, while the build has other things to do."""
    if FORKS:
        # or the debugger, which comes with each kernel, tells what it could not debug
        os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        PROCESSES.set_forkserver_preload(list(LOADED))
        forkserver.ensure_running()


def end(code: int) -> NoReturn:
    """End this process and all that work for it at once, without a second's clearing up of what is in memory."""
    shutil.rmtree(get_temp_dir(), ignore_errors=True)  # where processes are forked through
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def submit(function: Callable, *arguments) -> Future:
    """Call a function of a module in a worker, with arguments that can be pickled."""
    return _threads().submit(_ask, function, arguments)


@cache
def _threads() -> ThreadPoolExecutor:
    """Threads with a worker each, started when it is needed."""
    return ThreadPoolExecutor(min(os.cpu_count() or 1, MOST), initializer=_hire)


def _hire() -> None:
    """Give this thread a worker, a new one where the last died."""
    _own.line, far = PROCESSES.Pipe()
    PROCESSES.Process(target=_work, args=(far,), daemon=True).start()
    far.close()


def _ask(function: Callable, arguments: tuple):
    try:
        _own.line.send((function, arguments))
        done, result = _own.line.recv()
    except (EOFError, OSError) as error:
        _hire()
        raise RuntimeError(f"a worker died in {function.__name__}: is memory short?") from error
    if not done:
        raise result
    return result


def _work(line: Connection) -> None:
    """Answers until the build ends, however it ends; Ctrl-C is for the build.

    Charts are drawn in one time zone and, on Linux, with the renderer's own fonts, which are also the quicker ones.
    """
    os.environ.update(TZ="UTC", FONTCONFIG_FILE=str(Path(__file__).with_name("fonts.conf")))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            function, arguments = line.recv()
            try:
                answer = True, function(*arguments)
            except Exception as error:
                answer = False, _sendable(error)
            line.send(answer)


def _sendable(error: Exception) -> Exception:
    """An exception that arrives: some cannot be pickled, and some not be made again from it."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
