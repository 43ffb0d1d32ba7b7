"""Faults are told by file, row, column, what is wrong and what would be right; a table for each kind."""

import csv
import graphlib
import json
import shutil
import subprocess
import sys

import pytest
from conftest import make_sample

from dossier import load
from dossier.checks import check
from dossier.project import project_faults


@pytest.fixture
def data(sample):
    """The tables of the made-up report."""
    return load(sample)


def rewrite(folder, table, change):
    """Apply `change` to the list of rows (dictionaries) of a table and write it back."""
    path = folder / "data" / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
        columns = list(rows[0])
    changed = change(rows)
    rows = rows if changed is None else changed
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def setting(row, **cells):
    def change(rows):
        rows[row].update(cells)

    return change


def adding(row, **cells):
    def change(rows):
        rows.append({**rows[row], **cells})

    return change


def batches(cases, place):
    """The names of cases in groups in which no two are at the same place, so that a group is told in one run."""
    groups = []
    for name, case in cases.items():
        group = next((group for group in groups if place(case) not in map(place, group.values())), None)
        if group is None:
            groups.append(group := {})
        group[name] = case
    return groups


def demand(told, where, wrong, right):
    """One of the faults told is at the place and says what is wrong and what would be right, in few words."""
    here = [fault for fault in told if fault.startswith(f"{where}: ")]
    assert here, told
    assert any(wrong in fault and right in fault for fault in here), here
    assert all(len(fault) < 700 for fault in here)


def test_good_tables_have_no_fault(data):
    assert check(data) == []


CELLS = {
    # what one cell shows by itself: table, row of the table, column, bad cell, fault, remedy
    "unknown kind": ("sources", 0, "kind", "blog", "'blog' is not in the list", "news"),
    "reliability off the scale": ("sources", 1, "reliability", "G", "'G' is not in the list", "A, B"),
    "credibility off the scale": ("claims", 0, "credibility", "7", "'7' is not in the list", "1, 2"),
    "fraction on the scale": ("claims", 1, "credibility", "2.5", "'2.5' is not a whole number", "digits"),
    "consistency off the scale": ("ratings", 0, "consistency", "CCC", "'CCC' is not in the list", "CC, C"),
    "stance that is none": ("evidence", 0, "stance", "denies", "'denies' is not in the list", "contradicts"),
    "term off the scale": ("outlooks", 0, "term", "maybe", "'maybe' is not in the list", "roughly even chance"),
    "probability 101": ("outlooks", 0, "probability", "101", "'101' breaks a limit", "maximum 100"),
    "probability below 0": ("outlooks", 0, "probability", "-1", "'-1' breaks a limit", "minimum 0"),
    "impossible date": ("claims", 0, "date_start", "2031-02-30", "'2031-02-30' is not a date", "a day that exists"),
    "date in another order": ("claims", 1, "date_start", "1.3.2031", "'1.3.2031' is not a date", "as 2024-12-18"),
    "date with one digit": ("movements", 0, "date_start", "2031-3-1", "'2031-3-1' is not a date", "as 2024-12-18"),
    "word for a number": ("estimates", 0, "low", "two", "'two' is not a number", "digits"),
    "number with separators": ("estimates", 1, "high", "3,000", "'3,000' is not a number", "without separators"),
    "not a number": ("estimates", 1, "low", "NaN", "'NaN' is not a number", "digits"),
    "endless number": ("assumptions", 0, "high", "INF", "'INF' is not a number", "digits"),
    "number in other digits": ("ranges", 0, "payload_t", "\u0663", "is not a number", "digits"),
    "number beyond floats": ("assumptions", 0, "low", "1e400", "'1e400' is not a number", "digits"),
    "negative count": ("movements", 0, "count_low", "-1", "'-1' breaks a limit", "minimum 0"),
    "no range": ("ranges", 0, "range_km", "0", "'0' breaks a limit", "minimum 1"),
    "latitude 91": ("places", 0, "latitude", "91", "'91' breaks a limit", "maximum 90"),
    "longitude out of range": ("places", 0, "longitude", "-180.5", "'-180.5' breaks a limit", "minimum -180"),
    "empty required cell": ("claims", 1, "claimant", "", "the cell is empty", "Who says so"),
    "empty judgement": ("judgements", 0, "judgement", "", "the cell is empty", "The judgement"),
    "malformed id": ("claims", 3, "claim_id", "lamp", "'lamp' has the wrong form", "as 'K001'"),
    "script address": (
        "sources",
        0,
        "url",
        "javascript:alert(1)",
        "'javascript:alert(1)'",
        "by the pattern ^https?://",
    ),
    "data address": ("sources", 1, "url", "data:text/html,x", "'data:text/html,x'", "by the pattern ^https?://"),
    "protocol-relative address": ("sources", 2, "url", "//example.org", "is not an address", "https://"),
    "address without host": ("sources", 3, "url", "https:///x", "has the wrong form", "by the pattern ^https?://"),
    "address of another host": (
        "sources",
        0,
        "url",
        "https://a.org@b.org/",
        "has the wrong form",
        "by the pattern ^https?://",
    ),
    "megabyte": ("claims", 2, "note", "x" * 1_000_000, "1,000,000 characters", "600 at most"),
    "script": ("claims", 0, "statement", "A <script>alert(1)</script>", "looks like markup", "plain text"),
    "template": ("claims", 0, "note", "{{ data }}", "looks like markup", "plain text"),
    "role": ("claims", 1, "note", "see {claim}`K001`", "looks like markup", "plain text"),
    "link": ("claims", 3, "note", "[x](javascript:alert(1))", "looks like markup", "plain text"),
    "entity": ("claims", 1, "statement", "salt &amp; light", "looks like markup", "plain text"),
    "formula": ("movements", 0, "note", "=cmd|'/c calc'!A0", "a spreadsheet would run it", "a word first"),
    "formula by sign": ("actors", 0, "role", "@SUM(1)", "a spreadsheet would run it", "a word first"),
    "direction override": ("estimates", 0, "note", "a\u202eb", "invisible character", "visible characters"),
    "NUL": ("estimates", 1, "note", "a\0b", "invisible character", "visible characters"),
    "zero width": ("places", 0, "note", "a\u200bb", "invisible character", "visible characters"),
    "quoted line break": ("places", 1, "note", "two\nlines", "line break", "one line"),
    "mojibake": ("places", 0, "name", "GÃ¼ll", "wrong encoding", "as printed"),
    "lost character": ("places", 1, "name", "G\ufffdll", "wrong encoding", "as printed"),
    "filler without a shape": ("claims", 1, "claimant", "\u3164", "cannot be seen", "visible characters"),
    "joiners alone": ("claims", 2, "claimant", "\u200d\u200d", "cannot be seen", "visible characters"),
    "no character": ("places", 0, "kind", "a\uffffb", "invisible character", "visible characters"),
    "number of 23 digits": ("verifications", 0, "wrong", "9" * 23, "is not a whole number", "15 at most"),
    "year 0": ("movements", 0, "date_end", "0000-01-01", "'0000-01-01' is not a date", "a day that exists"),
    "space around": ("claims", 0, "claimant", " a clerk", "starts or ends with a space", "no space"),
}

