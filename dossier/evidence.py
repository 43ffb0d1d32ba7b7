"""What the evidence table says of each claim: origins, grades, support."""

import pandas as pd

from dossier.package import Package
from dossier.scales import FIRST_HAND, RELIABILITY


def corroboration(evidence: pd.DataFrame, origins: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Support of each claim, counted by origin and not by outlet.

    Returns one row a claim, indexed by `claim_id`: `origins` (independent origins that support it),
    `first_hand` (those of them that report what their originator did, saw or counted),
    `contradicting` (origins that contradict it), `sources` (pages that support it) and
    `reliability` (the best grade among those pages; A is best).
    """
    rows = evidence.merge(origins[["origin_id", "kind"]], on="origin_id").merge(
        sources[["source_id", "reliability"]], on="source_id"
    )
    rows["rank"] = rows["reliability"].map(list(RELIABILITY).index)  # of letters pandas takes the least slowly
    support = rows[rows["stance"] == "supports"]
    against = rows[rows["stance"] == "contradicts"]
    by_claim = support.groupby("claim_id")
    result = pd.DataFrame(
        {
            "origins": by_claim["origin_id"].nunique(),
            "first_hand": support[support["kind"].isin(FIRST_HAND)].groupby("claim_id")["origin_id"].nunique(),
            "contradicting": against.groupby("claim_id")["origin_id"].nunique(),
            "sources": by_claim["source_id"].nunique(),
            "reliability": by_claim["rank"].min().map(list(RELIABILITY).__getitem__),
        },
        index=pd.Index(evidence["claim_id"].unique(), name="claim_id"),
    )
    counts = ["origins", "first_hand", "contradicting", "sources"]
    result[counts] = result[counts].fillna(0).astype(int)
    return result


def last_days(dates: pd.Series, precision: pd.Series) -> pd.Series:
    """The last day that a date of a precision (day, month, year) can mean; missing where the date is."""
    exact = dates.where(precision != "month", dates + pd.offsets.MonthEnd(0))
    return exact.where(precision != "year", dates + pd.offsets.YearEnd(0))


def first_published(evidence: pd.DataFrame, sources: pd.DataFrame) -> dict[str, list[str]]:
    """For each claim, the days by which its supporting origins had been published, one an origin, in order.

    The day is that of the earliest page read that rests on the origin, as ``YYYY-MM-DD``. A page dated by month or
    year counts from the last day of it, an undated page from the day on which it was read.
    """
    exact = last_days(sources["date"], sources["date_precision"])
    dated = sources[["source_id"]].assign(day=exact.fillna(sources["consulted"]))
    rows = evidence[evidence["stance"] == "supports"].merge(dated, on="source_id")
    first = rows.groupby(["claim_id", "origin_id"])["day"].min().sort_values(kind="stable")
    days: dict[str, list[str]] = {}
    for (key, _), day in first.dt.strftime("%Y-%m-%d").items():
        days.setdefault(key, []).append(day)
    return days


def with_evidence(data: Package, rows: pd.DataFrame, on: str = "claim_id") -> pd.DataFrame:
    """Rows that name a claim, with what a chart wants to tell of it.

    Adds `statement`, `claimant`, `status`, `credibility`, `origins` (independent, supporting), `grade`
    (for example "B2") and `support`: "one origin" or "two or more origins".
    """
    graded = graded_claims(data)
    columns = ["statement", "claimant", "status", "credibility", "origins", "grade", "support"]
    kept = [column for column in columns if column not in rows]
    return rows.merge(graded[["claim_id", *kept]], left_on=on, right_on="claim_id", how="left", validate="m:1")


def graded_claims(data: Package) -> pd.DataFrame:
    """The claims with their corroboration and `grade`, the best source's letter with the claim's figure."""
    support = corroboration(data.evidence, data.origins, data.sources)
    graded = data.claims.merge(support, left_on="claim_id", right_index=True, how="left")
    graded["grade"] = graded["reliability"].fillna("F") + graded["credibility"].astype(str)
    graded["support"] = graded["origins"].gt(1).map({True: "two or more origins", False: "one origin"})
    return graded
