"""The ``findings`` directive: a chapter's findings, each of which knows on which claims it rests."""

from typing import NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from dossier.book.claims import claim_marks


class Finding(NamedTuple):
    """One finding of a page: its anchor there and the claims on which it rests."""

    anchor: str
    claims: tuple[str, ...]


class FindingsDirective(SphinxDirective):
    """A list, each item of which is a finding with the marks of its claims; the argument is the heading."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        heading = nodes.paragraph("", "", nodes.strong(text=self.arguments[0]))
        box = nodes.container(classes=["findings"])
        self.state.nested_parse(self.content, self.content_offset, box)
        items = list(box.findall(nodes.list_item))
        if not items:
            raise self.error("findings: no list: write each finding as an item that starts with '- '")
        held = findings(self.env).setdefault(self.env.docname, [])
        for item in items:
            keys = dict.fromkeys(key for marks in item.findall(claim_marks) for key in marks["claims"])
            if not keys:
                raise self.error(f"findings: item {len(held) + 1} rests on no claim: add its mark, {{claim}}`…`")
            held.append(Finding(f"finding-{len(held) + 1}", tuple(keys)))
            item["ids"].append(held[-1].anchor)
        return [heading, box]


def findings(env) -> dict[str, list[Finding]]:
    """Page to its findings, in order. Kept with the environment."""
    if not hasattr(env, "dossier_findings"):
        env.dossier_findings = {}
    return env.dossier_findings


def _purge(app: Sphinx, env, docname: str) -> None:
    findings(env).pop(docname, None)


def setup(app: Sphinx) -> None:
    """Register the directive and the hook."""
    app.add_directive("findings", FindingsDirective)
    app.connect("env-purge-doc", _purge)