LINKS = {
    # identifiers that lead nowhere, in the same form
    "dangling claim": ("evidence", 1, "claim_id", "L999", "'L999' is not in claims.csv", "a new row there"),
    "dangling source": ("evidence", 1, "source_id", "nobody", "'nobody' is not in sources.csv", "a new row"),
    "dangling origin": ("evidence", 2, "origin_id", "rumour", "'rumour' is not in origins.csv", "a new row"),
    "dangling actor": ("estimates", 0, "actor_id", "nobody", "'nobody' is not in actors.csv", "a new row"),
    "dangling place": ("movements", 0, "to_id", "nowhere", "'nowhere' is not in places.csv", "a new row"),
    "place of an estimate": ("estimates", 1, "place_id", "nowhere", "'nowhere' is not in places.csv", "a new row"),
    "dangling hypothesis": ("ratings", 1, "hypothesis_id", "H9", "'H9' is not in hypotheses.csv", "a new row"),
    "dangling id in a list": ("article", 0, "claim_ids", "K001 K998", "'K998' is not in claims.csv", "a new row"),
    "dangling judgement": ("judgements", 0, "claim_ids", "K997", "'K997' is not in claims.csv", "a new row"),
    "dangling favourite": ("judgements", 0, "favoured", "H9", "'H9' is not in hypotheses.csv", "a new row"),
    "id twice in a list": ("indicators", 0, "claim_ids", "K004 K004", "'K004' stands twice", "each once"),
}


@pytest.fixture(scope="module")
def cells_told(tmp_path_factory):
    """Name of a case to all that is told of the tables in which it is broken, along with others."""
    told = {}
    for number, group in enumerate(
        [*batches(CELLS, lambda case: case[:3]), *batches(LINKS, lambda case: case[:3])]
    ):
        folder = make_sample(tmp_path_factory.mktemp("cells") / str(number))
        for table, row, column, cell, *_ in group.values():
            rewrite(folder, table, setting(row, **{column: cell}))
        faults = [str(fault) for fault in check(load(folder))]
        told |= {name: faults for name in group}
    return told


@pytest.mark.parametrize("name", [*CELLS, *LINKS])
def test_bad_cell_is_told_with_all_others(cells_told, name):
    table, row, column, _, wrong, right = {**CELLS, **LINKS}[name]
    demand(cells_told[name], f"{table}.csv:{row + 2}:{column}", wrong, right)


