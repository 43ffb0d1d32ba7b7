"""What holds for any table and any evidence, tried on examples that hypothesis makes up; the same in each run."""

import csv
import json
import re
import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from dossier import Package, corroboration
from dossier.checks import _grades
from dossier.scales import FIRST_HAND
from dossier.schema import _TEXT, file_faults, text_faults

_BAD = re.compile("|".join(pattern for pattern, *_ in _TEXT) + r"|^[=+@\-]")

cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).filter(
    lambda text: not _BAD.search(text)
)
numbers = st.decimals(-10_000, 10_000, places=2, allow_nan=False).map(lambda number: f"{number:f}")
integers = st.integers(-(10**6), 10**6).map(str)
dates = st.dates(pd.Timestamp("1800-01-01").date(), pd.Timestamp("2200-01-01").date()).map(str)


@st.composite
def tables(draw):
    """Fields of any names and types, and rows of cells that fit them."""
    names = draw(st.lists(st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True), min_size=1, max_size=5, unique=True))
    kinds = {"string": cells, "number": numbers, "integer": integers, "date": dates}
    fields = [{"name": name, "type": draw(st.sampled_from(sorted(kinds)))} for name in names]
    row = st.tuples(
        *(
            kinds[field["type"]] if draw(st.booleans()) else st.one_of(st.just(""), kinds[field["type"]])
            for field in fields
        )
    )
    rows = draw(st.lists(row.filter(any), max_size=8))
    return fields, rows


def package(folder, fields, rows):
    resource = {"name": "any", "path": "any.csv", "schema": {"fields": fields, "primaryKey": [fields[0]["name"]]}}
    (folder / "datapackage.json").write_text(json.dumps({"resources": [resource]}))
    with (folder / "any.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field["name"] for field in fields)
        writer.writerows(rows)
    return Package(folder / "datapackage.json")


@given(tables())
def test_any_good_table_is_loaded_as_it_was_written(table):
    fields, rows = table
    with tempfile.TemporaryDirectory() as folder:
        data = package(Path(folder), fields, rows)
        assert [*file_faults(data, "any"), *text_faults(data, "any")] == []
        assert [tuple(row) for row in data.text("any").itertuples(index=False)] == rows
        typed = data.any
    kinds = {"string": "str", "number": "float64", "integer": "Int64"}
    for number, field in enumerate(fields):
        column = typed[field["name"]]
        written = [row[number] for row in rows]
        assert column.isna().tolist() == [cell == "" for cell in written]
        if field["type"] == "date":
            assert column.dropna().dt.strftime("%Y-%m-%d").tolist() == [cell for cell in written if cell]
        elif rows:
            assert column.dtype == kinds[field["type"]]
        if field["type"] == "number":
            assert column.dropna().tolist() == [float(cell) for cell in written if cell]
        if field["type"] == "integer":
            assert column.dropna().tolist() == [int(cell) for cell in written if cell]


@given(tables(), st.text(max_size=5))
def test_any_file_is_read_or_told(table, slip):
    """Whatever is put into a file, the check tells it or the table can be read; it never breaks off."""
    fields, rows = table
    with tempfile.TemporaryDirectory() as folder:
        data = package(Path(folder), fields, rows)
        raw = data.path("any").read_bytes()
        data.path("any").write_bytes(raw[: len(raw) // 2] + slip.encode("utf-16") + raw[len(raw) // 2 :])
        if not list(file_faults(data, "any")):
            assert list(data.text("any")) == [field["name"] for field in fields]
            list(text_faults(data, "any"))


ORIGINS = pd.DataFrame({"origin_id": list("abcd"), "kind": ["imagery", "analysis", "unattributed", "statement"]})
PAGES = [f"s{number}" for number in range(6)]
SOURCES = pd.DataFrame({"source_id": PAGES, "reliability": list("ABCDEF")})
STANCES = ["supports", "contradicts", "qualifies"]

evidence = st.lists(
    st.tuples(st.just("K001"), st.sampled_from(PAGES), st.sampled_from(STANCES), st.sampled_from("abcd")),
    min_size=1,
    max_size=8,
)


def frame(rows):
    return pd.DataFrame(rows, columns=["claim_id", "source_id", "stance", "origin_id"])


def counted(rows):
    return corroboration(frame(rows), ORIGINS, SOURCES).loc["K001"]


@given(evidence)
def test_corroboration_counts_origins_and_not_pages(rows):
    found = counted(rows)
    supporting = {origin for _, _, stance, origin in rows if stance == "supports"}
    kinds = ORIGINS.set_index("origin_id")["kind"]
    assert found["origins"] == len(supporting)
    assert found["first_hand"] == sum(kinds[origin] in FIRST_HAND for origin in supporting)
    assert found["contradicting"] == len({row[3] for row in rows if row[2] == "contradicts"})
    assert found["sources"] == len({row[1] for row in rows if row[2] == "supports"})


@given(evidence, st.sampled_from(PAGES), st.data())
def test_another_page_of_a_known_origin_corroborates_nothing(rows, page, data):
    again = data.draw(st.sampled_from(rows))
    more = [*rows, (again[0], page, again[2], again[3])]
    for column in ("origins", "first_hand", "contradicting"):
        assert counted(more)[column] == counted(rows)[column]


class Graded:
    """As much of a data package as the rule of the grades reads."""

    def __init__(self, rows, grade, status):
        self.claims = pd.DataFrame({"claim_id": ["K001"], "credibility": [grade], "status": [status]})
        self.evidence, self.origins, self.sources = frame(rows), ORIGINS, SOURCES

    def path(self, name):
        return Path(f"{name}.csv")


def passes(rows, grade, status="reported"):
    return not list(_grades(Graded(rows, grade, status)))


@given(evidence, st.sampled_from(PAGES), st.sampled_from("abcd"))
def test_what_contradicts_never_makes_a_good_grade_pass(rows, page, origin):
    against = [*rows, ("K001", page, "contradicts", origin)]
    for grade in (1, 2):
        assert not passes(against, grade)
    assert passes(against, 5), "and 5 asks for no more than that"


@given(evidence, st.sampled_from(PAGES), st.sampled_from("abcd"))
def test_more_support_never_makes_a_good_grade_fail(rows, page, origin):
    more = [*rows, ("K001", page, "supports", origin)]
    for grade in (1, 2):
        assert passes(more, grade) or not passes(rows, grade)


@given(evidence)
def test_the_better_of_two_grades_asks_for_no_less(rows):
    assert passes(rows, 2) or not passes(rows, 1)


@given(evidence, st.sampled_from([1, 2, 3, 4, 5, 6]), st.sampled_from(["analysis", "forecast"]))
def test_judgements_have_no_grade_of_truth(rows, grade, status):
    assert passes(rows, grade, status) == (grade == 6)
