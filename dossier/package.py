"""The curated tables: a Frictionless Data Package, read into pandas."""

import json
import os
from functools import cached_property
from pathlib import Path

import pandas as pd

DESCRIPTOR = Path("data") / "datapackage.json"


class DataError(ValueError):
    """The tables, or what is asked of them, are at fault; the message says where and what would be right."""


class Package:
    """A data package whose tables are attributes: ``package.claims``, and so are its shapes, as GeoJSON.

    Columns take the types of the schema: dates become ``datetime64``, numbers ``float64``, integers
    ``Int64``, everything else ``str``; an empty cell is missing.
    """

    def __init__(self, descriptor: Path):
        self.descriptor_path = Path(descriptor).resolve()
        self.folder = self.descriptor_path.parent
        self._tables: dict[str, pd.DataFrame | dict] = {}

    @cached_property
    def descriptor(self) -> dict:
        """The descriptor as JSON."""
        try:
            return json.loads(self.descriptor_path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise DataError(
                f"{self.descriptor_path.name}:{error.lineno}:{error.colno}: not JSON: {error.msg}"
            ) from error

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
            return pd.read_csv(self.path(table), dtype=str, keep_default_na=False, encoding="utf-8")
        except FileNotFoundError as error:
            raise DataError(f"{self.path(table).name}: no such file, but the schema has that table") from error
        except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise DataError(f"{self.path(table).name}: cannot be read as UTF-8 CSV: {error}") from error

    def row(self, table: str, key: str) -> pd.Series:
        """One row by its primary key. Raises `DataError` where there is none."""
        frame = getattr(self, table)
        found = frame[frame[self.key(table)] == key]
        if found.empty:
            raise DataError(f"{self.path(table).name}: no row has the {self.key(table)} {key!r}")
        return found.iloc[0]

    def __getattr__(self, name: str):
        if name.startswith("_") or name not in self.resources:
            raise AttributeError(f"the data package has no table {name!r}")
        if name not in self._tables:
            self._tables[name] = self._typed(name) if name in self.schemas else self._json(name)
        return self._tables[name]

    def __dir__(self):
        return [*super().__dir__(), *self.resources]

    def _json(self, name: str) -> dict:
        try:
            return json.loads(self.path(name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError) as error:
            raise DataError(f"{self.path(name).name}: cannot be read as JSON: {error}") from error

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
