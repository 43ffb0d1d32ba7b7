"""One style sheet from many, with only the rules that can match something in the pages."""

import posixpath
import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import tinycss2

from dossier.book import icons

ANY_OF = {"is", "where", "has", "matches"}
CONDITIONS = ("media", "supports", "container", "layer")
STATES = {"open", "hidden", "disabled", "checked"}
"""Attributes that readers and browsers set."""
MASKED = [
    ("background", "currentColor"),
    ("box-sizing", "content-box"),
    ("display", "inline-block"),
    ("width", "1em"),
    ("height", "1em"),
    ("vertical-align", "-.125em"),
]
"""How an empty box is drawn through a mask, in the place of a character of the icon font."""
START_TAG = re.compile(r"<([A-Za-z][\w-]*)((?:\s[^<>]*)?)>")
ATTRIBUTE = re.compile(r'([\w:.-]+)(?:="([^"]*)")?')
USE = r"(?<=var\()--[\w-]+|(?<=animation:)[^;}]+|(?<=animation-name:)[^;}]+"


class Vocabulary:
    """What selectors may name: what pages have, and any word in a string of a script, which may set it."""

    def __init__(self, pages: Iterable[str], scripts: Iterable[str]) -> None:
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.attributes = set(STATES)
        for script in scripts:
            self.tags.update(re.findall(r"""(?:createElement\(["']|["'`]<)(\w+)""", script))
            for text in re.findall(r""""[^"\n]*"|'[^'\n]*'|`[^`]*`""", script):
                self.names.update(re.findall(r"[A-Za-z][\w-]*", text))
            for key in re.findall(r"dataset\.(\w+)", script):
                self.attributes.add("data-" + re.sub("[A-Z]", lambda m: "-" + m[0].lower(), key))
        self.values = set(self.names)
        starts = {start for page in pages for start in START_TAG.findall(page)}
        for tag, rest in starts:
            self.tags.add(tag.lower())
            for key, value in ATTRIBUTE.findall(rest):
                self.attributes.add(key)
                if key == "class":
                    self.names.update(value.split())
                elif key == "id":
                    self.names.add(value)
                elif "--" in value or re.fullmatch(r"[\w -]*", value):  # no address
                    self.values.add(value)

    def allows(self, selector: list) -> bool:
        """Whether a selector, as tokens, can match. Characters of the icon font are never asked for by class."""
        if re.fullmatch(r"\s*\.fa-[\w-]+::?before\s*", tinycss2.serialize(selector)):
            return False
        before = ""
        for token in selector:
            if token.type == "hash" and token.value not in self.names:
                return False
            if token.type == "ident":
                if before == "." and token.value not in self.names:
                    return False
                if before not in (".", ":") and token.lower_value not in self.tags:
                    return False
            if token.type == "[] block" and not self._allows_attribute(token.content):
                return False
            is_choice = token.type == "function" and token.lower_name in ANY_OF
            if is_choice and not any(self.allows(part) for part in split(token.arguments)):
                return False
            before = token.value if token.type == "literal" else ""
        return True

    def _allows_attribute(self, content: list) -> bool:
        tokens = [token for token in content if token.type != "whitespace"]
        name = tokens[0].lower_value
        if name not in self.attributes:
            return False
        if len(tokens) < 3 or tokens[1] != "=" or name in ("class", "id") or name.startswith("data-"):
            return True
        return tokens[2].value in self.values


def split(tokens: list) -> list[list]:
    """The members of a list with commas."""
    parts: list[list] = [[]]
    for token in tokens:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _text(tokens: list) -> str:
    return re.sub(r"\s+", " ", tinycss2.serialize(tokens)).strip()


def _declarations(content: list) -> list[tuple[str, str]]:
    """Names and values. A character of the icon font becomes its drawing, as a mask in the colour of the text."""
    found = []
    for item in tinycss2.parse_declaration_list(content, skip_comments=True, skip_whitespace=True):
        if item.type != "declaration":
            continue
        value = _text(item.value) + ("!important" if item.important else "")
        texts = [token.value for token in item.value if token.type == "string"]
        image = icons.as_image(texts[0]) if len(texts) == 1 and re.fullmatch("[\ue000-\uf8ff]", texts[0]) else None
        if item.name.startswith("--") and image:
            value = image
        elif item.name == "content" and (image or value.startswith("var(--pst-icon-")):
            found.append(("mask", f"{image or value} center/auto 1em no-repeat content-box"))
            value = '""'
        elif item.name == "font" and value.startswith("var(--fa-font-"):
            found += MASKED
            continue
        found.append((item.name, value))
    if ("position", "absolute") in found and MASKED[0] in found:
        found.append(("height", "1lh"))  # the middle of the line, where the character stood
    return found


