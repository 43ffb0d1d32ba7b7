"""Kernels of notebooks, forked from a process that has loaded what they import: they start at once.

It imports nothing of Sphinx, because a kernel imports it.
"""

import os
import sys
from importlib.metadata import EntryPoint
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread

from ipykernel.kernelapp import IPKernelApp
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from dossier.workers import FORKS, PROCESSES


class _Kernel(PROCESSES.Process):
    """A process as Jupyter handles those that it starts by itself."""

    stdin = stdout = stderr = None

    def poll(self) -> int | None:
        return self.exitcode

    def wait(self) -> int | None:
        self.join()
        return self.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


class Forked(LocalProvisioner):
    """Forks kernels of Python in this environment; any other is started as ever."""

    async def launch_kernel(self, cmd: list[str], **options):
        """Start a kernel; returns how to reach it."""
        if cmd[:3] != [sys.executable, "-m", "ipykernel_launcher"]:
            return await super().launch_kernel(cmd, **options)
        self.process = _Kernel(target=_run, args=(cmd[3:], options["env"], options.get("cwd")))
        self.process.start()
        self.pid = self.pgid = self.process.pid  # `_run` has it lead a group
        return self.connection_info


def _run(arguments: list[str], environment: dict[str, str], folder: str | None) -> None:
    os.setsid()  # Ctrl-C is for the build
    os.environ.clear()
    os.environ.update(environment)
    if Path(sys.path[0]) == Path.cwd():  # of the build, not of the notebook
        del sys.path[0]
    os.chdir(folder or ".")
    Thread(target=_end_with, args=(parent_process(),), daemon=True).start()
    IPKernelApp.launch_instance(arguments)


def _end_with(build) -> None:
    """The build may end without a word to the kernel, whose parent is another: the process from which it forked."""
    build.join()
    os._exit(1)


def choose() -> None:
    """Have kernels forked from now on, where that can be."""
    if FORKS:
        factory, name = KernelProvisionerFactory.instance(), "dossier"
        factory.provisioners[name] = EntryPoint(name, f"{__name__}:{Forked.__name__}", factory.GROUP_NAME)
        factory.default_provisioner_name = name
