"""What a key judgement rests on, computed: how good its claims are, and in how many cuts of the matrix it stands.

The wording may say less than this support allows, never more. The thresholds are this report's own choice.
"""

import re

import pandas as pd

from dossier.evidence import graded_claims
from dossier.hypotheses import cuts
from dossier.package import Package
from dossier.scales import LIKELIHOOD

CONFIDENCE = ("low", "moderate", "high")
"""Levels of confidence, lowest first."""

HIGH_SHARE, MODERATE_SHARE = 2 / 3, 1 / 2
"""Least share of the claims of fact with credibility 1 or 2 for high, 1 to 3 for moderate confidence."""

STRONG, PLAIN = 1.0, 2 / 3
"""Least share of the cuts in which the order of the hypotheses holds, for the words beyond 80 per cent, and for
*likely*; and for their mirror images below 45 per cent."""

_TERMS = re.compile(r"\b(" + "|".join(sorted(LIKELIHOOD, key=len, reverse=True)) + r")\b", re.IGNORECASE)


def terms_in(text: str) -> list[str]:
    """The words of likelihood that a text uses, in order; *very likely* is one word and not also *likely*."""
    return [found.lower() for found in _TERMS.findall(text)]


def share_needed(term: str) -> float:
    """The share of the cuts in which the order of the hypotheses must hold for a word of likelihood."""
    low, high = LIKELIHOOD[term]
    if low >= 80 or high <= 20:
        return STRONG
    return PLAIN if low >= 55 or high <= 45 else 0.0


def support(data: Package) -> pd.DataFrame:
    """The computed support of each key judgement.

    Returns one row a judgement, indexed by `judgement_id`: `facts` (claims it rests on that are neither analysis
    nor forecast), `probable` (those of credibility 1 or 2), `possible` (1 to 3), `corroborated` (those with two or
    more independent origins), `ceiling` (the highest confidence that these allow), `cuts` and `ahead` (cuts of the
    matrix of hypotheses, and those in which each hypothesis of `favoured` has less against it than each of
    `behind`; both 0 where it names none).
    """
    graded = graded_claims(data).set_index("claim_id")
    known = data.hypotheses["hypothesis_id"]
    scores = cuts(data.ratings, graded).reindex(columns=known, fill_value=0)
    rows = {}
    for row in data.judgements.to_dict("records"):
        claims = graded.loc[row["claim_ids"].split()]
        facts = claims[~claims["status"].isin(["analysis", "forecast"])]
        favoured, behind = (row[name].split() if pd.notna(row[name]) else [] for name in ("favoured", "behind"))
        ranked = scores if favoured and behind else scores[:0]
        rows[row["judgement_id"]] = {
            "facts": len(facts),
            "probable": int(facts["credibility"].le(2).sum()),
            "possible": int(facts["credibility"].le(3).sum()),
            "corroborated": int(facts["origins"].gt(1).sum()),
            "cuts": len(ranked),
            "ahead": int((ranked[favoured].min(axis=1) > ranked[behind].max(axis=1)).sum()),
        }
    result = pd.DataFrame.from_dict(rows, orient="index").rename_axis("judgement_id")
    result["ceiling"] = [_ceiling(row) for row in result.itertuples()]
    return result


def _ceiling(row) -> str:
    if row.facts and row.probable / row.facts >= HIGH_SHARE and row.corroborated:
        return "high"
    return "moderate" if row.facts and row.possible / row.facts >= MODERATE_SHARE else "low"
