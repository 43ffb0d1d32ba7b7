"""Work beside the build, in processes of their own, as many at a time as there are processors, up to `MOST`."""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection

MOST = 8
"""A worker that draws takes some 350 MB."""

_own = threading.local()


def submit(function: Callable, *arguments) -> Future:
    """Call a function of a module in a worker, with arguments that can be pickled."""
    return _threads().submit(_ask, function, arguments)


@cache
def _threads() -> ThreadPoolExecutor:
    """Threads with a worker each, started when it is needed."""
    return ThreadPoolExecutor(min(os.cpu_count() or 1, MOST), initializer=_hire)


def _hire() -> None:
    context = get_context("spawn")
    _own.line, far = context.Pipe()
    context.Process(target=_work, args=(far,), daemon=True).start()
    far.close()


def _ask(function: Callable, arguments: tuple):
    try:
        _own.line.send((function, arguments))
        done, result = _own.line.recv()
    except (EOFError, OSError) as error:
        raise RuntimeError(f"a worker died in {function.__name__}: is memory short?") from error
    if not done:
        raise result
    return result


def _work(line: Connection) -> None:
    """Answers until the build ends, however it ends; Ctrl-C is for the build. Charts are drawn in one time zone."""
    os.environ["TZ"] = "UTC"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            function, arguments = line.recv()
            try:
                answer = True, function(*arguments)
            except Exception as error:
                answer = False, error
            line.send(answer)