LEGITIMATE = {
    "Arabic": ("claims", 1, "note", "\u0642\u0627\u0644 \u0627\u0644\u062d\u0627\u0631\u0633"),
    "Persian joiner": ("claims", 2, "note", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u062f"),
    "Cyrillic and accents": (
        "claims",
        0,
        "note",
        "\u041c\u0430\u044f\u043a: d\u00e9j\u00e0 vu, GR\u00dcN, \u00d8re",
    ),
    "dollars, stars and backticks": ("claims", 3, "note", "from $5 to $6, *not* `more`"),
    "quotation marks and commas": ("places", 0, "note", 'the "old" port, now a slip'),
    "NA is a text": ("claims", 2, "claimant", "NA"),
}


def test_what_is_strange_but_right_passes_and_stays_as_it_is(sample):
    for table, row, column, cell in LEGITIMATE.values():
        rewrite(sample, table, setting(row, **{column: cell}))
    data = load(sample)
    assert check(data) == []
    for table, row, column, cell in LEGITIMATE.values():
        assert getattr(data, table).loc[row, column] == cell


RULES = {
    # what rows show together: table, change, place, fault, remedy
    "end before start": (
        "claims",
        setting(3, date_end="2031-02-01"),
        "claims.csv:5:date_end",
        "2031-02-01",
        "not below",
    ),
    "low above high": (
        "estimates",
        setting(1, low="4000"),
        "estimates.csv:3:high",
        "3000 is below low, 4000",
        "not below",
    ),
    "count above count": (
        "movements",
        setting(0, count_low="3"),
        "movements.csv:2:count_high",
        "1 is below count_low, 3",
        "not below",
    ),
    "neither low nor high": (
        "estimates",
        setting(0, low="", high=""),
        "estimates.csv:2:low",
        "neither",
        "a number",
    ),
    "half a pair of coordinates": (
        "places",
        setting(0, longitude=""),
        "places.csv:2:longitude",
        "latitude is given",
        "both or none",
    ),
    "date without its precision": (
        "sources",
        setting(0, date_precision=""),
        "sources.csv:2:date_precision",
        "date is given",
        "both or none",
    ),
    "read before it was published": (
        "sources",
        setting(0, consulted="2031-01-01"),
        "sources.csv:2:consulted",
        "2031-01-01 lies before date, 2031-03-02",
        "not below",
    ),
    "checked before it was published": (
        "evidence",
        setting(0, checked="2031-01-01"),
        "evidence.csv:2:checked",
        "before the date of ember2031ferry",
        "was read",
    ),
    "date after the edition": (
        "sources",
        setting(0, consulted="2031-12-31"),
        "sources.csv:2:consulted",
        "after the edition",
        "revision",
    ),
    "more found than drawn": (
        "verifications",
        setting(0, found="3"),
        "verifications.csv:2:drawn",
        "2 is below found, 3",
        "not below",
    ),
    "confirmed by one origin": (
        "claims",
        setting(1, status="confirmed"),
        "claims.csv:3:status",
        "one origin",
        "two independent",
    ),
    "disputed by nobody": (
        "claims",
        setting(1, status="disputed"),
        "claims.csv:3:status",
        "contradicts",
        "evidence.csv",
    ),
    "grade 1 on one origin": (
        "claims",
        setting(1, credibility="1"),
        "claims.csv:3:credibility",
        "1 origins",
        "two independent",
    ),
    "grade on a forecast": ("claims", setting(2, credibility="2"), "claims.csv:4:credibility", "forecast", "6"),
    "claim without evidence": (
        "evidence",
        lambda rows: [row for row in rows if row["claim_id"] != "K003"],
        "claims.csv:4:claim_id",
        "no supporting",
        "evidence.csv",
    ),
    "source that nobody uses": (
        "sources",
        adding(0, source_id="lonely"),
        "sources.csv:6:source_id",
        "'lonely'",
        "a row that uses it",
    ),
    "origin that nobody uses": (
        "origins",
        adding(0, origin_id="lonely"),
        "origins.csv:5:origin_id",
        "'lonely'",
        "a row that uses it",
    ),
    "resolved by nothing": (
        "outlooks",
        setting(0, resolution="held up"),
        "outlooks.csv:2:resolved_by",
        "by no claim",
        "claims",
    ),
    "resolved by itself": (
        "outlooks",
        setting(0, resolution="held up", resolved_by="K003"),
        "outlooks.csv:2:resolved_by",
        "K003 is the expectation itself",
        "what came after",
    ),
    "resolved before it was said": (
        "outlooks",
        setting(0, resolution="did not", resolved_by="K001", date="2031-03-20"),
        "outlooks.csv:2:resolved_by",
        "over on 2031-03-01, before the expectation of 2031-03-20",
        "what came after",
    ),
    "revision dated before the last": (
        "revisions",
        adding(0, revision_id="V002", edition="1.1", date="2031-03-01"),
        "revisions.csv:3:date",
        "before the revision above",
        "go last",
    ),
    "edition below the last": (
        "revisions",
        adding(0, revision_id="V002", edition="0.9"),
        "revisions.csv:3:edition",
        "0.9 is below",
        "a higher number",
    ),
    "edition of two dates": (
        "revisions",
        adding(0, revision_id="V002", date="2031-04-09"),
        "revisions.csv:3:date",
        "edition 1.0 has the date 2031-04-02",
        "one date",
    ),
    "claim for and against": (
        "judgements",
        setting(0, against_ids="K002"),
        "judgements.csv:2:against_ids",
        "K002 stands in claim_ids too",
        "one of the two",
    ),
    "hypothesis ahead of itself": (
        "judgements",
        setting(0, behind="H1 H2"),
        "judgements.csv:2:behind",
        "H1 stands in favoured too",
        "one of the two",
    ),
    "likelihood word that the row does not name": (
        "judgements",
        setting(0, judgement="It is very likely that the lamp moved."),
        "judgements.csv:2:term",
        "'very likely'",
        "the one word",
    ),
    "likelihood without an order of hypotheses": (
        "judgements",
        setting(0, favoured="", behind=""),
        "judgements.csv:2:favoured",
        "'likely'",
        "favoured and behind",
    ),
    "likelihood against the matrix": (
        "judgements",
        setting(0, favoured="H2", behind="H1"),
        "judgements.csv:2:term",
        "0 of",
        "weaker word",
    ),
    "more confidence than the claims allow": (
        "judgements",
        setting(0, confidence="high", claim_ids="K002"),
        "judgements.csv:2:confidence",
        "of 1 claims of fact 0",
        "moderate at most",
    ),
    "likelihood and confidence in one phrase": (
        "judgements",
        setting(0, confidence_reason="It is likely that the clerk knew."),
        "judgements.csv:2:confidence_reason",
        "mixed",
        "never in one phrase",
    ),
}

KEYS = {
    # keys that stand twice, in the same form; the tables are not read together then
    "duplicate key": ("places", adding(0), "places.csv:4:place_id", "earlier row", "of its own"),
    "duplicate pair of keys": (
        "ratings",
        adding(0, consistency="N"),
        "ratings.csv:4:claim_id and hypothesis_id",
        "earlier row",
        "of its own",
    ),
}


@pytest.fixture(scope="module")
def rules_told(tmp_path_factory):
    """Name of a case to all that is told of the tables in which it is broken, along with those of other tables."""
    told = {}
    for number, group in enumerate([*batches(RULES, lambda case: case[0]), KEYS]):
        folder = make_sample(tmp_path_factory.mktemp("rules") / str(number))
        for table, change, *_ in group.values():
            rewrite(folder, table, change)
        faults = [str(fault) for fault in check(load(folder))]
        told |= {name: faults for name in group}
    return told


@pytest.mark.parametrize("name", [*RULES, *KEYS])
def test_fault_between_rows_is_located_and_explained(rules_told, name):
    _, _, where, wrong, right = {**RULES, **KEYS}[name]
    demand(rules_told[name], where, wrong, right)


def replacing(old, new):
    def change(path):
        raw = path.read_bytes()
        assert old in raw
        path.write_bytes(raw.replace(old, new, 1))

    return change


FILES = {
    # what keeps a file from being read: file, change, place, fault, remedy
    "missing file": ("places.csv", lambda path: path.unlink(), "places.csv", "missing", "restore it"),
    "folder in its place": (
        "actors.csv",
        lambda path: path.unlink() or path.mkdir(),
        "actors.csv",
        "missing",
        "restore it",
    ),
    "empty file": ("claims.csv", lambda path: path.write_text(""), "claims.csv:1", "is empty", "claim_id,chapter"),
    "header only": (
        "revisions.csv",
        lambda path: path.write_text(path.read_text().split("\n")[0] + "\n"),
        "revisions.csv",
        "has no rows",
        "at least one",
    ),
    "missing column": ("sources.csv", replacing(b",url", b""), "sources.csv:1:url", "is missing", "the header"),
    "extra column": (
        "estimates.csv",
        replacing(b"note\n", b"note,extra\n"),
        "estimates.csv:1:extra",
        "no such column",
        "the header",
    ),
    "control character in the header": (
        "verifications.csv",
        replacing(b"note\n", b"note,\x1b[2Jx\n"),
        "verifications.csv:1:\\x1b[2Jx",
        "no such column",
        "the header",
    ),
    "many extra columns": (
        "article.csv",
        replacing(b"reason\n", b"reason" + b",".join(b"x%d" % n for n in range(100_000)) + b"\n"),
        "article.csv:1",
        "more columns",
        "the header",
    ),
    "column twice": (
        "movements.csv",
        replacing(b"note\n", b"note,note\n"),
        "movements.csv:1:note",
        "2 times",
        "the header",
    ),
    "columns in another order": (
        "origins.csv",
        replacing(b"origin_id,description", b"description,origin_id"),
        "origins.csv:1",
        "another order",
        "the header",
    ),
    "semicolons": (
        "outlooks.csv",
        lambda path: path.write_bytes(path.read_bytes().replace(b",", b";")),
        "outlooks.csv:1",
        "divided by ';'",
        "commas",
    ),
    "another encoding": (
        "evidence.csv",
        replacing(b"full text", b"f\xfcll text"),
        "evidence.csv:2:extent",
        "0xfc is not UTF-8",
        "saved as UTF-8",
    ),
    "lone surrogate": (
        "indicators.csv",
        replacing(b"A light", b"A \xed\xa0\x80 light"),
        "indicators.csv:2:observable",
        "0xed is not UTF-8",
        "saved as UTF-8",
    ),
    "UTF-16": (
        "judgements.csv",
        lambda path: path.write_bytes(path.read_text().encode("utf-16")),
        "judgements.csv:1:judgement_id",
        "is not UTF-8",
        "saved as UTF-8",
    ),
    "byte order mark": (
        "ratings.csv",
        lambda path: path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes()),
        "ratings.csv:1",
        "byte order mark",
        "plain UTF-8",
    ),
    "Windows line ends": (
        "hypotheses.csv",
        lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")),
        "hypotheses.csv:1",
        "Windows line ends",
        "LF",
    ),
    "unbalanced quotation mark": (
        "hypotheses.csv",
        replacing(b"Light.", b'"Light.'),
        "hypotheses.csv:2",
        "quotation mark is not closed",
        "around the whole cell",
    ),
    "text after a quotation mark": (
        "places.csv",
        replacing(b"Gull Island", b'"Gull" Island'),
        "places.csv:3",
        "text follows a closing quotation mark",
        "doubled",
    ),
    "one cell too many": (
        "sources.csv",
        replacing(b"Quay Digest", b"Quay, Digest"),
        "sources.csv:4",
        "has 15 cells",
        "14 cells",
    ),
    "one cell too few": (
        "evidence.csv",
        replacing(b",exact,", b",exact"),
        "evidence.csv:2",
        "has 7 cells",
        "8 cells",
    ),
    "blank row": ("claims.csv", replacing(b"K003", b"\nK003"), "claims.csv:4", "the row is blank", "no blank rows"),
    "outlines that are not JSON": (
        "shapes.geojson",
        lambda path: path.write_bytes(path.read_bytes()[:-5]),
        "shapes.geojson:4:158",
        "not JSON",
        "restore",
    ),
    "outlines without their box": (
        "shapes.geojson",
        replacing(b'"bbox"', b'"box"'),
        "shapes.geojson::bbox",
        "no box",
        "west, south, east, north",
    ),
    "outline that is none": (
        "shapes.geojson",
        replacing(b"MultiPolygon", b"Polygone"),
        "shapes.geojson::feature 1",
        "no named outline",
        "MultiPolygon",
    ),
    "no outlines": (
        "shapes.geojson",
        lambda path: path.write_text("[]"),
        "shapes.geojson",
        "no FeatureCollection",
        "GeoJSON",
    ),
}


