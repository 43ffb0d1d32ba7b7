"""The tables as others take them: a data package that checks itself, one SQLite file, one Excel workbook.

What they hold comes from the descriptor, the tables and ``CITATION.cff``. The same input gives the same bytes.
"""

import csv
import hashlib
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter
from markupsafe import Markup

from dossier import citation
from dossier.citation import Report
from dossier.package import Package, load

CODEBOOK = ("table", "column", "type", "unit", "meaning", "required", "allowed", "key")
LIMITS = ("pattern", "minimum", "maximum", "maxLength")
AFFINITY = {"number": "REAL", "integer": "INTEGER"}
"""Field type to SQLite's column type; all else is TEXT, dates as ``2024-12-18``."""


def make(project: Path, whole: Report, homepage: str, folder: Path, names: dict[str, str]) -> None:
    """Write the tables of a project below a folder: as the data package in ``data`` and as three files.

    `names` has the names of the files by kind: ``package``, ``sqlite``, ``workbook``.
    """
    data = load(project)
    facts, files = about(data, whole, homepage), package_files(data, whole, homepage)
    write(folder, {f"data/{name}": content for name, content in files.items()})
    write(
        folder,
        {
            names["package"]: archive(files.items(), whole.date),
            names["sqlite"]: sqlite(data, facts),
            names["workbook"]: workbook(data, facts),
        },
    )


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write files, named by their paths below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def archive(members: Iterable[tuple[str, bytes]], date: str) -> bytes:
    """A zip of names and contents, in their order, each dated with a day (``YYYY-MM-DD``) and not by the clock."""
    year, month, day = map(int, date.split("-"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            member = zipfile.ZipInfo(name, (year, month, day, 0, 0, 0))
            member.create_system = 3
            packed = name.endswith((".zip", ".xlsx", ".png", ".pdf"))
            member.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            file.writestr(member, content)
    return out.getvalue()


def bundle(book: Path, names: list[str], target: Path, date: str) -> None:
    """Write a zip of files of the book, without the link to the zip."""
    members = []
    for name in names:
        content = (book / name).read_bytes()
        if name.endswith(".html"):
            content = re.sub(rb'<li class="download-book">.*?</li>\n', b"", content)
        members.append((f"{target.stem}/{name}", content))
    target.write_bytes(archive(members, date))


def descriptor(data: Package, whole: Report, homepage: str = "", sealed: bool = True) -> str:
    """The descriptor of an edition (Data Package v2) as JSON: with its version, date and authors.

    A sealed one has the size and the SHA-256 of each file, so that a change of any is told.
    """
    resources = [dict(resource) for resource in data.resources.values()]
    for resource in resources if sealed else []:
        content = data.path(resource["name"]).read_bytes()
        resource["bytes"], resource["hash"] = len(content), f"sha256:{hashlib.sha256(content).hexdigest()}"
    added = {
        "version": whole.edition,
        "created": f"{whole.date}T00:00:00Z",
        "contributors": [{"title": citation.name(author), "roles": ["creator"]} for author in whole.authors],
        "keywords": list(whole.keywords),
        "homepage": homepage,
    }
    known = {key: value for key, value in added.items() if value}
    return json.dumps({**data.descriptor, **known, "resources": resources}, ensure_ascii=False, indent=1) + "\n"


def codebook(data: Package) -> list[dict[str, str]]:
    """One row a column of each table, as the schema describes it; the keys are `CODEBOOK`."""
    rows = []
    for table, resource in data.schemas.items():
        schema = resource["schema"]
        targets = {
            field: f"{link['reference']['resource'] or table}.{target}"
            for link in schema.get("foreignKeys", [])
            for field, target in zip(link["fields"], link["reference"]["fields"], strict=True)
        }
        for field in schema["fields"]:
            rule, name = field.get("constraints", {}), field["name"]
            allowed = [", ".join(map(str, rule["enum"]))] if "enum" in rule else []
            allowed += [f"{key} {rule[key]}" for key in LIMITS if key in rule]
            keys = ["primary key"] if name in schema["primaryKey"] else []
            keys += [f"key of {targets[name]}"] if name in targets else []
            keys += [f"keys of {field['references']}, separated by spaces"] if "references" in field else []
            cells = (
                table,
                name,
                field["type"],
                field.get("unit", ""),
                field.get("description", ""),
                "yes" if rule.get("required") else "no",
                "; ".join(allowed),
                "; ".join(keys),
            )
            rows.append(dict(zip(CODEBOOK, cells, strict=True)))
    return rows


def about(data: Package, whole: Report, homepage: str = "") -> dict[str, str]:
    """What a file of the tables says of itself: edition, authors, licence, citation."""
    licence = data.descriptor["licenses"][0]
    item = citation.item(whole, key=data.descriptor["name"], url=homepage)
    facts = {
        "title": data.descriptor["title"],
        "description": data.descriptor["description"],
        "edition": whole.edition,
        "date": whole.date,
        "authors": "; ".join(map(citation.name, whole.authors)),
        "licence": f"{licence['title']}, {licence['path']}",
        "address": homepage,
        "citation": Markup(citation.formatted(item, "APA")).striptags(),
    }
    return {key: value for key, value in facts.items() if value}


def package_files(data: Package, whole: Report, homepage: str = "", sealed: bool = True) -> dict[str, bytes]:
    """File name to content of the data package: descriptor, tables, codebook, README and licence texts."""
    table = io.StringIO()
    writer = csv.DictWriter(table, CODEBOOK, lineterminator="\n")
    writer.writeheader()
    writer.writerows(codebook(data))
    files = {data.descriptor_path.name: descriptor(data, whole, homepage, sealed).encode()}
    files |= {data.path(name).name: data.path(name).read_bytes() for name in data.resources}
    files |= {"codebook.csv": table.getvalue().encode(), "README.md": _readme(data, whole, homepage).encode()}
    licences = sorted(data.folder.parent.glob("LICENSE*"))
    return files | {path.name: path.read_bytes() for path in licences}


def _readme(data: Package, whole: Report, homepage: str) -> str:
    facts = about(data, whole, homepage)
    listed = "\n".join(
        f"| `{resource['path']}` | {len(data.text(name)) if name in data.schemas else ''} "
        f"| {resource['title']}. {resource['description']} |"
        for name, resource in data.resources.items()
    )
    told = "\n".join(f"- {key.capitalize()}: {facts[key]}" for key in facts if key not in ("title", "description"))
    return f"""# {facts["title"]}

{facts["description"]}

{told}

The tables are CSV in UTF-8. `codebook.csv` tells each column; `datapackage.json` tells the same to programs, with
the size and SHA-256 of each file. `pip install frictionless`, then `frictionless validate datapackage.json`, checks
the files, the cells and the keys between the tables.

| file | rows | what |
| --- | --- | --- |
{listed}
"""


def sqlite(data: Package, facts: dict[str, str]) -> bytes:
    """All tables as one SQLite database: typed columns, primary and foreign keys, the lists of allowed values.

    Two tables more are `about` (the `facts`) and `codebook`. An empty cell is NULL.
    """
    with closing(sqlite3.connect(":memory:")) as database:
        for name, resource in data.schemas.items():
            cells = data.text(name)
            database.execute(_create(name, resource["schema"]))
            places = ", ".join("?" * len(cells.columns))
            rows = cells.where(cells != "", None).astype(object).values.tolist()
            database.executemany(f"INSERT INTO {_quoted(name)} VALUES ({places})", rows)
        database.execute("CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        database.executemany("INSERT INTO about VALUES (?, ?)", facts.items())
        database.execute(f"CREATE TABLE codebook ({', '.join(f'{_quoted(name)} TEXT' for name in CODEBOOK)})")
        values = f"INSERT INTO codebook VALUES ({', '.join(f':{name}' for name in CODEBOOK)})"
        database.executemany(values, codebook(data))
        database.commit()
        return database.serialize()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _create(table: str, schema: dict) -> str:
    lines = []
    for field in schema["fields"]:
        rule, name = field.get("constraints", {}), _quoted(field["name"])
        line = f"{name} {AFFINITY.get(field['type'], 'TEXT')}{' NOT NULL' if rule.get('required') else ''}"
        if field["type"] == "string" and "enum" in rule:
            values = ", ".join("'" + value.replace("'", "''") + "'" for value in rule["enum"])
            line += f" CHECK ({name} IN ({values}))"
        lines.append(line)
    lines.append(f"PRIMARY KEY ({', '.join(map(_quoted, schema['primaryKey']))})")
    for link in schema.get("foreignKeys", []):
        own, far = (", ".join(map(_quoted, fields)) for fields in (link["fields"], link["reference"]["fields"]))
        lines.append(f"FOREIGN KEY ({own}) REFERENCES {_quoted(link['reference']['resource'] or table)} ({far})")
    return f"CREATE TABLE {_quoted(table)} (\n  " + ",\n  ".join(lines) + "\n)"


def workbook(data: Package, facts: dict[str, str]) -> bytes:
    """All tables as one Excel workbook, a sheet a table, after the sheets `about` (the `facts`) and `codebook`.

    Dates are dates and numbers numbers. Text is written as text, so no cell is a formula or a link.
    """
    out = io.BytesIO()
    options = {"in_memory": True, "default_date_format": "yyyy-mm-dd"}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties(
            {
                "title": facts["title"],
                "author": facts["authors"],
                "comments": facts["citation"],
                "created": datetime.fromisoformat(facts["date"]),
            }
        )
        sheets = {"about": pd.DataFrame(facts.items(), columns=["name", "value"])}
        sheets |= {"codebook": pd.DataFrame(codebook(data)), **{name: getattr(data, name) for name in data.schemas}}
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        top = book.add_format({"valign": "top"})
        day = book.add_format({"num_format": options["default_date_format"], "valign": "top"})
        for name, frame in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)
            for column, title in enumerate(frame.columns):
                sheet.write_string(0, column, title, bold)
                cells = frame[title]
                longest = cells.astype(str).str.len().max() if len(frame) else 0
                sheet.set_column(column, column, min(60, max(len(title) + 3, longest + 1)))
                for row, cell in enumerate(cells.tolist(), 1):
                    if pd.isna(cell):
                        continue
                    if isinstance(cell, pd.Timestamp):
                        sheet.write_datetime(row, column, cell.to_pydatetime(), day)
                    elif isinstance(cell, str):
                        sheet.write_string(row, column, cell, wrapped)
                    else:
                        sheet.write_number(row, column, cell, top)
    return out.getvalue()
