"""Faults that a table shows by itself: of the schema, by which all is measured, of the file, and of its cells."""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator

import pandas as pd

from dossier import profiles
from dossier.package import DataError, Fault, Package, read_json
from dossier.profiles import short

csv.field_size_limit(2**31 - 1)  # a cell that is too long is told by the limit of its column

HEADER_ROW = 1

READ = {
    "sources": "source_id title publisher author date date_precision url language kind reliability "
    "reliability_reason consulted extent note",
    "origins": "origin_id kind",
    "claims": "claim_id statement claimant date_start date_end date_precision place_id credibility status note",
    "evidence": "claim_id source_id stance origin_id fidelity checked note",
    "places": "place_id name latitude longitude",
    "estimates": "estimate_id claim_id low high",
    "hypotheses": "hypothesis_id",
    "ratings": "claim_id hypothesis_id consistency",
    "outlooks": "claim_id date resolution resolved_by",
    "judgements": "judgement_id judgement confidence confidence_reason claim_ids against_ids term favoured behind",
    "revisions": "edition date",
}
"""Tables and columns without which the machinery cannot work; a schema may have more."""

RESERVED = ("about", "codebook", "folder", "descriptor_path")
"""No names for tables: two are added to the tables that others take, two are of `Package`."""

FILLED = ("sources", "origins", "claims", "evidence", "revisions")
"""Tables that have at least one row."""

KINDS = {
    "date": "date consulted checked date_start date_end",
    "number": "latitude longitude low high",
    "integer": "credibility",
}
"""Those of these columns that are no text, by type."""


def descriptor_faults(data: Package) -> list[Fault]:
    """What is wrong with ``datapackage.json``; nothing can be measured by a faulty one."""
    try:
        described = data.descriptor
    except DataError as error:
        return list(error.args)
    faults = list(profiles.faults("datapackage", described))
    for rules in (_names, _links, _reads):
        faults = faults or list(rules(described["resources"]))
    file = data.descriptor_path.name
    return [Fault(file, 0, *fault) for fault in dict.fromkeys(faults)]


def _names(resources: list[dict]) -> Iterator[tuple[str, str, str]]:
    """A name means one thing."""
    for name, times in Counter(resource["name"] for resource in resources).items():
        if times > 1:
            yield name, f"{times} resources have this name", "a name of its own for each"
        if name in RESERVED or hasattr(Package, name):
            yield name, "the machinery uses this name for something else", "another name"
    for resource in resources:
        fields = [field["name"] for field in resource.get("schema", {}).get("fields", [])]
        for name, times in Counter(fields).items():
            if times > 1:
                yield f"{resource['name']}.{name}", f"{times} fields have this name", "a name of its own for each"


def _links(resources: list[dict]) -> Iterator[tuple[str, str, str]]:
    """Keys are columns, and references lead to columns and tables that there are."""
    tables = {resource["name"]: resource["schema"] for resource in resources if "schema" in resource}
    columns = {name: {field["name"] for field in schema["fields"]} for name, schema in tables.items()}
    for name, schema in tables.items():
        if lost := set(schema["primaryKey"]) - columns[name]:
            yield name, f"the primary key names {', '.join(sorted(lost))}", "columns of the table"
        for link in schema.get("foreignKeys", []):
            (column,), (target,), there = link["fields"], link["reference"]["fields"], link["reference"]["resource"]
            if column not in columns[name]:
                yield name, f"a foreign key of {column!r}, which is not its column", "a column of the table"
            elif target not in columns.get(there, ()):
                wrong = f"refers to {target!r} of {there!r}, which does not exist"
                yield f"{name}.{column}", wrong, "a column of a table of this schema"
        for field in schema["fields"]:
            if field.get("references", name) not in tables:
                wrong = f"refers to {field['references']!r}, which is no table"
                yield f"{name}.{field['name']}", wrong, "the name of a table of this schema"


def _reads(resources: list[dict]) -> Iterator[tuple[str, str, str]]:
    """What the machinery reads is there, and of the type of which it reads it."""
    types = {
        resource["name"]: {field["name"]: field["type"] for field in resource["schema"]["fields"]}
        for resource in resources
        if "schema" in resource
    }
    for table, columns in READ.items():
        if table not in types:
            yield table, "the schema lacks this table", "the table; it may have no rows"
            continue
        for column in columns.split():
            found = types[table].get(column)
            kind = next((kind for kind, names in KINDS.items() if column in names.split()), "string")
            if found is None:
                yield f"{table}.{column}", "the schema lacks this field", "the field; the machinery reads it"
            elif found != kind:
                yield f"{table}.{column}", f"has the type {found}", f"{kind}, as the machinery reads it"


