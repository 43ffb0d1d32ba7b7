"""Bad tables are told by file, row, column, fault and remedy; good ones pass."""

import csv
import subprocess
import sys

import pytest

from dossier import load
from dossier.checks import check


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


def setting(row, column, value):
    def change(rows):
        rows[row][column] = value

    return change


def test_good_tables_have_no_fault(data):
    assert check(data) == []


CASES = {
    "unknown kind": ("sources", setting(0, "kind", "blog"), "sources.csv:2:kind", "'blog'", "news"),
    "grade off the scale": (
        "sources",
        setting(1, "reliability", "G"),
        "sources.csv:3:reliability",
        "'G'",
        "A, B",
    ),
    "credibility off the scale": (
        "claims",
        setting(0, "credibility", "7"),
        "claims.csv:2:credibility",
        "7",
        "1, 2",
    ),
    "impossible date": (
        "claims",
        setting(0, "date_start", "2031-02-30"),
        "claims.csv:2:date_start",
        "2031-02-30",
        "date",
    ),
    "number that is none": ("estimates", setting(0, "low", "two"), "estimates.csv:2:low", "'two'", "number"),
    "empty required cell": (
        "claims",
        setting(1, "claimant", ""),
        "claims.csv:3:claimant",
        "empty",
        "Who says so",
    ),
    "latitude 91": ("places", setting(0, "latitude", "91"), "places.csv:2:latitude", "91", "maximum 90"),
    "script address": (
        "sources",
        setting(0, "url", "javascript:alert(1)"),
        "sources.csv:2:url",
        "javascript",
        "http",
    ),
    "malformed id": ("claims", setting(3, "claim_id", "lamp"), "claims.csv:5:claim_id", "'lamp'", "pattern"),
    "dangling claim": (
        "evidence",
        setting(0, "claim_id", "K999"),
        "evidence.csv:2:claim_id",
        "'K999'",
        "claims.csv",
    ),
    "dangling source": (
        "evidence",
        setting(1, "source_id", "nobody"),
        "evidence.csv:3:source_id",
        "'nobody'",
        "sources.csv",
    ),
    "dangling id in a list": (
        "article",
        setting(0, "claim_ids", "K001 K998"),
        "article.csv:2:claim_ids",
        "'K998'",
        "claims.csv",
    ),
    "end before start": (
        "claims",
        setting(3, "date_end", "2031-02-01"),
        "claims.csv:5:date_end",
        "2031-02-01",
        "not below",
    ),
    "low above high": ("estimates", setting(1, "low", "4000"), "estimates.csv:3:high", "3000", "not below"),
    "neither low nor high": (
        "estimates",
        lambda rows: rows[0].update(low="", high=""),
        "estimates.csv:2:low",
        "neither",
        "a number",
    ),
    "confirmed by one origin": (
        "claims",
        setting(1, "status", "confirmed"),
        "claims.csv:3:status",
        "one origin",
        "two independent",
    ),
    "disputed by nobody": (
        "claims",
        setting(1, "status", "disputed"),
        "claims.csv:3:status",
        "contradicts",
        "evidence.csv",
    ),
    "grade 1 on one origin": (
        "claims",
        setting(1, "credibility", "1"),
        "claims.csv:3:credibility",
        "1 origins",
        "two independent",
    ),
    "grade on a forecast": (
        "claims",
        setting(2, "credibility", "2"),
        "claims.csv:4:credibility",
        "forecast",
        "6",
    ),
    "claim without evidence": (
        "evidence",
        lambda rows: [row for row in rows if row["claim_id"] != "K002"],
        "claims.csv:3:claim_id",
        "no supporting",
        "evidence.csv",
    ),
    "source that nobody uses": (
        "sources",
        lambda rows: rows.append({**rows[0], "source_id": "lonely"}),
        "sources.csv:6:source_id",
        "'lonely'",
        "a row that uses it",
    ),
    "duplicate key": (
        "places",
        lambda rows: rows.append(dict(rows[0])),
        "places.csv:4:place_id",
        "earlier row",
        "of its own",
    ),
    "date after the edition": (
        "sources",
        setting(0, "consulted", "2031-12-31"),
        "sources.csv:2:consulted",
        "after the edition",
        "revision",
    ),
    "resolved by nothing": (
        "outlooks",
        setting(0, "resolution", "held up"),
        "outlooks.csv:2:resolved_by",
        "by no claim",
        "claims",
    ),
    "markup in a cell": (
        "claims",
        setting(0, "statement", "A <script>alert(1)</script> ferry"),
        "claims.csv:2:statement",
        "markup",
        "plain text",
    ),
    "template in a cell": (
        "claims",
        setting(0, "note", "{{ data }}"),
        "claims.csv:2:note",
        "markup",
        "plain text",
    ),
    "direction mark in a cell": (
        "claims",
        setting(0, "note", "a\u202eb"),
        "claims.csv:2:note",
        "invisible",
        "visible",
    ),
    "line break in a cell": (
        "claims",
        setting(0, "note", "two\nlines"),
        "claims.csv:2:note",
        "line break",
        "one line",
    ),
    "space around a cell": (
        "claims",
        setting(0, "claimant", " a clerk"),
        "claims.csv:2:claimant",
        "space",
        "no space",
    ),
    "likelihood word that the row does not name": (
        "judgements",
        setting(0, "judgement", "It is very likely that the lamp moved."),
        "judgements.csv:2:term",
        "'very likely'",
        "the one word",
    ),
    "likelihood without an order of hypotheses": (
        "judgements",
        lambda rows: rows[0].update(favoured="", behind=""),
        "judgements.csv:2:favoured",
        "'likely'",
        "favoured and behind",
    ),
    "likelihood against the matrix": (
        "judgements",
        lambda rows: rows[0].update(favoured="H2", behind="H1"),
        "judgements.csv:2:term",
        "0 of",
        "weaker word",
    ),
    "more confidence than the claims allow": (
        "judgements",
        lambda rows: rows[0].update(confidence="high", claim_ids="K002"),
        "judgements.csv:2:confidence",
        "of 1 claims of fact 0",
        "moderate at most",
    ),
    "likelihood and confidence in one phrase": (
        "judgements",
        setting(0, "confidence_reason", "It is likely that the clerk knew."),
        "judgements.csv:2:confidence_reason",
        "mixed",
        "never in one phrase",
    ),
    "megabyte in a cell": (
        "claims",
        setting(0, "note", "x" * 1_000_000),
        "claims.csv:2:note",
        "limit",
        "maxLength",
    ),
}


