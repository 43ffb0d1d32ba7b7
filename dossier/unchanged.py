"""Whether anything differs from the last build. If not, there is nothing to do, and nothing slow to import."""

import os
import sys
import sysconfig
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path


def is_built(project: Path) -> bool:
    """Whether the book is what a build of this project would make."""
    stamp = _stamp(project)
    return stamp.is_file() and stamp.read_text() == f"{sources(project)} {_book(project)}"


def note_built(project: Path, made_of: str) -> None:
    """Remember, after a build, of what `sources` it was made, and how it left the book."""
    _stamp(project).write_text(f"{made_of} {_book(project)}")


def sources(project: Path) -> str:
    """A digest of all that a build may read: the files of the project, the machinery, the environment."""
    total = sha256(environment().encode())
    for file in (*_files(project), *_files(Path(__file__).parent)):
        total.update(repr((str(file), sha256(file.read_bytes()).digest())).encode())
    return total.hexdigest()


def environment() -> str:
    """A digest of Python and of all that is installed, by the names of folders: to read its metadata is slow."""
    places = {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}
    installed = sorted(folder.name for place in places for folder in place.glob("*.dist-info"))
    return sha256(repr((sys.version, installed)).encode()).hexdigest()


def _book(project: Path) -> str:
    total = sha256()
    for file in _files(project / "_build" / "html"):
        state = file.stat()
        total.update(repr((str(file), state.st_size, state.st_mtime_ns)).encode())
    return total.hexdigest()


def _stamp(project: Path) -> Path:
    return project / "_build" / "work" / "stamp"


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder, in order, links followed, without hidden ones, builds, caches and environments."""
    built = folder.resolve() / "_build"
    for here, folders, names in os.walk(folder, followlinks=True):
        if "pyvenv.cfg" in names:
            folders.clear()
        folders[:] = sorted(name for name in folders if _counts(Path(here, name), built))
        yield from filter(Path.is_file, (Path(here, name) for name in sorted(names) if not name.startswith(".")))


def _counts(folder: Path, built: Path) -> bool:
    """Whether a build may read what is in a folder; a link must lead neither to the book nor round."""
    if folder.name.startswith(".") or folder.name in ("_build", "__pycache__"):
        return False
    if not folder.is_symlink():
        return True
    real = folder.resolve()
    return not real.is_relative_to(built) and not any(
        above.resolve().is_relative_to(real) for above in folder.parents
    )