def file_faults(data: Package, name: str) -> Iterator[Fault]:
    """What keeps a file from being read as the schema says: not there, not UTF-8, not CSV, other columns."""
    path = data.path(name)
    if not path.is_file():
        yield Fault(path.name, 0, "", "the file is missing", "restore it, or take it out of the schema")
        return
    if name not in data.schemas:
        yield from _shape_faults(data, name)
        return
    header = [field["name"] for field in data.fields(name)]
    try:
        raw = path.read_bytes()
    except OSError as error:
        yield Fault(path.name, 0, "", f"cannot be read: {error.strerror}", "the right to read it")
        return
    if raw.startswith(b"\xef\xbb\xbf"):
        yield Fault(path.name, HEADER_ROW, "", "starts with a byte order mark", "plain UTF-8")
        raw = raw[3:]
    if b"\r" in raw:
        yield Fault(path.name, HEADER_ROW, "", "has Windows line ends", "lines that end in LF")
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[raw.rfind(b"\n", 0, error.start) + 1 : error.start].decode("latin-1")
        column = max(0, len(next(csv.reader([line]), [])) - 1)
        yield Fault(
            path.name,
            raw.count(b"\n", 0, error.start) + 1,
            header[column] if column < len(header) else "",
            f"byte 0x{raw[error.start]:02x} is not UTF-8",
            "the file saved as UTF-8",
        )
        return
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline=""), strict=True)
    number = HEADER_ROW
    try:
        if found := list(_header_faults(path.name, next(rows, []), header)):
            yield from found
            return
        for number, row in enumerate(rows, HEADER_ROW + 1):
            if not any(row):
                yield Fault(path.name, number, "", "the row is blank", "no blank rows")
            elif len(row) != len(header):
                right = f"{len(header)} cells; one that holds a comma stands in quotation marks"
                yield Fault(path.name, number, "", f"has {len(row)} cells", right)
    except csv.Error as error:
        number += bool(header)  # the row that could not be read comes after the last that could
        unclosed = "unexpected end" in str(error)
        wrong = "a quotation mark is not closed" if unclosed else "text follows a closing quotation mark"
        right = "quotation marks around the whole cell; those within it doubled"
        yield Fault(path.name, number, "", wrong, right)
        return
    if number == HEADER_ROW and name in FILLED:
        yield Fault(path.name, 0, "", "has no rows", "at least one row below the header")


def _header_faults(file: str, found: list[str], header: list[str]) -> Iterator[Fault]:
    right = "the header " + ",".join(header)
    if not any(found):
        yield Fault(file, HEADER_ROW, "", "is empty", right)
        return
    if len(found) == 1 and (mark := next((mark for mark in ";\t|" if mark in found[0]), None)):
        yield Fault(file, HEADER_ROW, "", f"cells are divided by {mark!r}", f"commas: {right}")
        return
    for column in header:
        if column not in found:
            yield Fault(file, HEADER_ROW, column, "the column is missing", right)
    unknown = list(dict.fromkeys(column for column in found if column not in header))
    for column in unknown[:5]:
        yield Fault(file, HEADER_ROW, short(column), "the schema has no such column", right)
    if len(unknown) > 5:
        yield Fault(file, HEADER_ROW, "", f"{len(unknown) - 5} more columns are not in the schema", right)
    for column, times in Counter(found).items():
        if times > 1 and column in header:
            yield Fault(file, HEADER_ROW, column, f"the column stands {times} times", right)
    if sorted(found) == sorted(header) and found != header:
        yield Fault(file, HEADER_ROW, "", "the columns stand in another order", right)


def _shape_faults(data: Package, name: str) -> Iterator[Fault]:
    """GeoJSON of named outlines, with the box in which they are whole."""
    file = data.path(name).name
    try:
        found = read_json(data.path(name))
    except DataError as error:
        yield from error.args
        return
    features = found.get("features") if isinstance(found, dict) else None
    if not isinstance(features, list):
        yield Fault(file, 0, "", "is no FeatureCollection", "GeoJSON as `make shapes` writes it")
        return
    box = found.get("bbox")
    if not (isinstance(box, list) and len(box) == 4 and all(isinstance(edge, int | float) for edge in box)):
        yield Fault(file, 0, "bbox", f"{box!r} is no box", "four numbers: west, south, east, north in degrees")
    for number, feature in enumerate(features, 1):
        try:
            polygons = feature["geometry"]["coordinates"]
            rings = [ring for polygon in polygons for ring in polygon]
            points = [point for ring in rings for point in ring]
            whole = feature["geometry"]["type"] == "MultiPolygon" and all(len(ring) > 3 for ring in rings)
            whole = whole and all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in points)
            whole = whole and isinstance(feature["properties"]["name"], str)
        except (KeyError, TypeError, ValueError):
            whole = False
        if not whole:
            right = "a name and a MultiPolygon of longitudes and latitudes"
            yield Fault(file, 0, f"feature {number}", "is no named outline", right)