@pytest.mark.parametrize("table, change, where, wrong, right", CASES.values(), ids=CASES)
def test_fault_is_located_and_explained(sample, table, change, where, wrong, right):
    rewrite(sample, table, change)
    told = [str(fault) for fault in check(load(sample)) if str(fault).startswith(f"{where}:")]
    assert told, [str(fault) for fault in check(load(sample))]
    assert any(wrong in fault and right in fault for fault in told), told
    assert all(len(fault) < 700 for fault in told)


FILES = {
    "missing file": (lambda path: path.unlink(), "missing"),
    "empty file": (lambda path: path.write_text(""), "places.csv"),
    "missing column": (lambda path: path.write_text(path.read_text().replace(",runway_m", "", 1)), "header"),
    "extra column": (
        lambda path: path.write_text(path.read_text().replace("note\n", "note,extra\n", 1)),
        "extra",
    ),
    "another encoding": (
        lambda path: path.write_bytes(path.read_bytes().replace(b"Gull", b"G\xfcll")),
        "utf-8",
    ),
    "byte order mark": (
        lambda path: path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes()),
        "byte order mark",
    ),
    "Windows line ends": (
        lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")),
        "line ends",
    ),
}


@pytest.mark.parametrize("change, wrong", FILES.values(), ids=FILES)
def test_broken_file_is_named(sample, change, wrong):
    change(sample / "data" / "places.csv")
    told = [str(fault) for fault in check(load(sample))]
    assert any("places.csv" in fault and wrong.lower() in fault.lower() for fault in told), told


def test_all_faults_of_a_run_are_reported_and_the_exit_code_says_so(sample):
    rewrite(sample, "claims", setting(0, "claimant", ""))
    rewrite(sample, "sources", setting(0, "kind", "blog"))
    done = subprocess.run([sys.executable, "-m", "dossier", "check"], cwd=sample, capture_output=True, text=True)
    assert done.returncode == 1
    assert "data/claims.csv:2:claimant: " in done.stderr
    assert "data/sources.csv:2:kind: " in done.stderr
    assert "Traceback" not in done.stderr
