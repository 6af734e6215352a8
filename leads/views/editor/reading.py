"""From the JSON of a condition to the rows of the builder, with what is wrong at each input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from leads.conditions.fields import FIELDS
from leads.conditions.kinds import FreeMail, Whole
from leads.conditions.values import below
from leads.definitions.editing import ALL, ANY, EVENT, MOST_DEEP, MOST_PARTS, NONE, NOT_ALL, ROOT, shape
from leads.definitions.found import ERROR, Problem
from leads.definitions.words import value_words
from leads.views.editor import choices
from leads.views.editor.choices import Choices
from leads.views.editor.rows import Group, Raw, Row, Test, Value

BIG = 10.0**15  # beyond, numbers are not written with digits alone
INPUTS = {"field": "field", "op": "op", "value": "value", "event": "event", "within_days": "within"}


def rows(raw: Any, path: str, found: Sequence[Problem], forbid: Set[str], lists: Choices) -> Row:
    """Return the outermost row of a condition that stands at `path`."""
    return _Reader(found, forbid, lists).root(raw, path)


class _Reader:
    def __init__(self, found: Sequence[Problem], forbid: Set[str], lists: Choices) -> None:
        self.found = found
        self.forbid = forbid
        self.lists = lists

    def root(self, raw: Any, path: str) -> Row:
        row = self.row({"all": []} if raw is None else raw, ROOT, path, 1)
        if isinstance(row, Group):
            return row
        inner = self.row(raw, f"{ROOT}.0", path, 2)
        return Group(at=ROOT, path="", json=raw, kind=ALL, rows=[inner], bare=True)

    def row(self, raw: Any, at: str, path: str, depth: int) -> Row:
        found = self._group(raw, at, path, depth) or self._test(raw, at, path) or self._events(raw, at, path)
        row: Row = found or Raw(at=at, path=path, json=raw)
        self._put_errors(row)
        return row

    def _group(self, raw: Any, at: str, path: str, depth: int) -> Group | None:
        if not isinstance(raw, dict) or len(raw) > 1 or depth > MOST_DEEP:
            return None
        if not raw:
            return Group(at=at, path=path, json=raw, kind=ALL, rows=[])
        [(name, inside)] = raw.items()
        if name == "not":
            return self._negated(inside, raw, at, below(path, "not"), depth)
        if name not in (ALL, ANY) or not isinstance(inside, list) or len(inside) > MOST_PARTS:
            return None
        group = Group(at=at, path=path, json=raw, kind=name, rows=[])
        for index, part in enumerate(inside):
            place = below(below(path, name), index)
            group.rows.append(self.row(part, f"{at}.{index}", place, depth + 1))
        return group

    def _negated(self, inside: Any, raw: Any, at: str, path: str, depth: int) -> Group | None:
        is_list = isinstance(inside, dict) and inside.keys() <= {ALL, ANY}
        group = self._group(inside, at, path, depth) if is_list else None
        if group:
            group.kind = NONE if group.kind == ANY else NOT_ALL
            group.json, group.path = raw, path.removesuffix(".not")
            return group
        part = self.row(inside, f"{at}.0", path, depth + 1)
        kind = NONE if isinstance(part, Test) else NOT_ALL
        return Group(at=at, path=path.removesuffix(".not"), json=raw, kind=kind, rows=[part], bare=True)

    def _test(self, raw: Any, at: str, path: str) -> Test | None:
        if not isinstance(raw, dict) or not {"field"} <= raw.keys() <= {"field", "op", "value"}:
            return None
        name, op = raw["field"], raw.get("op", "")
        if not _is_line(name) or not _is_line(op) or name == EVENT or (name not in FIELDS and "value" in raw):
            return None
        fields = choices.fields(name, self.forbid)
        test = Test(
            at=at, path=path, json=raw, field=name, op=op, fields=fields, ops=choices.operators(name, op)
        )
        return test if name not in FIELDS or self._fill(test, raw) else None

    def _fill(self, test: Test, raw: Mapping[str, Any]) -> bool:
        """Give a test its value and widget; return whether there is one for it."""
        value = raw.get("value")
        test.shape = shape(test.op)
        if test.shape == "none":
            return value in (None, True)
        if test.shape != "one" and not isinstance(value, list | None):
            return False
        given = value if isinstance(value, list) else [] if value is None else [value]
        test.is_blank = "value" in raw and given in ([], [""]) and value is not None
        if test.is_blank:
            given = []
        if not all(_is_known(item, test.field, test.shape) for item in given):
            return False
        test.options = self.lists.select(test.field, test.op)
        test.values = [_value(item, test) for item in given]
        test.is_number = choices.is_number(test.field)
        longest = max((len(item.text) for item in test.values), default=0)
        test.input_type = choices.input_type(test.field, longest)
        test.suggested = test.field if test.options is None and self.lists.frequent(test.field) else ""
        return test.shape != "pair" or len(given) in (0, 2)

    def _events(self, raw: Any, at: str, path: str) -> Test | None:
        keys = {"event", "op", "value", "within_days"}
        if not isinstance(raw, dict) or not {"event"} <= raw.keys() <= keys:
            return None
        kind, op = raw["event"], raw.get("op", "")
        number, days = raw.get("value"), raw.get("within_days")
        if not (_is_line(kind) and _is_line(op) and _is_typed(number) and _is_typed(days)):
            return None
        test = Test(
            at=at,
            path=path,
            json=raw,
            field=EVENT,
            op=op,
            fields=choices.fields(EVENT, self.forbid),
            ops=choices.operators(EVENT, op),
        )
        test.values = [Value(json=number, text="" if number is None else str(number), label="")]
        test.options, test.within = None, "" if days is None else str(days)
        test.suggested = EVENT if self.lists.events else ""
        return test

    def _put_errors(self, row: Row) -> None:
        for problem in self.found:
            rest = problem.path.removeprefix(row.path) if problem.path.startswith(row.path) else None
            if rest is None or not row.path:
                continue
            part = _input_of(rest, row)
            if part is None:
                continue
            if problem.level == ERROR:
                row.errors.setdefault(part, _said(problem, part, row))
            else:
                row.warnings.append(problem.message)


def _is_line(value: Any) -> bool:
    """Tell whether an input of one line gives a text back as it is."""
    return isinstance(value, str) and value == value.strip() and value.isprintable()


def _is_typed(value: Any) -> bool:
    """Tell whether a value is a number, or what somebody typed in the place of one."""
    if value is None:
        return True
    if isinstance(value, str):
        return value != "" and _is_line(value)
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < BIG


def _is_known(value: Any, name: str, form: str) -> bool:
    kind = FIELDS[name].kind
    if value is None:
        return form == "pair"
    if isinstance(kind, Whole):
        return _is_typed(value)
    if isinstance(kind, FreeMail) and isinstance(value, bool):
        return True
    return isinstance(value, str) and value != "" and (form == "many" or _is_line(value))


def _value(value: Any, test: Test) -> Value:
    text = (
        {True: "yes", False: "no"}[value] if isinstance(value, bool) else "" if value is None else str(value)
    )
    labels = dict(test.options or [])
    label = labels.get(text) or value_words(test.field, value)
    if test.options is not None and text not in labels:
        test.options = [*test.options, (text, f"{text} (not known)")]
    return Value(json=value, text=text, label=label)


def _input_of(rest: str, row: Row) -> str | None:
    """Return the input a problem is about; None if it is about another row."""
    if rest == "":
        return ""
    if isinstance(row, Group):
        return "" if rest in (".all", ".any", ".not", ".not.all", ".not.any") else None
    head = rest.lstrip(".").partition("[")[0].partition(".")[0]
    if isinstance(row, Test):
        return {
            "field": "field",
            "op": "op",
            "value": "value",
            "event": "event",
            "within_days": "within",
        }.get(head, "")
    return "" if rest[0] in ".[" else None


def _said(problem: Problem, part: str, row: Row) -> str:
    """Return what is wrong, to somebody who is not done yet."""
    given = row.json if isinstance(row.json, dict) else {}
    if part == "field" and not given.get("field"):
        return "Choose a field"
    if part == "event" and not given.get("event"):
        return "Choose what they did"
    if part == "value" and given.get("value") in (None, "", []):
        return "Enter a number" if "event" in given else "Choose a value"
    return problem.message[:1].upper() + problem.message[1:]
