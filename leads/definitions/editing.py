"""A condition as a form holds it: what was posted becomes JSON again, after what a button asks for.

Every input is named by the place of its condition: `c` is the outermost group, `c.0` the first in it,
`c.0.op` the operation of that one. What is unfinished or wrong stays as it was typed: a draft may be both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from leads.conditions.fields import FIELDS
from leads.conditions.kinds import FreeMail, Kind, Whole

ROOT = "c"
EVENT = "!event"  # what the list of fields calls behaviour
EVENT_OPS = ("count_gte", "count_lt")
MOST_PARTS = 101  # one more than a condition may hold, so that the error can be shown
MOST_DEEP = 20

ALL, ANY, NONE, NOT_ALL = "all", "any", "none", "not_all"
KINDS = (ALL, ANY, NONE, NOT_ALL)
BLANK = {"field": ""}

MANY = frozenset({"in", "not_in"})
NOTHING = frozenset({"is_set", "is_blank"})
FIRST_OPS = ("gte", "in", "eq")  # what a field is first asked, where it can be

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,30})?([eE][-+]?\d{1,3})?", re.ASCII)


def index(text: str) -> int | None:
    """Return the number of a part, None where the text is none."""
    return int(text) if re.fullmatch(r"\d{1,4}", text, re.ASCII) else None


@dataclass(frozen=True)
class Action:
    """What a button does: a verb, the place it acts on, and sometimes which of several."""

    verb: str = ""
    at: str = ""
    which: int = 0

    @classmethod
    def read(cls, text: str) -> Action:
        verb, at, which = [*text.split(" "), "", ""][:3]
        return cls(verb, at, index(which) or 0)

    @property
    def inside(self) -> tuple[str, int | None]:
        """Return the place of the group it acts within, and on which of its parts."""
        group, _, place = self.at.rpartition(".")
        return group, index(place)


def condition(data: Mapping[str, str], action: Action | None = None) -> Any:
    """Return the condition a form holds, after a button's action."""
    return _Form(data, action or Action()).node(ROOT, 1)


def shape(op: str) -> str:
    """Return how many values an operation takes: none, one, a pair or many."""
    if op in NOTHING:
        return "none"
    if op in MANY:
        return "many"
    return "pair" if op == "between" else "one"


def first_op(kind: Kind) -> str:
    return next(op for op in FIRST_OPS if op in kind.ops)