@pytest.fixture(scope="module")
def files_told(tmp_path_factory):
    """Name of a case to all that is told where its file is broken, along with others."""
    told = {}
    for number, group in enumerate(batches(FILES, lambda case: case[0])):
        folder = make_sample(tmp_path_factory.mktemp("files") / str(number))
        for file, change, *_ in group.values():
            change(folder / "data" / file)
        faults = [str(fault) for fault in check(load(folder))]
        told |= {name: faults for name in group}
    return told


@pytest.mark.parametrize("name", FILES)
def test_broken_file_is_told_with_all_others(files_told, name):
    _, _, where, wrong, right = FILES[name]
    demand(files_told[name], where, wrong, right)


def resource(package, name):
    return next(item for item in package["resources"] if item["name"] == name)


def field(package, table, name):
    return next(item for item in resource(package, table)["schema"]["fields"] if item["name"] == name)


SCHEMA = {
    # what is wrong with datapackage.json: change, place, fault, remedy
    "not JSON": (lambda text: text[:-9], ":1:", "not JSON", "restore"),
    "byte order mark": (lambda text: "\ufeff" + text, ":1:1", "BOM", "restore"),
    "no resources": (lambda text: "{}", "", "no list of resources", '"resources"'),
    "a list": (lambda text: "[]", "", "no list of resources", '"resources"'),
    "missing file": (
        lambda package: resource(package, "claims").update(path="klaims.csv"),
        "klaims.csv",
        "missing",
        "take it out of the schema",
    ),
    "path that climbs": (
        lambda package: resource(package, "claims").update(path="../../etc/passwd"),
        "::claims.path",
        "'../../etc/passwd' is not right: a file beside the schema",
        "'claims.csv'",
    ),
    "path from the root": (
        lambda package: resource(package, "claims").update(path="/etc/passwd"),
        "::claims.path",
        "is not right: a file beside the schema",
        "'claims.csv'",
    ),
    "address for a path": (
        lambda package: resource(package, "claims").update(path="https://example.org/claims.csv"),
        "::claims.path",
        "is not right: a file beside the schema",
        "'claims.csv'",
    ),
    "resource without a name": (
        lambda package: resource(package, "claims").pop("name"),
        "::resource 3",
        "has no name:",
        "'claims'",
    ),
    "two of one name": (
        lambda package: resource(package, "claims").update(name="places"),
        "::places",
        "2 resources",
        "of its own",
    ),
    "table that the machinery reads": (
        lambda package: package["resources"].remove(resource(package, "judgements")),
        "::judgements",
        "lacks this table",
        "may have no rows",
    ),
    "field that the machinery reads": (
        lambda package: field(package, "claims", "credibility").update(name="credit"),
        "::claims.credibility",
        "lacks this field",
        "reads it",
    ),
    "no schema": (
        lambda package: resource(package, "claims").pop("schema"),
        "::claims",
        "has no schema",
        "with its fields",
    ),
    "no fields": (
        lambda package: resource(package, "claims")["schema"].pop("fields"),
        "::claims",
        "has no fields",
        "each column",
    ),
    "field without a type": (
        lambda package: field(package, "claims", "statement").pop("type"),
        "::claims.statement",
        "has no type",
        "string, number",
    ),
    "unknown type": (
        lambda package: field(package, "claims", "statement").update(type="text"),
        "::claims.statement",
        "'text' is not known",
        "string, number",
    ),
    "unknown constraint": (
        lambda package: field(package, "claims", "statement").update(constraints={"maxlength": 5}),
        "::claims.statement",
        "maxlength",
        "maxLength",
    ),
    "limit that is no number": (
        lambda package: field(package, "places", "latitude").update(constraints={"minimum": "low"}),
        "::places.latitude",
        "minimum: 'low' is not right",
        "a number",
    ),
    "broken pattern": (
        lambda package: field(package, "claims", "statement").update(constraints={"pattern": "("}),
        "::claims.statement",
        "pattern: '(' is not right",
        "a regular expression",
    ),
    "no primary key": (
        lambda package: resource(package, "claims")["schema"].pop("primaryKey"),
        "::claims",
        "has no primaryKey",
        "a list of columns",
    ),
    "foreign key to no table": (
        lambda package: resource(package, "claims")["schema"]["foreignKeys"][0]["reference"].update(resource="x"),
        "::claims.place_id",
        "of 'x', which does not exist",
        "a column of a table",
    ),
    "name that climbs": (
        lambda package: package.update(name="../.."),
        "::name",
        "'../..' is not right",
        "as 'after-assad'",
    ),
    "no licence": (lambda package: package.pop("licenses"), "datapackage.json", "has no licenses", "its title"),
    "licence without an address": (
        lambda package: package["licenses"][0].pop("path"),
        "::licenses.license 1",
        "has no path",
        "https://",
    ),
    "resource that is a number": (
        lambda package: package["resources"].append(5),
        "::resource 20",
        "5 is not right",
        "an object",
    ),
    "name that the machinery has": (
        lambda package: resource(package, "actors").update(name="text"),
        "::text",
        "uses this name",
        "another name",
    ),
    "constraints that are a list": (
        lambda package: field(package, "claims", "statement").update(constraints=[]),
        "::claims.statement.constraints",
        "[] is not right",
        "maxLength",
    ),
    "no foreign keys, told by null": (
        lambda package: resource(package, "claims")["schema"].update(foreignKeys=None),
        "::claims.foreignKeys",
        "None is not right",
        "a list of foreign keys",
    ),
    "another way to write what is missing": (
        lambda package: resource(package, "claims")["schema"].update(missingValues=["", "NA"]),
        "::claims.missingValues",
        "is not known",
        "an empty cell",
    ),
    "type that the machinery does not expect": (
        lambda package: field(package, "claims", "date_start").update(type="string"),
        "::claims.date_start",
        "has the type string",
        "date, as the machinery reads it",
    ),
    "primary key of no column": (
        lambda package: resource(package, "claims")["schema"].update(primaryKey=["claim"]),
        "::claims",
        "names claim",
        "columns of the table",
    ),
    "key that stands twice": (
        lambda text: text.replace('"title":', '"title": "", "title":', 1),
        "",
        "'title' stands twice",
        "mend",
    ),
    "brackets without end": (lambda text: "[" * 100_000, "", "cannot be read", "restore"),
    "list that refers to no table": (
        lambda package: field(package, "article", "claim_ids").update(references="x"),
        "::article.claim_ids",
        "'x', which is no table",
        "the name of a table",
    ),
}


