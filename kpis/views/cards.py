"""A KPI as the pages show it: value, change, target and trend, read off the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, sqrt
from typing import Any

from kpis.catalog import GROUPS, KPIS
from kpis.definitions import Summed
from kpis.kinds import Kpi
from kpis.templatetags.figures import Figure, change, figure, share_places
from leads.templatetags.interface import Number, grouped

ENOUGH = 5  # below so many records a value is grey and not compared
ROWS = 6  # of the scorecard
POINTS = 16  # of a sparkline
CLOSE = 0.1  # of the target
STATES = {
    "ok": ("On target", "circle-check"),
    "near": ("Close to target", "circle-half-2"),
    "off": ("Off target", "circle-x"),
}


@dataclass(frozen=True)
class Delta:
    """A change, and whether it is good news."""

    text: str
    verdict: str  # good, bad, neutral; flat within normal variation

    @property
    def icon(self) -> str:
        return "arrow-up-right" if self.text.startswith("+") else "arrow-down-right"


@dataclass(frozen=True)
class Mark:
    """A target, and how the value stands to it."""

    text: str
    state: str  # ok, near, off; blank where a KPI has no good side

    @property
    def words(self) -> str:
        return STATES[self.state][0] if self.state else "Target"

    @property
    def icon(self) -> str:
        return STATES[self.state][1] if self.state else "target"


@dataclass(frozen=True)
class Card:
    """One KPI of a report."""

    kpi: Kpi
    entry: Mapping[str, Any]
    currency: str

    @property
    def value(self) -> Figure:
        return self.write(self.entry["value"])

    @property
    def previous(self) -> Figure:
        return self.write(self.entry["previous"])

    def write(self, value: Number | None) -> Figure:
        places = share_places(value, self.entry["target"]) if value is not None else None
        return figure(value, self.kpi.unit, self.currency, places)

    @property
    def above(self) -> str:
        """Return what the numerator is called: a timing adds up time over the rows it lists."""
        return "Total time" if self.kpi.unit == "duration" else self.kpi.numerator.label

    @property
    def below(self) -> str:
        return self.kpi.denominator.label if self.kpi.denominator else ""

    @property
    def n(self) -> str:
        return grouped(self.entry["n"])

    @property
    def sample(self) -> str:
        """Return what the value rests on, in words."""
        measures = (self.kpi.denominator, self.kpi.numerator)
        labels = (of.label for of in measures if of and not isinstance(of.total, Summed))
        label = next(labels, "records")
        return f"{self.n} ({label[0].lower()}{label[1:]})"

    @property
    def is_known(self) -> bool:
        return self.entry["value"] is not None

    @property
    def is_few(self) -> bool:
        return self.is_known and self.entry["n"] < ENOUGH

    @property
    def note(self) -> str:
        return str(self.entry["note"])

    @cached_property
    def delta(self) -> Delta | None:
        value, previous = self.entry["value"], self.entry["previous"]
        if value is None or previous is None or self.is_few:
            return None
        text = change(value, previous, self.entry["change_percent"], self.kpi.unit)
        return None if text == "—" else Delta(text, self._verdict(value, previous))

    def _verdict(self, value: Number, previous: Number) -> str:
        if abs(float(value) - float(previous)) < self._chance(value, previous):
            return "flat"
        if self.kpi.good is None:
            return "neutral"
        return "good" if (float(value) > float(previous)) == (self.kpi.good == "up") else "bad"

    def _chance(self, value: Number, previous: Number) -> float:
        """Return the change that chance alone would make: one standard error of the difference."""
        n = max(self.entry["n"], 1)
        share = float(previous) / 100
        if self.kpi.unit == "percent" and 0 <= share <= 1:
            return 100 * sqrt(2 * share * (1 - share) / n)
        return abs(float(previous)) * sqrt(2 / n)

    @cached_property
    def target(self) -> Mark | None:
        target = self.entry["target"]
        return None if target is None else Mark(str(self.write(target)), self._state(target))

    def _state(self, target: Number) -> str:
        value = self.entry["value"]
        if value is None or self.kpi.good is None or self.is_few:
            return ""
        missed = misses(self.kpi, value, target)
        if missed <= 0:
            return "ok"
        return "near" if missed <= CLOSE * abs(float(target)) else "off"

    @property
    def shortfall(self) -> float:
        """Return by what share of its target the value misses it."""
        target = self.entry["target"]
        return misses(self.kpi, self.entry["value"], target) / abs(float(target)) if target else 0.0

    @property
    def trend_label(self) -> str:
        return f"{self.kpi.name} trend"

    @property
    def trend(self) -> list[float | None]:
        return smooth([point["value"] for point in self.entry.get("series", ())])


def smooth(values: Sequence[Number | None]) -> list[float | None]:
    """Return at most POINTS points: each the mean of as many neighbours, gaps left out."""
    size = ceil(len(values) / POINTS) or 1
    chunks = (values[start : start + size] for start in range(0, len(values), size))
    return [_mean([float(value) for value in chunk if value is not None]) for chunk in chunks]


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def misses(kpi: Kpi, value: Number, target: Number) -> float:
    """Return by how much a value misses its target; negative where it is better."""
    gap = float(target) - float(value)
    return gap if kpi.good == "up" else -gap


@dataclass(frozen=True)
class Group:
    """A column of the scorecard."""

    title: str
    cards: list[Card]

    @property
    def last_rows(self) -> int:
        """Return over how many rows the last cell grows in a shorter group."""
        return ROWS - len(self.cards) + 1

    @property
    def with_target(self) -> list[Card]:
        return [card for card in self.cards if card.target]

    @property
    def on_target(self) -> int:
        return sum(card.target is not None and card.target.state == "ok" for card in self.cards)


def cards(report: Mapping[str, Any]) -> dict[str, Card]:
    return {entry["slug"]: Card(KPIS[entry["slug"]], entry, report["currency"]) for entry in report["kpis"]}


def groups(of: Iterable[Card]) -> list[Group]:
    """Return the columns of the scorecard, each with its cards."""
    every = list(of)
    return [
        Group(title, [card for card in every if card.kpi.group == slug]) for slug, title in GROUPS.items()
    ]
