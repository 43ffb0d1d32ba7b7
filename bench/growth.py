"""Makes a report grow: 10 or 100 times its claims, evidence, sources and origins, with the chapters as they are."""

import csv
import json
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from string import ascii_uppercase

import pandas as pd

from dossier import Package, load

GROWN = ("sources", "origins", "claims", "evidence")
CLAIM_PATTERN, WIDER_PATTERN = "[A-Z][0-9]{3}", "[A-Z][0-9]{3,6}"


def grow(project: Path, factor: int) -> dict[str, int]:
    """Multiply the tables of a project, in place. Returns the rows of each table that grew.

    Each copy of a claim has its own evidence from its own sources and origins, so that every copy has the grade
    and the support of its model and the check finds no fault. Sources on which no evidence rests stay single.
    Claims take the identifiers of the schema's pattern that are free, and longer ones when those are used up;
    the schema is then widened.
    """
    data = load(project)
    tables = {name: data.text(name) for name in GROWN}
    evidence = tables["evidence"]
    fresh = _claim_ids(set(tables["claims"]["claim_id"]))
    copies = {name: [frame] for name, frame in tables.items()}
    for number in range(1, factor):
        claims = tables["claims"]["claim_id"]
        new = {
            "claim_id": dict(zip(claims, islice(fresh, len(claims)), strict=True)),
            "source_id": {key: f"{key}x{number}" for key in evidence["source_id"]},
            "origin_id": {key: f"{key}-x{number}" for key in evidence["origin_id"]},
        }
        for name, frame in tables.items():
            if name in ("sources", "origins"):
                frame = frame[frame[data.key(name)].isin(evidence[data.key(name)])]
            copies[name].append(frame.assign(**{key: frame[key].map(new[key]) for key in new if key in frame}))
    rows = {}
    for name, frames in copies.items():
        whole = pd.concat(frames)
        rows[name] = len(whole)
        whole.to_csv(data.path(name), index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    _widen(data)
    return rows


def _claim_ids(taken: set[str]) -> Iterator[str]:
    """Claim identifiers that are free: those with three digits first, then longer ones."""
    short = (f"{letter}{number:03}" for letter in ascii_uppercase for number in range(1000))
    long = (f"{letter}{number}" for number in count(1000) for letter in ascii_uppercase)
    for ids in (short, long):
        yield from (key for key in ids if key not in taken)


def _widen(data: Package) -> None:
    text = data.descriptor_path.read_text(encoding="utf-8")
    if not load(data.folder.parent).claims["claim_id"].str.fullmatch(CLAIM_PATTERN).all():
        pattern, wider = (json.dumps(part)[1:-1] for part in (CLAIM_PATTERN, WIDER_PATTERN))
        data.descriptor_path.write_text(text.replace(pattern, wider), encoding="utf-8")
