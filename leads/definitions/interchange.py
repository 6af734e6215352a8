"""A definition set as a JSON file: out of any version, and into the draft."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from leads.conditions.values import below
from leads.definitions import versions
from leads.definitions.found import Problem
from leads.definitions.problems import problems
from leads.definitions.refusals import Unstorable
from leads.definitions.storing import check_values
from leads.definitions.words import STAGES
from leads.exchange.bundle import jsontext
from leads.models import DefinitionSet, User
from leads.models.definitions import CONTENT
from leads.scoring.model import MAX_RULES

MAX_SIZE = 1_000_000
DEEPEST = 50

Json = dict[str, Any]
Found = Iterator[Problem]


def dump(definition: DefinitionSet) -> str:
    """Return a version as JSON: pretty, and the same text for the same version."""
    return jsontext.dumps({name: getattr(definition, name) for name in CONTENT}) + "\n"


@dataclass(frozen=True)
class Reading:
    """What a file says, and what is wrong with it; with `refused`, it cannot become a draft."""

    values: Json = field(default_factory=dict)
    refused: list[Problem] = field(default_factory=list)
    found: list[Problem] = field(default_factory=list)  # what a draft may have wrong

    @property
    def problems(self) -> list[Problem]:
        return self.refused or self.found


def read(raw: bytes) -> Reading:
    """Return the parts of a definition that a file holds."""
    if len(raw) > MAX_SIZE:
        return _refusal("", f"is larger than {MAX_SIZE:,} bytes")
    try:
        data = jsontext.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError, ArithmeticError) as error:
        return _refusal("", _why(error, raw))
    return _judged(data)


def _why(error: Exception, raw: bytes) -> str:
    """Say why a file cannot be read as JSON, and where."""
    match error:
        case UnicodeDecodeError():
            return f"line {_line(raw, error.start)}: is not UTF-8"
        case json.JSONDecodeError():
            return f"line {error.lineno}: is not JSON: {error.msg}"
        case RecursionError():
            return "is nested too deep"
        case ArithmeticError():
            return "holds a number that is out of range"
        case _:
            return str(error)


def _refusal(path: str, message: str) -> Reading:
    return Reading(refused=[Problem(path, message)])


def _line(raw: bytes, place: int) -> int:
    return raw.count(b"\n", 0, place) + 1


def _judged(data: Any) -> Reading:
    """Return a reading of parsed JSON: its shape must be right, its contents may be wrong."""
    misshapen = list(_shape(data))
    if misshapen:
        return Reading(refused=misshapen)
    try:
        values = {name: jsontext.floats(part) for name, part in data.items()}
        check_values(values)
    except Unstorable as error:
        return _refusal(error.path, error.what)
    except ValueError as error:
        return _refusal("", str(error))
    stages = values.get("stages")
    if stages is not None:
        values["stages"] = {name: spec for name, spec in stages.items() if spec is not None}
    return Reading(values, found=problems(DefinitionSet(**values)))


def _shape(data: Any) -> Found:
    if not isinstance(data, dict):
        yield Problem("", f"must be an object with {', '.join(CONTENT)}")
        return
    yield from _unknown(data, CONTENT, "")
    if not any(name in data for name in CONTENT):
        yield Problem("", f"holds none of {', '.join(CONTENT)}")
    yield from _condition(data.get("icp"), "icp", 1)
    yield from _scoring(data.get("scoring"))
    yield from _stages(data.get("stages", {}))
    key_fields = data.get("key_fields", [])
    if not isinstance(key_fields, list) or not all(isinstance(name, str) for name in key_fields):
        yield Problem("key_fields", "must be a list of names of fields")


def _unknown(data: Json, known: Any, path: str) -> Found:
    yield from (Problem(below(path, key), "is not known here") for key in data if key not in known)


def _condition(raw: Any, path: str, depth: int) -> Found:
    """Yield where a condition is no tree of objects and lists."""
    if raw is None and depth == 1:
        return
    if not isinstance(raw, dict) or depth > DEEPEST:
        yield Problem(path, "must be an object" if depth <= DEEPEST else "is nested too deep")
        return
    if "field" in raw or "event" in raw:
        return
    yield from _unknown(raw, ("all", "any", "not"), path)
    if len(raw) > 1:
        yield Problem(path, "may hold only one of all, any and not")
    for name in ("all", "any"):
        yield from _list_of_conditions(raw.get(name, []), below(path, name), depth)
    if "not" in raw:
        yield from _condition(raw["not"], below(path, "not"), depth + 1)


def _list_of_conditions(parts: Any, path: str, depth: int) -> Found:
    if not isinstance(parts, list):
        yield Problem(path, "must be a list of conditions")
        return
    for index, part in enumerate(parts):
        yield from _condition(part, below(path, index), depth + 1)


def _scoring(raw: Any) -> Found:
    if raw is None:
        return
    if not isinstance(raw, dict):
        yield Problem("scoring", "must be an object")
        return
    yield from _unknown(raw, ("weights", "caps", "rules", "thresholds"), "scoring")
    for name in ("weights", "caps", "thresholds"):
        if not isinstance(raw.get(name), dict | None):
            yield Problem(f"scoring.{name}", "must be an object")
    rules = raw.get("rules")
    if not isinstance(rules, list | None) or len(rules or []) > MAX_RULES:
        yield Problem("scoring.rules", f"must be a list of at most {MAX_RULES} rules")
        return
    for index, rule in enumerate(rules or []):
        path = f"scoring.rules[{index}]"
        if isinstance(rule, dict):
            yield from _condition(rule.get("when"), f"{path}.when", 1)
        else:
            yield Problem(path, "must be an object")


def _stages(raw: Any) -> Found:
    if not isinstance(raw, dict):
        yield Problem("stages", "must be an object")
        return
    yield from _unknown(raw, STAGES, "stages")
    for name, spec in raw.items():
        if isinstance(spec, dict):
            yield from _condition(spec.get("when"), f"stages.{name}.when", 1)
        elif spec is not None:
            yield Problem(f"stages.{name}", "must be an object")


@transaction.atomic
def put_into_draft(reading: Reading, *, by: User | None, at: datetime) -> DefinitionSet:
    """Store what a file says in the draft, starting one if there is none; other parts stay."""
    draft = versions.start(by=by, at=at)
    return versions.save(draft, reading.values, by=by, at=at, revision=draft.revision)