@pytest.mark.parametrize("change, where, wrong, right", SCHEMA.values(), ids=SCHEMA)
def test_broken_schema_is_told_and_nothing_is_measured_by_it(sample, change, where, wrong, right):
    path = sample / "data" / "datapackage.json"
    text = path.read_text(encoding="utf-8")
    try:
        text = change(text)
    except (TypeError, AttributeError):  # a change of the package, not of its text
        change(package := json.loads(text))
        text = json.dumps(package)
    path.write_text(text, encoding="utf-8")
    told = [str(fault) for fault in check(load(sample))]
    assert all(fault.startswith(("datapackage.json", "klaims.csv")) for fault in told)
    here = [fault for fault in told if where in fault]
    assert any(wrong in fault and right in fault for fault in here), told
    assert len(told) == 1 and len(told[0]) < 300


def test_tables_cannot_refer_to_each_other_in_a_circle(data):
    graph = {
        name: {key["reference"]["resource"] for key in table["schema"].get("foreignKeys", [])}
        | {item["references"] for item in table["schema"]["fields"] if "references" in item}
        for name, table in data.schemas.items()
    }
    assert list(graphlib.TopologicalSorter(graph).static_order())[-1] in graph


def swap(old, new):
    def change(text):
        assert old in text
        return text.replace(old, new, 1)

    return change


