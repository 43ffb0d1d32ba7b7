"""What files that are no tables must be, as JSON Schema; the descriptions in these are the remedies of faults."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

LONGEST = 60
"""Characters of what was found that are told."""


def faults(profile: str, found) -> Iterator[tuple[str, str, str]]:
    """Place, fault and remedy of all in a JSON-like value that breaks a profile, each once."""
    return unfit(_profile(profile), found)


def unfit(schema: dict, found) -> Iterator[tuple[str, str, str]]:
    """The same by a JSON Schema (draft 7) from elsewhere."""
    from jsonschema import Draft7Validator  # imported late: who only reads has no need of it

    validator = Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER)
    told = [(_place(found, error.absolute_path), *_wrong(schema, error)) for error in validator.iter_errors(found)]
    yield from dict.fromkeys(told)


@cache
def _profile(name: str) -> dict:
    return json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))


def _place(part, path) -> str:
    """A path as ``claims.date_start.type``: what has a name is told by it, other parts of a list are counted."""
    place, above = [], ""
    for key in path:
        counted, part = isinstance(part, list), part[key]
        if counted:
            name = part.get("name") if isinstance(part, dict) else None
            place.append(name if isinstance(name, str) and name.isidentifier() else f"{above} {key + 1}")
        elif key not in ("resources", "schema", "fields"):
            place.append(str(key))
        above = str(key).rstrip("s")
    return ".".join(map(short, place))


def _wrong(schema: dict, error) -> tuple[str, str]:
    """Fault and remedy of a validation error."""
    rule, found = error.schema, error.instance
    right = rule.get("description", "")
    match error.validator:
        case "required":
            missing = [key for key in rule["required"] if key not in found]
            wrong = f"has no {', '.join(missing)}"
            parts = [_resolved(schema, part) for key, part in rule.get("properties", {}).items() if key in missing]
            right = "; ".join(part.get("description", "") for part in parts) or right
        case "additionalProperties":
            wrong = f"{short(next(key for key in found if key not in rule['properties']))!r} is not known"
        case "enum" | "const":
            wrong = f"{short(repr(found))} is not known"
        case "type" if not right:
            wrong, right = f"{short(repr(found))} is not right", f"a value of the type {error.validator_value}"
        case _:
            wrong = f"{short(repr(found))} is not right"
    return wrong, right or short(error.message)


def _resolved(schema: dict, rule: dict) -> dict:
    return schema["definitions"][rule["$ref"].rpartition("/")[2]] if "$ref" in rule else rule


def short(text: str) -> str:
    """A text, or the start of a long one."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
