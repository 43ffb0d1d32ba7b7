"""Analysis of Competing Hypotheses: which explanation has least against it, and how much that depends on what.

Method: R. J. Heuer, *Psychology of Intelligence Analysis* (1999), chapter 8: work across the matrix, rate each
piece of evidence for its consistency with each hypothesis, and rank by what is inconsistent, because evidence
that fits several hypotheses proves none of them. The numbers are a help to see the matrix, not a measurement.
"""

import pandas as pd

from dossier.scales import CONSISTENCY

CREDIBILITY_WEIGHT = {1: 1.0, 2: 0.8, 3: 0.5, 4: 0.25, 5: 0.0, 6: 0.25}
"""Weight of a rating by the credibility of its claim. The weights are this report's own choice."""


def matrix(ratings: pd.DataFrame) -> pd.DataFrame:
    """The ratings as a matrix: one row a claim, one column a hypothesis, cells CC, C, N, I or II."""
    return ratings.pivot(index="claim_id", columns="hypothesis_id", values="consistency")


def _scores(ratings: pd.DataFrame) -> pd.DataFrame:
    return matrix(ratings).replace(CONSISTENCY).infer_objects().astype(float)


def inconsistency(ratings: pd.DataFrame, weights: pd.Series | None = None) -> pd.Series:
    """Inconsistency score of each hypothesis, 0 or below; the nearer to 0, the less speaks against it.

    Args:
        ratings: Columns `claim_id`, `hypothesis_id`, `consistency`.
        weights: Weight of each claim, indexed by `claim_id`; without it every claim weighs 1.

    Returns the scores indexed by `hypothesis_id`, best first.
    """
    scores = _scores(ratings)
    if weights is not None:
        scores = scores.mul(weights.reindex(scores.index), axis=0)
    return scores.sum().sort_values(ascending=False, kind="stable").rename("inconsistency")


def weights(claims: pd.DataFrame) -> pd.Series:
    """Weight of each claim by its credibility, indexed by `claim_id`."""
    return claims.set_index("claim_id")["credibility"].map(CREDIBILITY_WEIGHT).astype(float)


def diagnosticity(ratings: pd.DataFrame) -> pd.Series:
    """How far each claim tells the hypotheses apart: the spread of its inconsistency scores, 0 to 2.

    A claim that scores alike on all hypotheses has none and can be left out.
    """
    scores = _scores(ratings)
    return (
        (scores.max(axis=1) - scores.min(axis=1))
        .sort_values(ascending=False, kind="stable")
        .rename("diagnosticity")
    )


def leave_one_out(ratings: pd.DataFrame, weights: pd.Series | None = None) -> pd.DataFrame:
    """The best hypothesis when each claim in turn is left out.

    Returns one row a claim, indexed by `claim_id`: `best` (the hypothesis, or those that tie for it, separated
    by spaces) and `lead` (its distance to the next, 0 on a tie).
    """
    rows = {}
    for claim in ratings["claim_id"].unique():
        scores = inconsistency(ratings[ratings["claim_id"] != claim], weights)
        tied = scores[scores == scores.iloc[0]].index
        rows[claim] = {"best": " ".join(sorted(tied)), "lead": scores.iloc[0] - scores.iloc[1]}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("claim_id")


def cuts(ratings: pd.DataFrame, graded: pd.DataFrame) -> pd.DataFrame:
    """Inconsistency scores in cuts of the evidence on which an order of hypotheses should not hang.

    `graded` is indexed by `claim_id`, with `credibility` and `origins`. Returns one row a cut, one column a
    hypothesis: all claims, all weighted by credibility, those of two or more independent origins, and all but
    each claim in turn.
    """
    scores = _scores(ratings)
    known = graded.reindex(scores.index)
    named = {
        "all claims": scores,
        "weighted": scores.mul(weights(known.reset_index()), axis=0),
        "two or more origins": scores[known["origins"] > 1],
    }
    named |= {f"without {claim}": scores.drop(claim) for claim in scores.index}
    return pd.DataFrame({name: cut.sum() for name, cut in named.items()}).T


def as_of(ratings: pd.DataFrame, claims: pd.DataFrame, day: str) -> pd.DataFrame:
    """The ratings of the claims whose event or statement was over on or before a day."""
    over = claims["date_end"].fillna(claims["date_start"])
    known = claims[over <= pd.Timestamp(day)]["claim_id"]
    return ratings[ratings["claim_id"].isin(known)]
