"""What a forecast looks at: a lead's fields, and its behaviour up to the instant it is judged at.

What sales do (attempts, appointments, owners) is no part of it: they try harder where they expect more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import chain
from math import log1p
from typing import Any

from django.db.models import BooleanField, Case, Count, F, OuterRef, Q, QuerySet, TextField, Value, When

from leads.conditions.facts import count
from leads.conditions.moment import Moment
from leads.free_email import IsFree
from leads.hindsight import EXPOSURE_DAYS, known_at
from leads.models import BehaviourEvent, Lead, Session, Submission, Touch

MOST_LEVELS = 15
FEWEST = 20  # leads that have a level or did a thing, for it to be looked at by itself
MOST_KINDS = 30
OTHER = "(other)"

SIZES = (
    (10, "1–10"),
    (50, "11–50"),
    (200, "51–200"),
    (500, "201–500"),
    (1_000, "501–1,000"),
    (5_000, "1,001–5,000"),
)


def _size() -> Case:
    bands = [When(company_size__lte=most, then=Value(band)) for most, band in SIZES]
    unknown = When(company_size=None, then=Value(""))
    return Case(unknown, *bands, default=Value("5,001 or more"), output_field=TextField())


def _has(field: str) -> Case:
    blank = When(**{field: ""}, then=Value(False))
    return Case(blank, default=Value(True), output_field=BooleanField())


TEXTS: dict[str, Any] = {
    "seniority": F("seniority"),
    "job_function": F("job_function"),
    "industry": F("industry"),
    "country": F("country"),
    "company_size": _size(),
    "channel": F("channel__name"),
    "offer": F("landing_page__offer"),
}
FLAGS: dict[str, Any] = {
    "free_email": IsFree(F("email_domain")),
    **{f"has_{field}": _has(field) for field in ("phone", "company", "website", "job_title")},
}
COUNTS: dict[str, Callable[[Any], QuerySet[Any]]] = {
    "submissions": lambda at: Submission.objects.filter(lead=OuterRef("pk"), at__lte=at),
    "sessions": lambda at: Session.objects.filter(lead=OuterRef("pk"), started_at__lte=at),
    "touches": lambda at: Touch.objects.filter(lead=OuterRef("pk"), at__lte=at),
}
EVENT = "event:"  # before the kind, in the name of what counts it

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One number a lead is described by: yes or no, or how often."""

    feature: str
    level: str | None = None

    @property
    def counts(self) -> bool:
        return self.level is None and self.feature not in FLAGS

    def of(self, row: Row) -> float:
        value = row[self.feature]
        if self.level is not None:
            return 1.0 if value == self.level else 0.0
        return log1p(value) if self.counts else float(bool(value))


@dataclass(frozen=True)
class Vocabulary:
    """What the training leads had: the levels of each text worth telling apart, and the kinds of event."""

    levels: Mapping[str, Mapping[str, str]]  # text -> folded value -> as it was written
    kinds: Sequence[str]

    @cached_property
    def columns(self) -> list[Column]:
        texts = ([Column(text, level) for level in ("", *self.levels[text], OTHER)] for text in TEXTS)
        numbers = [*FLAGS, *COUNTS, *(EVENT + kind for kind in self.kinds)]
        return [*chain(*texts), *map(Column, numbers)]

    def vector(self, row: Row) -> list[float]:
        settled = {**row, **{text: self._level(text, row[text]) for text in TEXTS}}
        return [column.of(settled) for column in self.columns]

    def _level(self, text: str, value: str | None) -> str:
        folded = _fold(value)
        return folded if not folded or folded in self.levels[text] else OTHER

    def as_json(self) -> dict[str, Any]:
        levels = {text: [list(pair) for pair in known.items()] for text, known in self.levels.items()}
        return {"levels": levels, "kinds": list(self.kinds)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Vocabulary:
        return cls({text: dict(pairs) for text, pairs in stored["levels"].items()}, stored["kinds"])


def _fold(value: str | None) -> str:
    return (value or "").strip().casefold()


def vocabulary(rows: Iterable[Row], kinds: Sequence[str]) -> Vocabulary:
    """Learn from rows what is common enough to be told apart."""
    seen: dict[str, Counter[str]] = {text: Counter() for text in TEXTS}
    written: dict[str, dict[str, str]] = {text: {} for text in TEXTS}
    did: Counter[str] = Counter()
    for row in rows:
        did.update(kind for kind in kinds if row[EVENT + kind])
        for text in TEXTS:
            folded = _fold(row[text])
            seen[text][folded] += 1
            written[text].setdefault(folded, (row[text] or "").strip())
    levels = {text: _common(seen[text], written[text]) for text in TEXTS}
    return Vocabulary(levels, [kind for kind in kinds if did[kind] >= FEWEST])


def _common(seen: Counter[str], written: Mapping[str, str]) -> dict[str, str]:
    ranked = sorted((-number, level) for level, number in seen.items() if level and number >= FEWEST)
    return {level: written[level] for _, level in ranked[:MOST_LEVELS]}


def common_kinds(leads: QuerySet[Lead]) -> list[str]:
    """Return the kinds of event that are commonest in the leads' first days, before any became SQL."""
    early = Q(at__lte=F("lead__created_at") + timedelta(days=EXPOSURE_DAYS))
    undecided = Q(lead__sql_at=None) | Q(at__lt=F("lead__sql_at"))
    events = BehaviourEvent.objects.filter(early, undecided, lead__in=leads.order_by().values("pk"))
    numbers = events.order_by().values("kind").annotate(number=Count("pk")).order_by("-number", "kind")
    return [kind for kind, _ in numbers.values_list("kind", "number")[:MOST_KINDS]]


def read(
    leads: QuerySet[Lead], kinds: Sequence[str], besides: Mapping[str, Any] | None = None
) -> Iterator[Row]:
    """Yield what is looked at of each lead, and of expressions besides; the same for one lead and for all."""
    at = Moment(F("known_at")).from_inside()
    asked: dict[str, Any] = {**TEXTS, **FLAGS, **(besides or {})}
    asked |= {name: count(rows(at)) for name, rows in COUNTS.items()}
    done = BehaviourEvent.objects.filter(lead=OuterRef("pk"), at__lte=at)
    asked |= {EVENT + kind: count(done.filter(kind=kind)) for kind in kinds}
    named = {f"asked_{index}": expression for index, expression in enumerate(asked.values())}
    rows = leads.annotate(known_at=known_at()).annotate(**named).order_by()
    for pk, *values in rows.values_list("pk", *named):
        yield {"pk": pk, **dict(zip(asked, values, strict=True))}
