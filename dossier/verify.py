"""Checks a copy of the book against its own tables: python3 verify.py [FOLDER]. Needs nothing but Python 3.

Each number and date that the prose takes from a table is computed anew from the table and compared with what the
page prints; each file of the tables is compared with the SHA-256 in data/datapackage.json. The exit code is 1 on a
mismatch, and where there is nothing to compare.
"""

import csv
import hashlib
import json
import sys
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Spans(HTMLParser):
    """Collects (kind, key, text) of the marked spans of a page: estimates, dates of claims, computed values."""

    def __init__(self):
        super().__init__()
        self.found, self.inside, self.depth = [], None, 0

    def handle_starttag(self, tag, attributes):
        held = dict(attributes)
        classes = (held.get("class") or "").split()
        kind = next((kind for kind in ("data-row", "data-when") if kind in held and "from-table" in classes), None)
        if tag == "span" and self.inside is None and (kind or "pasted-text" in classes):
            self.inside, self.depth = [kind or "computed", held.get(kind, ""), ""], 0
        elif self.inside is not None and tag == "span":
            self.depth += 1

    def handle_data(self, data):
        if self.inside is not None:
            self.inside[2] += data

    def handle_endtag(self, tag):
        if self.inside is not None and tag == "span":
            if self.depth == 0:
                self.found.append(tuple(self.inside))
                self.inside = None
            self.depth -= 1


def number(cell):
    """A number of a table as prose prints it: 1,200 or 2.5."""
    value = float(cell)
    return f"{value:,.10g}" if value % 1 else f"{value:,.0f}"


def amount(row):
    """The number or range of an estimate."""
    low, high = row["low"], row["high"]
    if not low or not high:
        return f"at least {number(low)}" if low else f"up to {number(high)}"
    return number(low) if float(low) == float(high) else f"{number(low)}\u2013{number(high)}"


def when(row):
    """The date or period of a claim, as exact as the table says."""
    first = date.fromisoformat(row["date_start"])
    last = date.fromisoformat(row["date_end"] or row["date_start"])
    month = [f"{MONTHS[day.month - 1]} {day.year}" for day in (first, last)]
    words = {
        "day": [f"{first.day} {month[0]}", f"{last.day} {month[1]}"],
        "month": month,
        "year": [str(first.year), str(last.year)],
    }[row["date_precision"]]
    if words[0] == words[1]:
        return words[0]
    if row["date_precision"] == "day" and month[0] == month[1]:
        return f"{first.day}\u2013{words[1]}"
    return " to ".join(words)


def table(data, name, key):
    """The rows of a table by their key."""
    with open(data / f"{name}.csv", encoding="utf-8", newline="") as file:
        return {row[key]: row for row in csv.DictReader(file)}


def main(folder):
    """Print what matches and what does not; returns the exit code."""
    data = folder / "data"
    kinds = {
        "data-row": (table(data, "estimates", "estimate_id"), amount),
        "data-when": (table(data, "claims", "claim_id"), when),
    }
    count, wrong = Counter(), []
    for page in sorted(folder.rglob("*.html")):
        spans = Spans()
        spans.feed(page.read_text(encoding="utf-8"))
        for kind, key, printed in spans.found:
            count[kind] += 1
            if kind in kinds:
                rows, words = kinds[kind]
                computed = words(rows[key]) if key in rows else "no such row"
                if printed != computed:
                    wrong.append(f"{page.relative_to(folder)}: {key}: page {printed!r}, table {computed!r}")
    resources = json.loads((data / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    for resource in resources:
        file = data / resource["path"]
        digest = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "none: the file is missing"
        if resource.get("hash") != f"sha256:{digest}":
            wrong.append(f"data/{file.name}: SHA-256 is {digest}, the descriptor has {resource.get('hash')}")
    compared = count["data-row"] + count["data-when"]
    print(f"{count['data-row']} numbers and {count['data-when']} dates in the prose compared with the tables")
    print(f"{len(resources)} files of the tables compared with their SHA-256")
    print(f"{count['computed']} values in the prose are computed by notebooks: run these to compute them anew")
    print("\n".join(f"MISMATCH {line}" for line in wrong) or ("all match" if compared else "NOTHING TO COMPARE"))
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent))
