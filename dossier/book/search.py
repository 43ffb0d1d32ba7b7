"""The search keeps names with a number whole, as An-124 or S-400; Sphinx would look for "an" and for "s"."""

import re

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish


class SearchWithNames(SearchEnglish):
    """English, whose words may be joined by a hyphen to what has a digit; both splitters find the same."""

    _word_re = re.compile(r"\w+(?:-\w*\d\w*)+|\w+")
    js_splitter_code = r"""
function splitQuery(query) {
  return query.match(/[\p{L}\p{N}_]+(?:-[\p{L}\p{N}_]*\p{N}[\p{L}\p{N}_]*)+|[\p{L}\p{N}_]+/gu) ?? [];
}
"""


def setup(app: Sphinx) -> None:
    """Register the language."""
    app.add_search_language(SearchWithNames)