def cell_faults(data: Package, names: list[str]) -> Iterator[Fault]:
    """What is wrong with the cells of tables whose files can be read: types and constraints, by frictionless."""
    names = [name for name in names if not _fits(data, name)]
    if not names:
        return
    import frictionless  # imported late: most tables are spared it

    plain = {"csv": {"delimiter": ",", "quoteChar": '"', "skipInitialSpace": False}}  # else it is guessed
    described = [
        {
            "name": name,
            "path": data.resources[name]["path"],
            "encoding": "utf-8",
            "dialect": plain,
            "schema": {**data.resources[name]["schema"], "foreignKeys": []},  # `checks` follows references
        }
        for name in names
    ]
    with frictionless.system.use_context(trusted=False):
        report = frictionless.Package({"resources": described}, basepath=str(data.folder)).validate()
    for task in report.tasks:
        for error in task.errors:
            yield _translate(data, task.name, error)
    for error in report.errors:
        yield Fault(data.descriptor_path.name, 0, "", error.note, "mend the schema")


def _fits(data: Package, name: str) -> bool:
    """Whether all cells of a table plainly keep to its schema, by whole columns, so that frictionless, which goes
    cell by cell, is spared it. Where in doubt, it is not: frictionless is the judge, and finds the words.
    """
    frame, schema = data.text(name), data.schemas[name]["schema"]
    if "missingValues" in schema or frame.duplicated(schema["primaryKey"]).any():
        return False
    return all(_keeps(set(frame[field["name"]].tolist()), field) for field in schema["fields"])


def _keeps(cells: set[str], field: dict) -> bool:
    """Whether the cells of a column, each told once, plainly keep to its field."""
    limits, given = field.get("constraints", {}), cells - {""}
    if "unique" in limits or field.get("format", "default") not in ("default", "uri"):
        return False
    if limits.get("required") and "" in cells:
        return False
    if "enum" in limits and not given.issubset(map(str, limits["enum"])):
        return False
    if not all(limits.get("minLength", 0) <= len(cell) <= limits.get("maxLength", math.inf) for cell in given):
        return False
    forms = [limits["pattern"]] if "pattern" in limits else []
    if field.get("format") == "uri":
        forms.append(r"https?://[\w.-]+(:\d+)?(/[^\s<>]*)?(\?[^\s<>]*)?")
    if field["type"] in _WRITTEN:
        forms.append(_WRITTEN[field["type"]][0])
    if not all(all(map(re.compile(form).fullmatch, given)) for form in forms):
        return False
    if field["type"] == "date":
        return pd.to_datetime(list(given), format="%Y-%m-%d", errors="coerce").notna().all()
    if field["type"] in ("number", "integer"):
        values = pd.to_numeric(pd.Series(list(given)))
        return values.between(limits.get("minimum", -math.inf), limits.get("maximum", math.inf)).all()
    return True


def _translate(data: Package, table: str, error) -> Fault:
    """A frictionless error in our words, with the remedy from the schema."""
    file, row = data.path(table).name, getattr(error, "row_number", 0)
    column, cell = getattr(error, "field_name", ""), getattr(error, "cell", "")
    field = {field["name"]: field for field in data.fields(table)}.get(column, {})
    limits = field.get("constraints", {})
    broken = re.search(r'constraint "(\w+)"', error.note)
    match error.type, broken[1] if broken else "":
        case "type-error", _:
            wrong, right = _mistyped(cell, field)
        case _, "required":
            wrong, right = "the cell is empty", field.get("description", "a value")
        case _, "enum":
            wrong, right = f"{short(cell)!r} is not in the list", "one of " + ", ".join(map(str, limits["enum"]))
        case _, "pattern":
            wrong, right = f"{short(cell)!r} has the wrong form", _form(data, table, field)
        case _, "maxLength":
            wrong, right = f"{len(cell):,} characters, too long", f"{limits['maxLength']} at most (maxLength)"
        case "constraint-error", _:
            bounds = [f"{key} {limits[key]}" for key in ("minimum", "maximum", "minLength") if key in limits]
            wrong, right = f"{short(cell)!r} breaks a limit", ", ".join(bounds) or error.note
        case "primary-key", _:
            column = " and ".join(data.schemas[table]["schema"]["primaryKey"])
            wrong, right = "the key stands in an earlier row too", "a key of its own in each row"
        case _:
            wrong, right = error.note.rstrip("."), error.description
    return Fault(file, row, column, wrong, right)


