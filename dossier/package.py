"""The curated tables: a Frictionless Data Package, read into pandas."""

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, NoReturn

import pandas as pd
import yaml

DESCRIPTOR = Path("data") / "datapackage.json"


class Fault(NamedTuple):
    """One fault. `row` is 0 where the fault is not in one row, `column` empty where not in one column.

    Rows count from 1, and the header is row 1. In files that are not tables, `row` is the line.
    """

    file: str
    row: int
    column: str
    wrong: str
    right: str

    def __str__(self) -> str:
        where = ":".join([self.file, str(self.row) if self.row else "", self.column]).rstrip(":")
        told = f"{where}: {self.wrong}: {self.right}"
        return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in told)


def digest(*files: Path) -> str:
    """SHA-256 over the names and the contents of files; a missing file counts as empty."""
    total = hashlib.sha256()
    for file in files:
        total.update(file.name.encode())
        total.update(file.read_bytes() if file.is_file() else b"")
    return total.hexdigest()


class DataError(ValueError):
    """The tables, or what is asked of them, are at fault; the message says where and what would be right.

    Its arguments are texts or faults, one a line of the message.
    """

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class Package:
    """A data package whose tables are attributes: ``package.claims``, and so are its shapes, as GeoJSON.

    Columns take the types of the schema: dates become ``datetime64``, numbers ``float64``, integers
    ``Int64``, everything else ``str``; an empty cell is missing.
    """

    def __init__(self, descriptor: Path):
        self.descriptor_path = Path(descriptor).resolve()
        self.folder = self.descriptor_path.parent
        self._tables: dict[str, pd.DataFrame | dict] = {}
        self._texts: dict[str, pd.DataFrame] = {}
        self._places: dict[str, dict[str, int]] = {}

    @cached_property
    def descriptor(self) -> dict:
        """The descriptor as JSON, an object with a list of `resources`."""
        found = read_json(self.descriptor_path)
        if not isinstance(found, dict) or not isinstance(found.get("resources"), list):
            wrong, right = "has no list of resources", 'a data package: {…, "resources": […]}'
            raise DataError(Fault(self.descriptor_path.name, 0, "", wrong, right))
        return found

    @cached_property
    def resources(self) -> dict[str, dict]:
        """Name to resource, tables and others, in the descriptor's order."""
        return {resource["name"]: resource for resource in self.descriptor["resources"]}

    @cached_property
    def schemas(self) -> dict[str, dict]:
        """Table name to its resource: those resources that have a schema."""
        return {name: resource for name, resource in self.resources.items() if "schema" in resource}

    def path(self, name: str) -> Path:
        """The file of a resource."""
        return self.folder / self.resources[name]["path"]

    def fields(self, table: str) -> list[dict]:
        """The fields of a table as the schema describes them."""
        return self.schemas[table]["schema"]["fields"]

    def key(self, table: str) -> str:
        """The first primary key column of a table."""
        return self.schemas[table]["schema"]["primaryKey"][0]

    def text(self, table: str) -> pd.DataFrame:
        """A table as it is written: every cell a string, an empty cell an empty string."""
        try:
            if table not in self._texts:
                self._texts[table] = pd.read_csv(
                    self.path(table), dtype=str, keep_default_na=False, encoding="utf-8"
                )
            return self._texts[table].copy(deep=False)
        except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise DataError(
                f"{self.path(table).name}: cannot be read as UTF-8 CSV: {error}; run the check"
            ) from error

    def row(self, table: str, key: str) -> pd.Series:
        """One row by its primary key. Raises `DataError` where there is none."""
        frame = getattr(self, table)
        if table not in self._places:
            self._places[table] = {name: place for place, name in enumerate(frame[self.key(table)])}
        if key not in self._places[table]:
            told = f"{self.path(table).name} has no row with the {self.key(table)} {key!r}"
            raise DataError(f"{told}: an identifier that it has, or a new row there")
        return frame.iloc[self._places[table][key]]

    def __getattr__(self, name: str):
        if name.startswith("_") or name not in self.resources:
            raise AttributeError(f"the data package has no table {name!r}")
        if name not in self._tables:
            self._tables[name] = self._typed(name) if name in self.schemas else read_json(self.path(name))
        return self._tables[name]

    def __dir__(self):
        return [*super().__dir__(), *self.resources]

    def _typed(self, table: str) -> pd.DataFrame:
        frame = self.text(table)
        for field in self.fields(table):
            name, kind = field["name"], field["type"]
            if name not in frame:
                raise DataError(f"{self.path(table).name}: column {name!r} is missing; run the check")
            cells = frame[name].where(frame[name] != "")
            try:
                if kind == "date":
                    cells = pd.to_datetime(cells, format="%Y-%m-%d")
                elif kind in ("number", "integer"):
                    cells = pd.to_numeric(cells)
                    cells = cells.astype("Int64" if kind == "integer" else "float64")
            except (ValueError, TypeError) as error:
                raise DataError(
                    f"{self.path(table).name}: column {name!r} is not of type {kind}: {error}; run the check"
                ) from error
            frame[name] = cells
        return frame