def number(text: str) -> int | float | str:
    """Return the number written, or the text itself where it is none."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return text
    value = float(text)
    if not isfinite(value):
        return text
    return int(text) if re.fullmatch(r"-?\d+", text) else value


def clean(value: Any) -> Any:
    """Return a JSON value without the characters no database takes, which are made visible."""
    if isinstance(value, str):
        return re.sub("[\0\ud800-\udfff]", "�", value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value


def read_json(text: str) -> Any:
    """Return the JSON a form carries in one field; nothing where it is not JSON."""
    try:
        return clean(json.loads(text, parse_constant=str))
    except (ValueError, RecursionError):
        return None


class _Form:
    def __init__(self, data: Mapping[str, str], action: Action) -> None:
        self.data = data
        self.action = action

    def text(self, at: str, name: str) -> str:
        return str(clean(self.data.get(f"{at}.{name}", "")))

    def node(self, at: str, depth: int) -> Any:
        if raw := self.data.get(f"{at}.raw"):
            return read_json(raw)
        if f"{at}.kind" in self.data and depth <= MOST_DEEP:
            return self.group(at, depth)
        return self.events(at) if self.text(at, "field") == EVENT else self.test(at)

    def group(self, at: str, depth: int) -> Any:
        count = min(index(self.text(at, "size")) or 0, MOST_PARTS)
        parts = [self.node(f"{at}.{index}", depth + 1) for index in range(count)]
        kind = self.text(at, "kind")
        parts = arranged(parts, at, kind, self.action)
        return grouped(kind, parts, bare=self.text(at, "bare") == kind and len(parts) == 1)

    def test(self, at: str) -> Any:
        field = self.text(at, "field")
        op = self.text(at, "op")
        if field not in FIELDS:
            return {"field": field, "op": op} if op else {"field": field}
        kind = FIELDS[field].kind
        if field != self.text(at, "was"):
            return {"field": field, "op": op if op in kind.ops else first_op(kind)}
        return {"field": field, "op": op, **self.value(at, op, kind)}

    def value(self, at: str, op: str, kind: Kind) -> dict[str, Any]:
        """Return the value in the shape the operation takes; none where nothing was entered."""
        values = self.values(at, kind)
        wanted = shape(op)
        if wanted == "none":
            return {}
        if wanted == "pair":
            return {"value": [*values, None, None][:2]} if values else {}
        if values:
            return {"value": values if wanted == "many" else values[0]}
        if not self.text(at, "blank") or shape(op) != self.text(at, "shape"):
            return {}
        return {"value": [] if wanted == "many" else ""}

    def values(self, at: str, kind: Kind) -> list[Any]:
        """Return what stands in the inputs as they were drawn."""
        drawn = self.text(at, "shape")
        if drawn == "many":
            return self.listed(at, kind)
        names = ("low", "high") if drawn == "pair" else ("value",)
        read = [one(self.text(at, name), kind) for name in names]
        if drawn == "pair" and any(value is not None for value in read):
            return read
        return [value for value in read if value is not None]

    def listed(self, at: str, kind: Kind) -> list[Any]:
        given = read_json(self.text(at, "values"))
        values = list(given) if isinstance(given, list) else []
        if self.action.verb == "take" and self.action.at == at:
            del values[self.action.which : self.action.which + 1]
        new = one(self.text(at, "new"), kind)
        return values if new is None or new in values else [*values, new]

    def events(self, at: str) -> dict[str, Any]:
        if self.text(at, "was") != EVENT:
            return {"event": "", "op": EVENT_OPS[0], "value": 1}
        test: dict[str, Any] = {"event": self.text(at, "event"), "op": self.text(at, "op")}
        if self.text(at, "value"):
            test["value"] = number(self.text(at, "value"))
        if self.text(at, "within"):
            test["within_days"] = number(self.text(at, "within"))
        return test


def one(text: str, kind: Kind) -> Any:
    """Return one value as a field of this kind takes it; None where nothing was entered."""
    text = text.strip()
    if not text:
        return None
    if isinstance(kind, FreeMail):
        return {"yes": True, "no": False}.get(text, text)
    return number(text) if isinstance(kind, Whole) else text


def arranged(parts: list[Any], at: str, kind: str, action: Action) -> list[Any]:
    """Return the parts of a group after an action on it or on one of them."""
    if action.at == at and action.verb == "add":
        return [*parts, dict(BLANK)]
    if action.at == at and action.verb == "group":
        return [*parts, {ALL if kind in (ANY, NONE) else ANY: [dict(BLANK)]}]
    group, place = action.inside
    if group == at and place is not None and place < len(parts):
        return _moved(parts, place, action.verb)
    return parts


def _moved(parts: list[Any], place: int, verb: str) -> list[Any]:
    if verb == "drop":
        return parts[:place] + parts[place + 1 :]
    to = {"up": place - 1, "down": place + 1}.get(verb, place)
    if 0 <= to < len(parts):
        parts[place], parts[to] = parts[to], parts[place]
    return parts


def grouped(kind: str, parts: list[Any], *, bare: bool = False) -> Any:
    """Return a group as JSON; a bare one had its only part without a list around it."""
    if kind in (NONE, NOT_ALL):
        return {"not": parts[0] if bare else {ANY if kind == NONE else ALL: parts}}
    return parts[0] if bare else {ANY if kind == ANY else ALL: parts}