_WRITTEN = {
    "number": (
        r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,14})?",
        "a number",
        "digits, as 1200 or 0.5, without separators; 15 at most",
    ),
    "integer": (
        r"-?(0|[1-9][0-9]{0,14})",
        "a whole number",
        "digits, as 1200, without separators; 15 at most",
    ),
    "date": (r"(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}", "a date", "a day that exists, as 2024-12-18"),
}
"""Type to its form, its name and how to write it."""


def _mistyped(cell: str, field: dict) -> tuple[str, str]:
    _, name, right = _WRITTEN.get(field["type"], ("", "an address", "the full address of a page: https://…"))
    return f"{short(cell)!r} is not {name}", right


def _form(data: Package, table: str, field: dict) -> str:
    """The pattern of a field, with a cell of the table that keeps to it."""
    pattern = field["constraints"]["pattern"]
    cells = data.text(table)[field["name"]]
    good = cells[cells.str.fullmatch(pattern)]
    return (f"as {short(good.iloc[0])!r}, " if len(good) else "") + f"by the pattern {pattern}"


_AFTER = "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_TEXT = [
    (
        # all that has no shape, but for the joiners of Persian and Indian scripts
        "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ue000-\uf8ff"
        "\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff\ufdd0-\ufdef\ufffe\uffff]",
        "holds a line break or an invisible character",
        "one line of visible characters",
    ),
    (
        "^[\u200c\u200d\ufe00-\ufe0f\\s]+$|[\u115f\u1160\u2800\u3164\uffa0]",
        "holds signs that cannot be seen",
        "visible characters, or an empty cell",
    ),
    (r"<[a-zA-Z/!?]|\{\{|\{%", "holds what looks like markup", "plain text"),
    (r"\{[\w:+-]+\}`|\]\(|&(?:[a-zA-Z]+|#\w+);", "holds what looks like markup", "plain text"),
    (r"^\s|\s$", "starts or ends with a space", "no space around the text"),
    (
        f"\ufffd|[ÂÃ][\x80-\xbf]|â€|(?:[ÐÑØÙ]{_AFTER}){{2}}",
        "holds text that was read in a wrong encoding",
        "the characters as printed, in UTF-8",
    ),
]
_FORMULA = (r"^[=+@\-]", "starts as a formula does, and a spreadsheet would run it", "a word first")


_SIGNS = re.compile("[<{&\\]\ufffd\u115f\u1160\u2800\u3164\uffa0ÂÃâÐÑØÙ]")


def _doubtful(cell: str) -> bool:
    """Whether a cell can break one of the rules at all: each fault has one of these signs, and most cells none."""
    return not cell.isprintable() or cell[0] in " =+@-" or cell[-1] == " " or bool(_SIGNS.search(cell))


def text_faults(data: Package, name: str) -> Iterator[Fault]:
    """What no schema can say of cells: they are text, and numbers and dates are written in one way."""
    frame = data.text(name)
    for field in data.fields(name):
        column, cells = field["name"], frame[field["name"]]
        given, rules = set(cells.tolist()) - {""}, _TEXT
        if field["type"] in _WRITTEN:  # what is well written breaks no rule
            given = {cell for cell in given if not re.fullmatch(_WRITTEN[field["type"]][0], cell)}
            for index, cell in cells[cells.isin(given)].items():
                yield Fault(data.path(name).name, row_number(index), column, *_mistyped(cell, field))
        else:
            rules = [*_TEXT, _FORMULA]
        for index, cell in cells[cells.isin(set(filter(_doubtful, given)))].items():
            for pattern, wrong, right in rules:
                if re.search(pattern, cell):
                    yield Fault(data.path(name).name, row_number(index), column, wrong, right)


def row_number(index) -> int:
    """The row in the file of a row of the table."""
    return int(index) + HEADER_ROW + 1
