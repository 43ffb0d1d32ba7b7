"""Finds what is wrong with the tables: each by itself (`dossier.schema`), and together, which no schema can say.

A fault reads ``file:row:column: what is wrong: what would be right``. Rows count from 1, the header is row 1.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pandas as pd

from dossier.evidence import corroboration, last_days
from dossier.judgements import CONFIDENCE, share_needed, support, terms_in
from dossier.package import Fault, Package, digest
from dossier.schema import cell_faults, descriptor_faults, file_faults, row_number, text_faults

_found: dict[tuple, list[Fault]] = {}


def check(data: Package, memory: Path | None = None) -> list[Fault]:
    """All faults of a data package, in the order of the schema and of the rows; empty where all is well.

    A rule across tables runs where the tables that it reads have no fault, so that one slip is told once. Files
    that have been checked in this process and have not changed are not checked again; nor are those that passed
    before, while they and the machinery are as the file `memory` has it.
    """
    files = sorted(file for file in data.folder.rglob("*") if file.is_file())
    mark = (data.descriptor_path, *((file, file.stat().st_mtime_ns, file.stat().st_size) for file in files))
    if mark not in _found:
        passed = digest(*files, *sorted(Path(__file__).parent.glob("*.py"))) if memory else ""
        if memory and memory.is_file() and memory.read_text() == passed:
            _found[mark] = []
        else:
            _found[mark] = _check(data)
            if memory and not _found[mark]:
                memory.parent.mkdir(parents=True, exist_ok=True)
                memory.write_text(passed)
    return list(_found[mark])


def _check(data: Package) -> list[Fault]:
    if faults := descriptor_faults(data):
        return faults
    for name in data.resources:
        faults += file_faults(data, name)
    whole = _without(faults, data, data.schemas)
    faults += cell_faults(data, whole)
    for name in whole:
        faults += text_faults(data, name)
    typed = _without(faults, data, whole)
    for name in whole:
        faults += _references(data, name, whole, faults)
    sound = set(_without(faults, data, typed))
    faults += _unused(data, whole)
    for name in typed:
        faults += _order(data, name)
        if "revisions" in typed:
            faults += _edition_dates(data, name)
    for rule, needed in _RULES.items():
        if sound.issuperset(needed.split()):
            faults += rule(data)
    order = {data.path(name).name: position for position, name in enumerate(data.schemas)}
    return sorted(set(faults), key=lambda fault: (order.get(fault.file, -1), fault.row, fault.column, fault.wrong))


def _without(faults: list[Fault], data: Package, names: Collection[str]) -> list[str]:
    """Those of the tables that have none of the faults."""
    faulty = {fault.file for fault in faults}
    return [name for name in names if data.path(name).name not in faulty]


_PAIRS = (
    ("date_start", "date_end"),
    ("low", "high"),
    ("count_low", "count_high"),
    ("date", "consulted"),
    ("found", "drawn"),
    ("as_recorded", "found"),
)
_TOGETHER = (("latitude", "longitude"), ("date", "date_precision"))


def _order(data: Package, name: str) -> Iterator[Fault]:
    """The first of a pair does not exceed the second; what belongs together is given together."""
    file, frame = data.path(name).name, getattr(data, name)
    for first, second in _PAIRS:
        if first in frame and second in frame:
            for index, row in frame[frame[first] > frame[second]].iterrows():
                lies = "lies before" if isinstance(row[first], pd.Timestamp) else "is below"
                wrong = f"{_plain(row[second])} {lies} {first}, {_plain(row[first])}"
                yield Fault(file, row_number(index), second, wrong, f"{second} not below {first}, or empty")
    for pair in _TOGETHER:
        if set(pair) <= set(frame):
            for given, lacking in (pair, pair[::-1]):
                for index in frame[frame[given].notna() & frame[lacking].isna()].index:
                    yield Fault(file, row_number(index), lacking, f"is empty, but {given} is given", "both or none")
    if name == "estimates":
        for index in frame[frame[["low", "high"]].isna().all(axis=1)].index:
            yield Fault(file, row_number(index), "low", "neither low nor high is given", "a number in one of them")


def _edition_dates(data: Package, name: str) -> Iterator[Fault]:
    """Nothing that was read or happened lies after the edition."""
    edition = data.revisions["date"].max()
    for field in data.fields(name):
        if field["type"] == "date" and name != "revisions":
            frame = getattr(data, name)
            for index, row in frame[frame[field["name"]] > edition].iterrows():
                yield Fault(
                    data.path(name).name,
                    row_number(index),
                    field["name"],
                    f"{_plain(row[field['name']])} lies after the edition of {_plain(edition)}",
                    "a date up to the edition, or a new revision",
                )


def _references(data: Package, name: str, whole: list[str], faults: list[Fault]) -> Iterator[Fault]:
    """Foreign keys, and lists of identifiers (`references` in the schema), name rows that exist.

    What refers to a table that is not whole, or whose keys have `faults` themselves, is not told as well.
    """
    links = [
        (key["fields"][0], key["reference"]["resource"], key["reference"]["fields"][0])
        for key in data.schemas[name]["schema"].get("foreignKeys", [])
    ]
    links += [
        (field["name"], field["references"], data.key(field["references"]))
        for field in data.fields(name)
        if "references" in field
    ]
    text, file = data.text(name), data.path(name).name
    for column, target, key in links:
        there = data.path(target).name
        if target not in whole or any(fault.file == there and key in fault.column.split() for fault in faults):
            continue
        known = set(data.text(target)[key].tolist())
        for index, cell in enumerate(text[column].tolist()):
            keys = cell.split()
            for missing in set(keys) - known:
                right = f"a key that {there} has, or a new row there"
                yield Fault(file, row_number(index), column, f"{missing!r} is not in {there}", right)
            if len(set(keys)) < len(keys):
                twice = next(part for part in keys if keys.count(part) > 1)
                yield Fault(file, row_number(index), column, f"{twice!r} stands twice in the list", "each once")


def _unused(data: Package, whole: list[str]) -> Iterator[Fault]:
    """A source or an origin exists to be referred to by a row; places and actors are listed for themselves."""
    used: dict[str, set] = {}
    for name, resource in data.schemas.items():
        for key in resource["schema"].get("foreignKeys", []):
            target = key["reference"]["resource"]
            if name in whole:
                used.setdefault(target, set()).update(data.text(name)[key["fields"][0]].tolist())
            else:  # who knows whom it names
                whole = [table for table in whole if table != target]
    for name in {"sources", "origins"}.intersection(whole):
        text, key = data.text(name), data.key(name)
        if name == "sources":  # references stand behind the method page, not behind a claim
            text = text[text["kind"] != "reference"]
        for index, cell in text[~text[key].isin(used.get(name, set()))][key].items():
            wrong = f"{cell!r} is used by no other table"
            yield Fault(data.path(name).name, row_number(index), key, wrong, "a row that uses it, or none here")


def _claims(data: Package) -> Iterator[Fault]:
    """Every claim has evidence that supports it, and a status that its evidence bears out."""
    file = data.path("claims").name
    support = corroboration(data.evidence, data.origins, data.sources)
    claims = data.claims[["claim_id", "status"]].join(support, on="claim_id")
    claims[["origins", "contradicting"]] = claims[["origins", "contradicting"]].fillna(0)
    for claim in claims.itertuples():
        if claim.origins == 0:
            yield Fault(
                file,
                row_number(claim.Index),
                "claim_id",
                f"{claim.claim_id} has no supporting evidence",
                "a row in evidence.csv",
            )
            continue
        if claim.status == "confirmed" and claim.origins < 2:
            yield Fault(
                file,
                row_number(claim.Index),
                "status",
                "confirmed, but one origin alone supports it",
                "two independent origins, or the status reported",
            )
        if claim.status in ("denied", "disputed") and claim.contradicting == 0:
            yield Fault(
                file,
                row_number(claim.Index),
                "status",
                f"{claim.status}, but no evidence contradicts it",
                "a row in evidence.csv that contradicts it, or another status",
            )


def _grades(data: Package) -> Iterator[Fault]:
    """Credibility follows the criteria of the method page."""
    file = data.path("claims").name
    support = corroboration(data.evidence, data.origins, data.sources)
    claims = data.claims[["claim_id", "status", "credibility"]].join(support, on="claim_id", how="inner")
    for claim in claims.itertuples():
        judgement = claim.status in ("analysis", "forecast")
        grade = claim.credibility
        wrong = right = ""
        if judgement and grade != 6:
            wrong, right = f"{grade} on a {claim.status}", "6: a judgement has no truth to grade"
        elif grade == 1 and (claim.origins < 2 or claim.first_hand < 1 or claim.contradicting):
            wrong = (
                f"1, but {claim.origins} origins, {claim.first_hand} first-hand, "
                f"{claim.contradicting} contradicting"
            )
            right = "two independent origins, one of them first-hand, nothing that contradicts; or a lower grade"
        elif grade == 2 and ((claim.origins < 2 and claim.first_hand < 1) or claim.contradicting):
            wrong = f"2, but {claim.first_hand} first-hand origins and {claim.contradicting} contradicting"
            right = "one first-hand origin or two others, nothing that contradicts; or a lower grade"
        elif grade == 5 and not claim.contradicting:
            wrong, right = (
                "5, but nothing contradicts it",
                "a row in evidence.csv that contradicts it, or another grade",
            )
        elif claim.status == "confirmed" and grade != 1:
            wrong, right = f"{grade} on a confirmed claim", "1, or another status"
        if wrong:
            yield Fault(file, row_number(claim.Index), "credibility", wrong, right)


def _reading(data: Package) -> Iterator[Fault]:
    """A page is read on or after the day on which it was published."""
    file = data.path("evidence").name
    rows = data.evidence.reset_index(names="at").merge(data.sources[["source_id", "date"]], on="source_id")
    for row in rows[rows["checked"] < rows["date"]].itertuples():
        wrong = f"{_plain(row.checked)} lies before the date of {row.source_id}, {_plain(row.date)}"
        yield Fault(file, row_number(row.at), "checked", wrong, "the day on which the page was read")


def _outlooks(data: Package) -> Iterator[Fault]:
    """A resolved outlook names the claims that resolve it: others than its own, and of later days."""
    file = data.path("outlooks").name
    resolved = data.outlooks["resolution"].isin(["held up", "partly", "did not"])
    for index, row in data.outlooks[resolved & data.outlooks["resolved_by"].isna()].iterrows():
        wrong = f"resolved as {row['resolution']!r}, but by no claim"
        yield Fault(file, row_number(index), "resolved_by", wrong, "the claims that resolve it, or open")
    claims = data.claims.set_index("claim_id")
    last = last_days(claims["date_end"].fillna(claims["date_start"]), claims["date_precision"])
    for index, row in data.outlooks[resolved & data.outlooks["resolved_by"].notna()].iterrows():
        for key in row["resolved_by"].split():
            if key == row["claim_id"]:
                wrong = f"{key} is the expectation itself"
            elif last[key] < row["date"]:
                wrong = f"{key} was over on {_plain(last[key])}, before the expectation of {_plain(row['date'])}"
            else:
                continue
            yield Fault(file, row_number(index), "resolved_by", wrong, "claims of what came after it")


def _revisions(data: Package) -> Iterator[Fault]:
    """Editions and their dates rise from row to row, and an edition has one date."""
    file, before = data.path("revisions").name, None
    for index, row in data.revisions.iterrows():
        edition = tuple(map(int, row["edition"].split(".")))
        if before:
            if row["date"] < before[1]:
                wrong = f"{_plain(row['date'])} lies before the revision above, {_plain(before[1])}"
                yield Fault(file, row_number(index), "date", wrong, "the day of the edition; new rows go last")
            elif edition < before[0]:
                wrong = f"{row['edition']} is below the edition above"
                yield Fault(file, row_number(index), "edition", wrong, "a higher number; new rows go last")
            elif edition == before[0] and row["date"] != before[1]:
                wrong = f"edition {row['edition']} has the date {_plain(before[1])} above"
                yield Fault(file, row_number(index), "date", wrong, "one date for an edition, or a new number")
        before = edition, row["date"]


def _judgements(data: Package) -> Iterator[Fault]:
    """A key judgement says no more than its computed support allows, and keeps likelihood and confidence apart."""
    file = data.path("judgements").name
    computed = support(data)
    for index, row in data.judgements.iterrows():
        found = computed.loc[row["judgement_id"]]
        term = row["term"] if pd.notna(row["term"]) else ""
        used = terms_in(row["judgement"])
        faults = []
        lists = {name: set(row[name].split()) if pd.notna(row[name]) else set() for name in _OPPOSED}
        for column, other in (("against_ids", "claim_ids"), ("behind", "favoured")):
            if both := sorted(lists[column] & lists[other]):
                faults.append((column, f"{' '.join(both)} stands in {other} too", "each in one of the two"))
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
        overlap = lists["favoured"] & lists["behind"]
        needed = found["cuts"] * (share_needed(term) if term else 1)
        if term and not found["cuts"]:
            faults.append(
                ("favoured", f"{term!r}, but it ranks no hypotheses", "hypotheses in favoured and behind")
            )
        elif found["cuts"] and not overlap and found["ahead"] < needed:
            order = f"{row['favoured']} ahead of {row['behind']}"
            wrong = f"{order} in {found['ahead']} of {found['cuts']} cuts of the matrix"
            faults.append(("term", wrong, "a weaker word, or an order that holds in more cuts"))
        for column, wrong, right in faults:
            yield Fault(file, row_number(index), column, wrong, right)


_OPPOSED = ("claim_ids", "against_ids", "favoured", "behind")

_RULES = {
    _claims: "claims evidence origins sources",
    _grades: "claims evidence origins sources",
    _reading: "evidence sources",
    _outlooks: "outlooks claims",
    _judgements: "judgements claims evidence origins sources hypotheses ratings",
    _revisions: "revisions",
}
"""Rule to the tables that it reads."""


def _plain(value) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else f"{value:g}"
