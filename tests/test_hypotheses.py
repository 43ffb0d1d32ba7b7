"""The matrix of competing hypotheses: ranked by what speaks against, sensitive to what it hangs on."""

import pandas as pd
import pytest

from dossier.hypotheses import as_of, diagnosticity, inconsistency, leave_one_out


def matrix_of(cells):
    return pd.DataFrame(
        [(claim, f"H{place}", cell) for claim, row in cells.items() for place, cell in enumerate(row, 1)],
        columns=["claim_id", "hypothesis_id", "consistency"],
    )


def test_published_worked_example():
    """Heuer (1999), figure 15: will Iraq retaliate? Its two minuses in one cell are our II.

    Heuer says of it that E1 has no diagnostic value and that E6 drives the conclusion in favour of H2 or H3; the US
    Army's TC 2-33.4 (2009), which reprints it, that H2 is the most likely, then H3, then H1.
    """
    heuer = matrix_of(
        {
            "E1": ("C", "C", "C"),
            "E2": ("C", "C", "I"),
            "E3": ("C", "C", "I"),
            "E4": ("I", "C", "C"),
            "E5": ("I", "C", "C"),
            "E6": ("II", "C", "C"),
        }
    )
    assert inconsistency(heuer).to_dict() == {"H2": 0, "H3": -2, "H1": -4}
    assert list(inconsistency(heuer).index) == ["H2", "H3", "H1"]
    value = diagnosticity(heuer)
    assert value["E1"] == 0 and value.idxmax() == "E6"
    assert set(leave_one_out(heuer)["best"]) == {"H2"}
    without = inconsistency(heuer[heuer["claim_id"] != "E6"])
    assert without["H1"] == without["H3"], "without E6 nothing sets H3 before H1"


@pytest.fixture
def ratings():
    """Three claims on three hypotheses; the first tells nothing apart, the last decides."""
    cells = {"K1": ("C", "C", "C"), "K2": ("CC", "I", "N"), "K3": ("I", "C", "II")}
    return matrix_of(cells)


def test_consistency_earns_nothing_and_inconsistency_ranks(ratings):
    assert inconsistency(ratings).to_dict() == {"H1": -1, "H2": -1, "H3": -2}


def test_weights_can_turn_the_order(ratings):
    weights = pd.Series({"K1": 1.0, "K2": 1.0, "K3": 0.25})
    assert inconsistency(ratings, weights).index[0] == "H1"


def test_claim_that_fits_all_tells_nothing_apart(ratings):
    assert diagnosticity(ratings).to_dict() == {"K3": 2, "K2": 1, "K1": 0}


def test_leaving_one_out_shows_what_the_order_hangs_on(ratings):
    left = leave_one_out(ratings)
    assert left["best"].to_dict() == {"K1": "H1 H2", "K2": "H2", "K3": "H1 H3"}
    assert left["lead"].tolist() == [0, 1, 0]


def test_as_of_counts_a_period_from_its_end(ratings):
    claims = pd.DataFrame(
        {
            "claim_id": ["K1", "K2", "K3"],
            "date_start": pd.to_datetime(["2031-01-01", "2031-01-01", "2031-03-01"]),
            "date_end": pd.to_datetime([None, "2031-02-01", None]),
        }
    )
    assert set(as_of(ratings, claims, "2031-01-15")["claim_id"]) == {"K1"}
