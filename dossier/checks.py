"""Finds what is wrong with the tables: schema faults by frictionless, and what no schema can say.

A fault reads ``file:row:column: what is wrong: what would be right``. Rows count from 1, the header is row 1.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import frictionless
import pandas as pd

from dossier.evidence import corroboration
from dossier.judgements import CONFIDENCE, share_needed, support, terms_in
from dossier.package import DataError, Package

HEADER_ROW = 1


class Fault(NamedTuple):
    """One fault. `row` is 0 where the fault is not in one row, `column` empty where not in one column."""

    file: str
    row: int
    column: str
    wrong: str
    right: str

    def __str__(self) -> str:
        where = ":".join([self.file, str(self.row) if self.row else "", self.column])
        return f"{where}: {self.wrong}: {self.right}"


def check(data: Package) -> list[Fault]:
    """All faults of a data package, in the order of the schema and of the rows; empty where all is well.

    Cross-table rules run only on tables whose cells fit the schema, so that one slip is told once.
    """
    try:
        faults = list(_schema_faults(data))
        faults += _text_faults(data)
        if not faults:
            for rule in (_order, _edition_dates, _references, _unused, _claims, _grades, _outlooks, _judgements):
                faults += rule(data)
    except DataError as error:
        return [Fault(data.descriptor_path.name, 0, "", str(error), "mend or restore the file")]
    order = {data.path(name).name: position for position, name in enumerate(data.schemas)}
    return sorted(set(faults), key=lambda fault: (order.get(fault.file, -1), fault.row, fault.column, fault.wrong))


def _schema_faults(data: Package) -> Iterator[Fault]:
    for name in data.resources:
        if not data.path(name).is_file():
            yield Fault(
                data.path(name).name, 0, "", "the file is missing", "restore it, or take it out of the schema"
            )
            return
    with frictionless.system.use_context(trusted=False):
        # Package v2 marks a resource by type "table"; frictionless 5 reads v1 and v2 alike.
        report = frictionless.Package(str(data.descriptor_path)).validate()
    for task in report.tasks:
        table = task.name
        file = data.path(table).name
        for error in task.errors:
            yield _translate(data, table, file, error)
    for error in report.errors:
        yield Fault(data.descriptor_path.name, 0, "", error.note, "mend the schema")


def _translate(data: Package, table: str, file: str, error: frictionless.Error) -> Fault:
    """A frictionless error in our words, with the remedy from the schema."""
    row = getattr(error, "row_number", 0)
    column = getattr(error, "field_name", "")
    cell = getattr(error, "cell", "")
    schema = {field["name"]: field for field in data.fields(table)}
    field = schema.get(column, {})
    constraints = field.get("constraints", {})
    match error.type:
        case "type-error":
            right = {"date": "a date as 2024-12-18", "integer": "a whole number", "number": "a number"}
            return Fault(
                file,
                row,
                column,
                f"{cell!r} is not a {field['type']}",
                right.get(field["type"], field["type"]),
            )
        case "constraint-error" if "required" in error.note:
            return Fault(file, row, column, "the cell is empty", field.get("description", "a value"))
        case "constraint-error" if "enum" in error.note:
            return Fault(
                file,
                row,
                column,
                f"{cell!r} is not in the list",
                "one of " + ", ".join(map(str, constraints["enum"])),
            )
        case "constraint-error" if "pattern" in error.note:
            return Fault(file, row, column, f"{cell!r} has the wrong form", f"the pattern {constraints['pattern']}")
        case "constraint-error":
            limits = ", ".join(
                f"{key} {constraints[key]}"
                for key in ("minimum", "maximum", "maxLength", "unique")
                if key in constraints
            )
            shown = cell if len(str(cell)) < 60 else f"{str(cell)[:60]}…"
            return Fault(file, row, column, f"{shown!r} breaks a limit", limits)
        case "primary-key":
            key = " and ".join(data.schemas[table]["schema"]["primaryKey"])
            return Fault(file, row, key, "the key stands in an earlier row too", "a key of its own in each row")
        case "foreign-key":
            columns = error.to_dict().get("fieldNames", [])
            target = error.to_dict().get("referenceName") or table
            cells = ", ".join(repr(value) for value in error.to_dict().get("fieldCells", []))
            return Fault(
                file,
                row,
                " ".join(columns),
                f"{cells} is not in {data.path(target).name}",
                f"a key that {data.path(target).name} has, or a new row there",
            )
        case "extra-label" | "missing-label" | "incorrect-label" | "duplicate-label" | "blank-label":
            return Fault(
                file,
                HEADER_ROW,
                str(getattr(error, "label", "") or getattr(error, "field_name", "")),
                error.note,
                "the header " + ",".join(schema),
            )
        case "extra-cell" | "missing-cell":
            return Fault(
                file,
                row,
                column,
                error.note.rstrip("."),
                f"{len(schema)} cells; quote a cell that holds a comma",
            )
        case "blank-row":
            return Fault(file, row, "", "the row is blank", "no blank rows")
        case _:
            return Fault(file, row, column, error.note.rstrip("."), error.description)


_HIDDEN = re.compile(r"[\x00-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_MARKUP = re.compile(r"<[a-zA-Z/!?]|\{\{|\{%")


def _text_faults(data: Package) -> list[Fault]:
    faults = []
    for name in data.schemas:
        if not data.path(name).is_file():
            continue
        raw = data.path(name).read_bytes()
        if raw.startswith(b"\xef\xbb\xbf"):
            faults.append(Fault(data.path(name).name, 1, "", "starts with a byte order mark", "plain UTF-8"))
        if b"\r" in raw:
            faults.append(Fault(data.path(name).name, 1, "", "has Windows line ends", "lines that end in LF"))
        frame = data.text(name)
        for column in frame:
            cells = frame[column]
            for pattern, wrong, right in (
                (_HIDDEN, "holds a line break or an invisible character", "one line of visible characters"),
                (_MARKUP, "holds what looks like markup", "plain text"),
                (re.compile(r"^\s|\s$"), "starts or ends with a space", "no space around the text"),
            ):
                for index in cells[cells.str.contains(pattern)].index:
                    faults.append(Fault(data.path(name).name, _row(index), str(column), wrong, right))
    return faults


def _row(index) -> int:
    return int(index) + HEADER_ROW + 1


_PAIRS = (("date_start", "date_end"), ("low", "high"), ("count_low", "count_high"))


def _order(data: Package) -> Iterator[Fault]:
    """The first of a pair may not exceed the second."""
    for name in data.schemas:
        frame = getattr(data, name)
        for first, second in _PAIRS:
            if first in frame and second in frame:
                for index, row in frame[frame[first] > frame[second]].iterrows():
                    yield Fault(
                        data.path(name).name,
                        _row(index),
                        second,
                        f"{_plain(row[second])} lies before {first} {_plain(row[first])}",
                        f"{second} not below {first}, or empty",
                    )
    for index, _ in data.estimates[data.estimates[["low", "high"]].isna().all(axis=1)].iterrows():
        yield Fault(
            data.path("estimates").name,
            _row(index),
            "low",
            "neither low nor high is given",
            "a number in one of them",
        )


def _edition_dates(data: Package) -> Iterator[Fault]:
    """Nothing that was read or happened lies after the edition."""
    edition = data.revisions["date"].max()
    for name in data.schemas:
        for field in data.fields(name):
            if field["type"] == "date" and name != "revisions":
                frame = getattr(data, name)
                for index, row in frame[frame[field["name"]] > edition].iterrows():
                    yield Fault(
                        data.path(name).name,
                        _row(index),
                        field["name"],
                        f"{_plain(row[field['name']])} lies after the edition of {_plain(edition)}",
                        "a date up to the edition, or a new revision",
                    )


def _references(data: Package) -> Iterator[Fault]:
    """Lists of identifiers (`references` in the schema) name rows that exist."""
    for name in data.schemas:
        for field in data.fields(name):
            if target := field.get("references"):
                known = set(getattr(data, target)[data.key(target)])
                for index, cell in getattr(data, name)[field["name"]].dropna().items():
                    for key in cell.split():
                        if key not in known:
                            yield Fault(
                                data.path(name).name,
                                _row(index),
                                field["name"],
                                f"{key!r} is not in {data.path(target).name}",
                                "a key that it has, or a new row there",
                            )


def _unused(data: Package) -> Iterator[Fault]:
    """A source or an origin exists to be referred to by a row; places and actors are listed for themselves."""
    used: dict[str, set] = {}
    for name, resource in data.schemas.items():
        for key in resource["schema"].get("foreignKeys", []):
            cells = getattr(data, name)[key["fields"][0]].dropna()
            used.setdefault(key["reference"]["resource"] or name, set()).update(cells)
    for name in ("sources", "origins"):
        frame = getattr(data, name)
        if name == "sources":  # references stand behind the method page, not behind a claim
            frame = frame[frame["kind"] != "reference"]
        for index, row in frame[~frame[data.key(name)].isin(used.get(name, set()))].iterrows():
            yield Fault(
                data.path(name).name,
                _row(index),
                data.key(name),
                f"{row[data.key(name)]!r} is used by no other table",
                "a row that uses it, or none here",
            )


def _claims(data: Package) -> Iterator[Fault]:
    """Every claim has evidence that supports it, and a status that its evidence bears out."""
    file = data.path("claims").name
    support = corroboration(data.evidence, data.origins, data.sources)
    claims = data.claims.merge(support, left_on="claim_id", right_index=True, how="left")
    claims[["origins", "contradicting"]] = claims[["origins", "contradicting"]].fillna(0)
    for index, claim in claims.iterrows():
        if claim["origins"] == 0:
            yield Fault(
                file,
                _row(index),
                "claim_id",
                f"{claim['claim_id']} has no supporting evidence",
                "a row in evidence.csv",
            )
            continue
        if claim["status"] == "confirmed" and claim["origins"] < 2:
            yield Fault(
                file,
                _row(index),
                "status",
                "confirmed, but one origin alone supports it",
                "two independent origins, or the status reported",
            )
        if claim["status"] in ("denied", "disputed") and claim["contradicting"] == 0:
            yield Fault(
                file,
                _row(index),
                "status",
                f"{claim['status']}, but no evidence contradicts it",
                "a row in evidence.csv that contradicts it, or another status",
            )


def _grades(data: Package) -> Iterator[Fault]:
    """Credibility follows the criteria of the method page."""
    file = data.path("claims").name
    support = corroboration(data.evidence, data.origins, data.sources)
    claims = data.claims.merge(support, left_on="claim_id", right_index=True)
    for index, claim in claims.iterrows():
        judgement = claim["status"] in ("analysis", "forecast")
        grade = claim["credibility"]
        wrong = right = ""
        if judgement and grade != 6:
            wrong, right = f"{grade} on a {claim['status']}", "6: a judgement has no truth to grade"
        elif grade == 1 and (claim["origins"] < 2 or claim["first_hand"] < 1 or claim["contradicting"]):
            wrong = (
                f"1, but {claim['origins']} origins, {claim['first_hand']} first-hand, "
                f"{claim['contradicting']} contradicting"
            )
            right = "two independent origins, one of them first-hand, nothing that contradicts; or a lower grade"
        elif grade == 2 and ((claim["origins"] < 2 and claim["first_hand"] < 1) or claim["contradicting"]):
            wrong = f"2, but {claim['first_hand']} first-hand origins and {claim['contradicting']} contradicting"
            right = "one first-hand origin or two others, nothing that contradicts; or a lower grade"
        elif grade == 5 and not claim["contradicting"]:
            wrong, right = (
                "5, but nothing contradicts it",
                "a row in evidence.csv that contradicts it, or another grade",
            )
        elif claim["status"] == "confirmed" and grade != 1:
            wrong, right = f"{grade} on a confirmed claim", "1, or another status"
        if wrong:
            yield Fault(file, _row(index), "credibility", wrong, right)


def _outlooks(data: Package) -> Iterator[Fault]:
    """A resolved outlook names the claims that resolve it."""
    resolved = data.outlooks[data.outlooks["resolution"].isin(["held up", "partly", "did not"])]
    for index, row in resolved[resolved["resolved_by"].isna()].iterrows():
        yield Fault(
            data.path("outlooks").name,
            _row(index),
            "resolved_by",
            f"resolved as {row['resolution']!r}, but by no claim",
            "the claims that resolve it, or open",
        )


def _judgements(data: Package) -> Iterator[Fault]:
    """A key judgement says no more than its computed support allows, and keeps likelihood and confidence apart."""
    file = data.path("judgements").name
    computed = support(data)
    for index, row in data.judgements.iterrows():
        found = computed.loc[row["judgement_id"]]
        term = row["term"] if pd.notna(row["term"]) else ""
        used = terms_in(row["judgement"])
        faults = []
        if used != ([term] if term else []):
            told = " and ".join(map(repr, used)) or "no word of likelihood"
            faults.append(("term", f"{term!r}, but the judgement uses {told}", "the one word that it uses"))
        if re.search(r"\bconfidence\b", row["judgement"]) or terms_in(row["confidence_reason"]):
            right = "likelihood in the judgement, confidence in its reason, never in one phrase"
            faults.append(("confidence_reason", "likelihood and confidence are mixed", right))
        if CONFIDENCE.index(row["confidence"]) > CONFIDENCE.index(found["ceiling"]):
            wrong = (
                f"{row['confidence']}, but of {found['facts']} claims of fact {found['probable']} have credibility "
                f"1 or 2, {found['possible']} 1 to 3, and {found['corroborated']} two or more origins"
            )
            faults.append(("confidence", wrong, f"{found['ceiling']} at most, or better claims"))
        if term and not found["cuts"]:
            faults.append(
                ("favoured", f"{term!r}, but it ranks no hypotheses", "hypotheses in favoured and behind")
            )
        elif found["cuts"] and found["ahead"] < found["cuts"] * (share_needed(term) if term else 1):
            order = f"{row['favoured']} ahead of {row['behind']}"
            wrong = f"{order} in {found['ahead']} of {found['cuts']} cuts of the matrix"
            faults.append(("term", wrong, "a weaker word, or an order that holds in more cuts"))
        for column, wrong, right in faults:
            yield Fault(file, _row(index), column, wrong, right)


def _plain(value) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else f"{value:g}"