def column_in_words(name: str) -> str:
    """The name of a column as readers see it: ``claims`` for ``claim_ids``."""
    return re.sub("_id(s?)$", r"\1", name).replace("_", " ")


def read_text(path: Path) -> str:
    """The text of a file. Raises `DataError` where it is missing or not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        wrong = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
        row = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(Fault(path.name, row, "", wrong, "the file saved as UTF-8")) from error
    except FileNotFoundError as error:
        raise DataError(Fault(path.name, 0, "", "the file is missing", "restore it")) from error
    except OSError as error:
        raise DataError(Fault(path.name, 0, "", f"cannot be read: {error.strerror}", "restore it")) from error


def read_json(path: Path):
    """What a JSON file holds. Raises `DataError` where it cannot be read."""
    text = read_text(path)
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        where = error.lineno, str(error.colno)
        raise DataError(Fault(path.name, *where, f"not JSON: {error.msg}", "mend or restore the file")) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, objects within objects
        raise DataError(Fault(path.name, 0, "", f"cannot be read: {error}", "mend or restore the file")) from error


def _once(pairs: list[tuple[str, object]]) -> dict:
    """An object of JSON, of which each key stands once."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"{_twice(key for key, _ in pairs)!r} stands twice in one object")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _twice(keys: Iterable[str]) -> str | None:
    return next((key for key, times in Counter(keys).items() if times > 1), None)


class _Loader(yaml.SafeLoader):
    """Of a mapping, each key stands once."""

    def construct_mapping(self, node, deep=False):
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := _twice(key.value for key in keys):
            mark = [key for key in keys if key.value == twice][1].start_mark
            raise yaml.constructor.ConstructorError(problem=f"{twice!r} stands twice", problem_mark=mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict:
    """What a YAML file holds, a mapping. Raises `DataError` where it cannot be read or is none."""
    text = read_text(path)
    try:
        found = yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        where = error.problem_mark.line + 1, str(error.problem_mark.column + 1)
        told = f"not YAML: {error.problem or error.context}"
        raise DataError(Fault(path.name, *where, told, "mend or restore the file")) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a character or a date that cannot be
        told = f"not YAML: {' '.join(str(error).split())}"
        raise DataError(Fault(path.name, 0, "", told, "mend or restore the file")) from error
    if not isinstance(found, dict):
        raise DataError(Fault(path.name, 0, "", "holds no settings", "lines of `key: value`"))
    return found


def load(start: Path | None = None) -> Package:
    """The data package of this project.

    It is looked for beside `start` (default: the working folder) and in the folders above it;
    the environment variable ``DOSSIER_DATA`` names its folder outright.

    Raises `FileNotFoundError` where there is none.
    """
    if named := os.environ.get("DOSSIER_DATA"):
        found = Path(named) / DESCRIPTOR.name
        if not found.is_file():
            raise FileNotFoundError(f"DOSSIER_DATA is {named}, but {found} does not exist")
        return Package(found)
    start = Path(start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / DESCRIPTOR).is_file():
            return Package(folder / DESCRIPTOR)
    raise FileNotFoundError(
        f"no {DESCRIPTOR} in {start} or above it; run inside the project, "
        "or set DOSSIER_DATA to the folder that holds datapackage.json"
    )