SETTINGS = {
    # what is wrong with the files around the tables: file, change, place, fault, remedy
    "no settings": ("_config.yml", None, "_config.yml", "missing", "restore it"),
    "settings that are not YAML": ("_config.yml", lambda text: "title: [\n", "_config.yml:2:1", "not YAML", "mend"),
    "empty settings": ("_config.yml", lambda text: "", "_config.yml", "holds no settings", "key: value"),
    "setting misspelt": (
        "_config.yml",
        swap("execute:", "excute:"),
        "_config.yml::excute",
        "no such setting",
        "execute, perhaps",
    ),
    "setting of the wrong type": (
        "_config.yml",
        swap("remove-warn", "remove-warn, timeout: soon"),
        "_config.yml::execute.timeout",
        "'soon' is not right",
        "number",
    ),
    "neither true nor false": (
        "_config.yml",
        swap("files: true", "files: perhaps"),
        "_config.yml::only_build_toc_files",
        "'perhaps' is not right",
        "true or false",
    ),
    "unknown extension": (
        "_config.yml",
        swap("[dossier.book]", "[dossier.book, nosuch.thing]"),
        "_config.yml::sphinx.extra_extensions",
        "'nosuch.thing' is not installed",
        "installed package",
    ),
    "without this extension": (
        "_config.yml",
        swap("[dossier.book]", "[]"),
        "_config.yml::sphinx.extra_extensions",
        "[] is not right",
        "a list with dossier.book",
    ),
    "setting that stands twice": (
        "_config.yml",
        lambda text: text + "execute: {timeout: 9}\n",
        "_config.yml:12:1",
        "'execute' stands twice",
        "mend",
    ),
    "address that is a script": (
        "_config.yml",
        lambda text: text + "html: {baseurl: 'javascript:alert(1)'}\n",
        "_config.yml::html.baseurl",
        "'javascript:alert(1)' is not right",
        "https://",
    ),
    "redirect out of the book": (
        "_config.yml",
        swap("config: {", "config: {dossier_redirects: {../old.html: index.html}, "),
        "_config.yml::sphinx.config.dossier_redirects",
        "'../old.html' is not right",
        "an address within the book",
    ),
    "redirects in a list": (
        "_config.yml",
        swap("config: {", "config: {dossier_redirects: [old.html], "),
        "_config.yml::sphinx.config.dossier_redirects",
        "['old.html'] is not right",
        "old address to new",
    ),
    "page that is a list": (
        "_toc.yml",
        swap("- file: chapters/island", "- file: [chapters/island]"),
        "_toc.yml",
        "cannot be read",
        "table of contents",
    ),
    "page by another name": (
        "_toc.yml",
        swap("chapters/island", "./chapters/island"),
        "_toc.yml",
        "there is no page './chapters/island'",
        "a file of the project",
    ),
    "authors that differ": (
        "CITATION.cff",
        swap("name: The lamp editors", "name: The wick editors"),
        "CITATION.cff::authors",
        "'The wick editors', but _config.yml has the author 'The lamp editors'",
        "make them agree",
    ),
    "author that is a number": (
        "CITATION.cff",
        swap("name: The lamp editors", "name: 7"),
        "CITATION.cff::authors.author 1.name",
        "7 is not right",
        "a line of text",
    ),
    "no list of pages": ("_toc.yml", None, "_toc.yml", "missing", "restore it"),
    "list of pages that is not YAML": (
        "_toc.yml",
        lambda text: text + "  - [",
        "_toc.yml:14:6",
        "not YAML",
        "mend",
    ),
    "list of pages without a root": (
        "_toc.yml",
        swap("root: index\n", ""),
        "_toc.yml",
        "'root' key not found",
        "table of contents",
    ),
    "entry without a file": (
        "_toc.yml",
        swap("- file:", "- fiel:"),
        "_toc.yml",
        "/chapters/0",
        "table of contents",
    ),
    "missing chapter": (
        "_toc.yml",
        swap("chapters/island", "chapters/moon"),
        "_toc.yml",
        "no page 'chapters/moon'",
        "chapters/moon.md",
    ),
    "chapter outside": (
        "_toc.yml",
        swap("chapters/island", "../../etc/passwd"),
        "_toc.yml",
        "no page '../../etc/passwd'",
        "a file of the project",
    ),
    "page within itself": (
        "_toc.yml",
        swap("chapters/island", "index"),
        "_toc.yml",
        "'index' stands 2 times",
        "each page once",
    ),
    "chapter in another encoding": (
        "chapters/island.md",
        lambda text: text.encode() + b"G\xfcll\n",
        "chapters/island.md:8",
        "0xfc is not UTF-8",
        "saved as UTF-8",
    ),
    "chapter with a NUL": (
        "chapters/island.md",
        swap("The keeper", "The\0keeper"),
        "chapters/island.md:7",
        "NUL",
        "text",
    ),
    "merge that was not ended": (
        "chapters/island.md",
        lambda text: text + "<<<<<<< ours\nOne.\n=======\nTwo.\n>>>>>>> theirs\n",
        "chapters/island.md:8",
        "a merge that was not ended",
        "one of the two versions",
    ),
    "chapter without a heading": (
        "chapters/island.md",
        swap("# The island", "The island"),
        "chapters/island.md",
        "no heading",
        "# Title",
    ),
    "no citation": ("CITATION.cff", None, "CITATION.cff", "missing", "restore it"),
    "citation that is not YAML": (
        "CITATION.cff",
        swap("authors:", "authors: [:"),
        "CITATION.cff:4:11",
        "not",
        "mend",
    ),
    "no author": (
        "CITATION.cff",
        swap("authors:\n  - name: The lamp editors\n", ""),
        "CITATION.cff",
        "has no authors",
        "- name: …",
    ),
    "author without a name": (
        "CITATION.cff",
        swap("- name:", "- alias:"),
        "CITATION.cff::authors.author 1",
        "'alias'",
        "family-names",
    ),
    "no title": ("CITATION.cff", swap("title:", "tilte:"), "CITATION.cff", "has no title", "the title"),
    "impossible date": (
        "CITATION.cff",
        swap("2031-04-02", "2031-02-30"),
        "CITATION.cff::date-released",
        "'2031-02-30' is not right",
        "a day that exists",
    ),
    "edition without quotation marks": (
        "CITATION.cff",
        swap('"1.0"', "1.0"),
        "CITATION.cff::version",
        "1.0 is not right",
        "in quotation marks",
    ),
    "titles that differ": (
        "CITATION.cff",
        swap("The lamp of", "A lamp of"),
        "CITATION.cff::title",
        "'A lamp of Gull Island', but _config.yml has",
        "make them agree",
    ),
    "editions that differ": (
        "CITATION.cff",
        swap('"1.0"', '"2.0"'),
        "CITATION.cff::version",
        "2.0, but the last row of revisions.csv has 1.0",
        "make them agree",
    ),
    "dates that differ": (
        "CITATION.cff",
        swap("2031-04-02", "2031-04-03"),
        "CITATION.cff::date-released",
        "has 2031-04-02",
        "make them agree",
    ),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A sample whose tables stay as they are, so that they are checked once."""
    return make_sample(tmp_path_factory.mktemp("project") / "sample")


@pytest.mark.parametrize("file, change, where, wrong, right", SETTINGS.values(), ids=SETTINGS)
def test_faults_around_the_tables_are_told_before_a_build(project, file, change, where, wrong, right):
    path = project / file
    before = path.read_text(encoding="utf-8")
    try:
        if change is None:
            path.unlink()
        else:
            new = change(before)
            path.write_bytes(new if isinstance(new, bytes) else new.encode())
        demand([str(fault) for fault in project_faults(load(project))], where, wrong, right)
    finally:
        path.write_text(before, encoding="utf-8")
    assert project_faults(load(project)) == []


@pytest.mark.parametrize("command", ["check", "build"])
def test_all_faults_are_told_in_one_run_before_anything_is_built(sample, command):
    rewrite(sample, "claims", setting(0, claimant=""))
    rewrite(sample, "sources", setting(0, kind="blog"))
    rewrite(sample, "places", setting(0, longitude=""))
    rewrite(sample, "outlooks", setting(0, hypothesis_id="H9"))
    (sample / "data" / "actors.csv").unlink()
    (sample / "CITATION.cff").unlink()
    (sample / "_toc.yml").write_text("format: jb-book\nroot: nowhere\n")
    shutil.copy(sample / "_toc.yml", sample / "chapters" / "unlisted.md")
    done = subprocess.run([sys.executable, "-m", "dossier", command], cwd=sample, capture_output=True, text=True)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    for where in (
        "data/sources.csv:2:kind: ",
        "data/claims.csv:2:claimant: ",
        "data/places.csv:2:longitude: ",
        "data/actors.csv: ",
        "data/outlooks.csv:2:hypothesis_id: ",
        "_toc.yml: ",
        "CITATION.cff: ",
    ):
        assert any(line.startswith(where) for line in lines), (where, lines)
    assert lines[-1] == f"{len(lines) - 1} faults"
    assert "Traceback" not in done.stderr and not (sample / "_build").exists()
