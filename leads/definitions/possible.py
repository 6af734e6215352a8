"""Whether tests of one field, or of one kind of event, can hold together for some lead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any

from leads.conditions.fields import FIELDS
from leads.conditions.kinds import FreeMail, Instant, Kind, Reference, Tags, Text, Whole
from leads.definitions.spans import Span, has_room, instant_span, number_span
from leads.models import Lead, Stage, Workspace

Json = dict[str, Any]

CHOICES = {"stage": {"lead", *Stage.values}, "status": set(Lead.Status.values)}
SPANS = {"attempts": Span(0, inf), "company_size": Span(0, inf), "score": Span(0, 100)}
MEMBERS = ("eq", "in")
EXCLUDED = {"ne": "eq", "not_in": "in"}
PATTERNS = ("contains", "starts_with", "ends_with")


@dataclass(frozen=True, eq=False)
class Literal:
    """A condition that must hold, or, negated, must not."""

    raw: Json
    path: str
    negated: bool = False

    @property
    def condition(self) -> Json:
        return {"not": self.raw} if self.negated else self.raw

    @property
    def is_test(self) -> bool:
        return "field" in self.raw or "event" in self.raw

    @property
    def is_group(self) -> bool:
        return bool(self.raw) and not self.is_test

    @property
    def subject(self) -> tuple[str, str]:
        """Return what it is about: a field or a kind of event."""
        kind = "event" if "event" in self.raw else "field"
        return kind, self.raw[kind]

    @property
    def op(self) -> str:
        return str(self.raw["op"])

    @property
    def values(self) -> list[Any]:
        value = self.raw.get("value")
        return value if isinstance(value, list) else [value]


def together(literals: list[Literal]) -> bool:
    """Tell whether literals about the same thing can all hold; if in doubt, they can."""
    first = literals[0]
    if not first.is_test:
        return _groups(literals)
    if "event" in first.raw:
        return _events(literals)
    name = first.raw["field"]
    return _blank(FIELDS[name].kind, literals) or _filled(name, literals)


def why_never(literal: Literal) -> str:
    """Say why a literal cannot hold by itself."""
    raw = literal.raw
    if not literal.is_test:
        return "is empty, so it never holds"
    if raw.get("value") == []:
        return "holds no value, so it never holds"
    if raw["op"] == "between":
        return "is never met: no value lies between the two"
    if "event" in raw:
        return "never holds: there cannot be fewer than none"
    label = FIELDS[raw["field"]].label
    if raw["op"] in ("is_blank", "is_set"):
        return f"never holds: {label} is never blank"
    return f"never holds: {label} has no such value"


def _groups(literals: list[Literal]) -> bool:
    """An empty `any` never holds; nor does a group beside its own opposite."""
    if any(literal.raw.get("any") == [] and not literal.negated for literal in literals):
        return False
    if any(literal.raw.get("all") == [] and literal.negated for literal in literals):
        return False
    return len({literal.negated for literal in literals}) == 1


def _events(literals: list[Literal]) -> bool:
    """So many within some days are at least as many within more of them."""
    floors: list[tuple[float, int]] = [(0.0, 0)]
    ceilings: list[tuple[float, int]] = []
    for literal in literals:
        is_floor = (literal.op == "count_gte") is not literal.negated
        days = literal.raw.get("within_days")
        window = inf if days is None else float(days)
        (floors if is_floor else ceilings).append((window, int(literal.raw["value"])))
    return not any(low >= high and inside <= window for inside, low in floors for window, high in ceilings)


def _blank(kind: Kind, literals: list[Literal]) -> bool:
    """Tell whether a blank field meets them all."""
    return not kind.never_blank and all((each.op == "is_blank") is not each.negated for each in literals)


def _filled(name: str, literals: list[Literal]) -> bool:
    """Tell whether some value of the field meets them all."""
    blanks = {(each.op, each.negated) for each in literals}
    if ("is_blank", False) in blanks or ("is_set", True) in blanks:
        return False
    told = [each for each in literals if each.op not in ("is_set", "is_blank")]
    kind = FIELDS[name].kind
    if isinstance(kind, FreeMail):
        return len({each.values[0] is _is_said(each) for each in told}) <= 1
    if isinstance(kind, Tags):
        return _tags(told)
    if isinstance(kind, Text):
        return _texts(name, kind, told)
    if isinstance(kind, Whole | Instant):
        return _spans(name, kind, told)
    return True


def _is_said(literal: Literal) -> bool:
    """Tell whether it says what the value is, rather than what it is not."""
    return (literal.op not in EXCLUDED) is not literal.negated


def _folded(values: Iterable[str]) -> set[str]:
    return {value.casefold() for value in values}


def _tags(literals: list[Literal]) -> bool:
    wanted = [_folded(each.values) for each in literals if _is_said(each)]
    banned = set().union(*(_folded(each.values) for each in literals if not _is_said(each)))
    return all(tags - banned for tags in wanted)


def _texts(name: str, kind: Kind, literals: list[Literal]) -> bool:
    patterns = [
        (each.op, each.values[0].casefold(), each.negated) for each in literals if each.op in PATTERNS
    ]
    members = [each for each in literals if each.op not in PATTERNS]
    allowed = [_folded(each.values) for each in members if _is_said(each)]
    if name in CHOICES:
        allowed.append(CHOICES[name])
    if not allowed:
        return _patterns(patterns)
    banned = set().union(*(_folded(each.values) for each in members if not _is_said(each)))
    if not kind.never_blank and not isinstance(kind, Reference):
        banned.add("")  # which is blank
    left = set.intersection(*allowed) - banned
    return any(all(_fits(text, *pattern) for pattern in patterns) for text in left)


def _fits(text: str, op: str, pattern: str, negated: bool) -> bool:
    fits = {"contains": pattern in text, "starts_with": text.startswith(pattern)}
    return fits.get(op, text.endswith(pattern)) is not negated


def _patterns(patterns: list[tuple[str, str, bool]]) -> bool:
    """Tell whether texts may fit, when any text is allowed."""
    said = [(op, text) for op, text, negated in patterns if not negated]
    denied = [(op, text) for op, text, negated in patterns if negated]
    starts = [text for op, text in said if op == "starts_with"]
    ends = [text[::-1] for op, text in said if op == "ends_with"]
    clash = any(
        not one.startswith(other) and not other.startswith(one)
        for texts in (starts, ends)
        for one in texts
        for other in texts
    )
    return not clash and not any(_implies(one, other) for one in said for other in denied)


def _implies(said: tuple[str, str], denied: tuple[str, str]) -> bool:
    """Tell whether what one pattern asks for brings the other with it."""
    (said_op, text), (op, other) = said, denied
    if op == "contains":
        return other in text
    return said_op == op and (text.startswith(other) if op == "starts_with" else text.endswith(other))


def _spans(name: str, kind: Kind, literals: list[Literal]) -> bool:
    span = _reader(kind)
    room = [SPANS.get(name, Span(-inf, inf))]
    banned: list[Span] = []
    for each in literals:
        op = EXCLUDED.get(each.op, each.op)
        spans = [span("eq", [value]) for value in each.values] if op == "in" else [span(op, each.values)]
        if _is_said(each):
            room = [one.overlap(other) for one in room for other in spans]
        else:
            banned += spans
    return any(has_room(one, banned) for one in room)


def _reader(kind: Kind) -> Callable[[str, list[Any]], Span]:
    """Return what reads an operation as a span."""
    if isinstance(kind, Instant):
        zone = Workspace.current().zone
        return lambda op, values: instant_span(op, values, zone)
    return number_span
