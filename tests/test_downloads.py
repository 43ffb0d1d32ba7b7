"""What a reader takes away: files that check themselves, notebooks that run elsewhere, a book that verifies."""

import hashlib
import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from datetime import datetime

import frictionless
import lxml.html
import nbformat
import openpyxl
import pytest
from conftest import build, make_sample
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from dossier import citation, distributions
from dossier.book.notebooks import DIRECTIVE, LINK, ROLE

FOLDER = "_build/html/downloads"


@pytest.fixture
def unzipped(sample_book, tmp_path):
    """Unpack a download of the made-up report outside of it."""

    def unpack(name):
        with zipfile.ZipFile(next((sample_book / FOLDER).glob(f"*-{name}.zip"))) as archive:
            archive.extractall(tmp_path / name)
        return tmp_path / name

    return unpack


def test_data_package_validates_and_tells_a_changed_file(unzipped):
    folder = unzipped("data")
    descriptor = folder / "datapackage.json"
    assert frictionless.Package(str(descriptor)).validate().valid
    described = json.loads(descriptor.read_text(encoding="utf-8"))
    assert described["version"] == "1.0"
    assert {file.name for file in folder.iterdir()} >= {"README.md", "codebook.csv", "claims.csv"}
    changed = folder / "claims.csv"
    changed.write_text(changed.read_text().replace("1 March", "2 March").replace("Wren", "Wran"))
    report = frictionless.Package(str(descriptor)).validate()
    assert [error.type for task in report.tasks for error in task.errors] == ["hash-count"]


def test_zip_of_the_data_validates_as_it_is(sample_book):
    archive = next((sample_book / FOLDER).glob("*-data.zip"))
    assert frictionless.Package(str(archive)).validate().valid


def test_codebook_has_each_column_once(data):
    named = [(row["table"], row["column"]) for row in distributions.codebook(data)]
    assert named == [(table, field["name"]) for table in data.schemas for field in data.fields(table)]
    keys = {(row["table"], row["column"]): row["key"] for row in distributions.codebook(data)}
    assert keys["evidence", "claim_id"] == "primary key; key of claims.claim_id"


def test_database_has_types_and_keys_that_hold(sample_book, data):
    with sqlite3.connect(":memory:") as database:
        database.deserialize(next((sample_book / FOLDER).glob("*.sqlite")).read_bytes())
        database.execute("PRAGMA foreign_keys = ON")
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        for name in data.schemas:
            assert database.execute(f"SELECT count(*) FROM {name}").fetchone() == (len(data.text(name)),)
        query = (
            "SELECT typeof(credibility), typeof(date_start), typeof(date_end) FROM claims WHERE claim_id = 'K001'"
        )
        assert database.execute(query).fetchone() == ("integer", "text", "null")
        assert database.execute("SELECT value FROM about WHERE name = 'edition'").fetchone() == ("1.0",)
        row = "INSERT INTO evidence SELECT 'K777', source_id, stance, origin_id, checked, extent, fidelity, note"
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            database.execute(f"{row} FROM evidence LIMIT 1")
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            database.execute("UPDATE claims SET status = 'rumour'")


def test_workbook_has_dates_numbers_and_no_formula(data, sample):
    claims = data.path("claims")
    claims.write_text(claims.read_text().replace("The crates held a lamp", "=1+1", 1))
    facts = distributions.about(data, citation.report(sample))
    book = openpyxl.load_workbook(io.BytesIO(distributions.workbook(data, facts)))
    assert book.sheetnames == ["about", "codebook", *data.schemas]
    cells = {cell.value: cell for row in book["claims"].iter_rows() for cell in row}
    assert any(str(value).startswith("=1+1") and cell.data_type == "s" for value, cell in cells.items())
    assert book["claims"].cell(2, 1).value == data.claims.loc[0, "claim_id"]
    column = list(data.claims).index("date_start") + 1
    assert book["claims"].cell(2, column).value == data.claims.loc[0, "date_start"].to_pydatetime()
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    assert book.properties.created == datetime(2031, 4, 2)


def test_two_builds_give_the_same_bytes(sample_book, tmp_path):
    other = make_sample(tmp_path / "other")
    assert build(other).returncode == 0

    def digests(folder):
        files = sorted(path for path in (folder / "_build" / "html").rglob("*") if path.is_file())
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
        }

    assert digests(other) == digests(sample_book)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Kernels that start here find this repository neither by a path nor by an installation for editing."""
    startup = tmp_path / "ipython" / "profile_default" / "startup" / "hide.py"
    startup.parent.mkdir(parents=True)
    startup.write_text(
        "import os, sys\n"
        "sys.meta_path[:] = [finder for finder in sys.meta_path if 'editable' not in repr(finder).lower()]\n"
        "sys.path[:] = [entry for entry in sys.path if not entry or not os.path.isdir(entry + '/dossier')]\n"
    )
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    for name in ("PYTHONPATH", "DOSSIER_BOOK", "DOSSIER_DATA"):
        monkeypatch.delenv(name, raising=False)


def run(path):
    """Run a notebook in its folder; returns it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("import dossier; print(dossier.__file__)"))
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


