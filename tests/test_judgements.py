"""Words of likelihood and the support that they need."""

from dossier.judgements import support, terms_in


def test_very_likely_is_one_word_and_not_also_likely():
    assert terms_in("Very likely so, unlikely otherwise, and a roughly even chance of rain.") == [
        "very likely",
        "unlikely",
        "roughly even chance",
    ]


def test_support_counts_claims_of_fact_and_cuts(data):
    found = support(data).loc["J1"]
    assert (found["facts"], found["probable"], found["possible"], found["corroborated"]) == (2, 1, 2, 1)
    assert (found["cuts"], found["ahead"]) == (4, 3), "leaving out the only rated claim leaves a tie"
    assert found["ceiling"] == "moderate"