def _rules(rules: list, vocabulary: Vocabulary | None) -> list[tuple]:
    """What is kept of rules: (selector, declarations) or (condition, rules) or (whole text, None)."""
    kept: list[tuple] = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [part for part in split(rule.prelude) if vocabulary is None or vocabulary.allows(part)]
            if selectors and (declarations := _declarations(rule.content)):
                kept.append((",".join(map(_text, selectors)), declarations))
        elif rule.type == "at-rule" and rule.lower_at_keyword in CONDITIONS and rule.content:
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            if children := _rules(inner, vocabulary):
                kept.append((f"@{rule.at_keyword} {_text(rule.prelude)}", children))
        elif rule.type == "at-rule" and rule.lower_at_keyword not in ("charset", "font-face"):
            kept.append((_text([rule]), None))
    return kept


def _css(rules: list[tuple], said: set[str] | None) -> str:
    """The rules as text; of custom properties and animations only those `said`, if given."""

    def kept(name: str) -> bool:
        return said is None or not name.startswith("--") or name in said

    out = []
    for head, body in rules:
        if body is None:
            if said is None or not head.startswith("@keyframes") or re.split(r"[\s{]+", head)[1] in said:
                out.append(head)
        elif head.startswith("@"):
            if inner := _css(body, said):
                out.append(f"{head}{{{inner}}}")
        elif lines := [f"{name}:{value}" for name, value in body if kept(name)]:
            out.append(f"{head}{{{';'.join(lines)}}}")
    return "\n".join(out)


def _parse(sheet: Path, folder: Path) -> list:
    """The rules of a sheet and of those that it imports; addresses as seen from `folder`."""

    def seen_from_folder(match: re.Match) -> str:
        return f"url({posixpath.normpath(posixpath.join(sheet.parent.relative_to(folder).as_posix(), match[1]))})"

    text = sheet.read_text(encoding="utf-8")
    text = re.sub(r"""url\(["']?(?!data:|/|#|\w+:)([^"')]+)["']?\)""", seen_from_folder, text)
    rules = []
    for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
        if rule.type == "at-rule" and rule.lower_at_keyword == "import":
            name = next(token.value for token in rule.prelude if token.type in ("string", "url"))
            rules += _parse((sheet.parent / name).resolve(), folder)
        else:
            rules.append(rule)
    return rules


def merge(
    folder: Path, sheets: Iterable[str], own: set[str], pages: Iterable[str], scripts: list[str], kept: Path
) -> str:
    """One sheet from those of a folder, in their order.

    Args:
        folder: Where the sheets lie.
        sheets: Their names, as seen from there.
        own: Those of them that are taken whole.
        pages: The pages, as HTML.
        scripts: Their scripts.
        kept: A file, named as the sheet that is made, that keeps the result for when all this is the same again.
    """
    vocabulary = Vocabulary(pages, scripts)
    texts = {
        path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.css")) if path.name != kept.name
    }
    made_of = repr([list(sheets), sorted(own), texts, scripts, *map(sorted, vars(vocabulary).values())])
    mark = sha256(made_of.encode()).hexdigest() + "\n"
    before = kept.read_text(encoding="utf-8") if kept.is_file() else ""
    if not before.startswith(mark):
        before = mark + _merged(folder, sheets, own, vocabulary, scripts)
        kept.write_text(before, encoding="utf-8")
    return before.removeprefix(mark)


def _merged(folder: Path, sheets: Iterable[str], own: set[str], vocabulary: Vocabulary, scripts: list[str]) -> str:
    rules: list[tuple] = []
    said: set[str] = set()
    notices: dict[str, None] = {}
    for name in sheets:
        text = (folder / name).read_text(encoding="utf-8")
        rules += _rules(_parse(folder / name, folder.resolve()), None if name in own else vocabulary)
        notices.update(dict.fromkeys(re.findall(r"/\*!.*?\*/", text, re.DOTALL)))
        if name in own:
            said.update(re.findall(r"--[\w-]+", text))
    said.update(re.findall(r"[\w-]+", " ".join([*scripts, *vocabulary.values])))
    text, before = _css(rules, None), ""
    while text != before:  # a property may be used only by one that is dropped
        text, before = _css(rules, said.union(*map(str.split, re.findall(USE, text)))), text
    return "\n".join([*(notice.replace("https://", "") for notice in notices), text, ""])
