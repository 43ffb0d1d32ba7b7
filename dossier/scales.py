"""The scales of the field, as data: grades, likelihoods, consistency.

References stand in the report's method page.
"""

from typing import NamedTuple

RELIABILITY = {
    "A": "completely reliable",
    "B": "usually reliable",
    "C": "fairly reliable",
    "D": "not usually reliable",
    "E": "unreliable",
    "F": "reliability cannot be judged",
}
"""Admiralty code, reliability of a source; best first."""

CREDIBILITY = {
    1: "confirmed by other sources",
    2: "probably true",
    3: "possibly true",
    4: "doubtful",
    5: "improbable",
    6: "truth cannot be judged",
}
"""Admiralty code, credibility of a piece of information; best first, 6 apart."""


class Likelihood(NamedTuple):
    """A range of probability in percent."""

    low: int
    high: int


LIKELIHOOD = {
    "almost no chance": Likelihood(1, 5),
    "very unlikely": Likelihood(5, 20),
    "unlikely": Likelihood(20, 45),
    "roughly even chance": Likelihood(45, 55),
    "likely": Likelihood(55, 80),
    "very likely": Likelihood(80, 95),
    "almost certain": Likelihood(95, 99),
}
"""Estimative words and ranges of ICD 203 (first row of terms)."""

CONSISTENCY = {"CC": 0.0, "C": 0.0, "N": 0.0, "I": -1.0, "II": -2.0}
"""Analysis of Competing Hypotheses: a rating and its inconsistency score; consistency earns nothing."""

FIRST_HAND = frozenset(
    {
        "statement",
        "document",
        "imagery",
        "tracking",
        "dataset",
        "field reporting",
        "monitoring group",
        "named officials",
    }
)
"""Kinds of origin that report what their originator did, decided, saw or counted."""