def test_notebook_runs_outside_the_repository(unzipped, elsewhere):
    folder = next(unzipped("notebooks").iterdir())
    (path,) = folder.glob("*.ipynb")
    before, after = nbformat.read(path, as_version=4), run(path)
    assert after.cells[-1].outputs[0].text.strip() == str(folder / "dossier" / "__init__.py")
    drawn = [next(cell.outputs[0].data for cell in book.cells if cell.get("outputs")) for book in (before, after)]
    kind = next(kind for kind in drawn[0] if "vegalite" in kind)
    assert drawn[0][kind] == drawn[1][kind]
    assert "image/png" in drawn[0], "it shows without being run"


@pytest.mark.parametrize("lost, told", [("dossier", "the Python package dossier"), ("data", "the folder data")])
def test_notebook_tells_what_it_lacks(unzipped, elsewhere, lost, told):
    folder = next(unzipped("notebooks").iterdir())
    shutil.rmtree(folder / lost)
    with pytest.raises(CellExecutionError) as fault:
        run(next(folder.glob("*.ipynb")))
    message = str(fault.value).split("------------------")[-1].strip()
    assert message.startswith(f"This notebook lacks {told}")
    assert "-notebooks.zip" in message and "Traceback" not in message


def test_notebook_reads_as_plain_markdown(sample_book):
    (path,) = (sample_book / FOLDER).glob("*.ipynb")
    text = "\n".join(
        cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"
    )
    assert "On 1 March 2031 the ferry Wren left with 2 crates [K001 B1]. A clerk" in text
    assert "Figure 1.1 shows both counts" in text
    assert not any(pattern.search(text) for pattern in (ROLE, LINK, DIRECTIVE))


def test_list_tells_each_file_and_its_size(sample_book):
    page = lxml.html.parse(sample_book / "_build/html/chapters/reference/data.html").getroot()
    for link in page.cssselect("ul.downloads a"):
        file = sample_book / "_build/html/chapters/reference" / link.get("href")
        assert file.is_file()
        size = re.search(r", ([\d,.]+) kB\)", link.getparent().text_content())
        assert size is None or abs(float(size[1]) - file.stat().st_size / 1000) <= 1
    assert len(page.cssselect("ul.downloads a")) == 6


def verify(folder):
    """Run the script of a copy of the book with nothing but Python."""
    return subprocess.run([sys.executable, "-I", folder / "verify.py"], capture_output=True, text=True, timeout=60)


TAMPERED = {
    "a number": ("chapters/island.html", "1,200–3,000", "1,200–4,000", "N002: page '1,200–4,000', table"),
    "a date": ("chapters/harbour.html", ">1 March 2031<", ">2 March 2031<", "K001: page '2 March 2031'"),
    "a table": ("data/claims.csv", "Wren", "Wran", "data/claims.csv: SHA-256"),
}


def test_book_verifies(unzipped):
    folder = next(unzipped("book").iterdir())
    done = verify(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 numbers and 1 dates in the prose" in done.stdout and "all match" in done.stdout
    listed = (folder / "chapters/reference/data.html").read_text(encoding="utf-8")
    assert "-book.zip" not in listed, "the book does not offer itself"


@pytest.mark.parametrize("name, old, new, told", TAMPERED.values(), ids=TAMPERED)
def test_verification_tells_what_was_changed(unzipped, name, old, new, told):
    folder = next(unzipped("book").iterdir())
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    done = verify(folder)
    assert done.returncode == 1
    assert f"MISMATCH {name}: {told}".replace(f"{name}: data", "data") in done.stdout


def test_launch_buttons_need_the_address_of_a_repository(sample_book, sample):
    name = "_build/html/chapters/harbour.html"
    for page in (sample_book / "_build" / "html").rglob("*.html"):
        assert "binder" not in page.read_text(encoding="utf-8").lower()
    config = sample / "_config.yml"
    config.write_text(config.read_text().replace('url: ""', 'url: "https://github.com/lamp/gull"'))
    done = build(sample)
    assert done.returncode == 0, done.stderr
    link = "https://binder.example/v2/gh/lamp/gull/main?urlpath=lab/tree/chapters/harbour.md"
    assert link in (sample / name).read_text(encoding="utf-8")
    assert not list((sample / "_build" / "html" / "_sources").rglob("*.ipynb"))
