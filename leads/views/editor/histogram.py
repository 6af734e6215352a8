"""How the scores of real leads are spread, and what became of the leads of each band."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from leads.definitions.words import BANDS
from leads.models import DefinitionSet
from leads.views.editor.counts import fresh_score, recent

WIDTH = 5  # of a bar, in points of score
MOST_SCORED = 50_000
TONES = {"cold": "c0", "warm": "c2", "mql": "c1", "sql": "c3"}
NAMES = {"cold": "Cold", **BANDS}


@dataclass(frozen=True)
class Band:
    """The leads between two thresholds."""

    slug: str
    name: str
    start: Any  # as it was entered, which need not be a number
    leads: int
    share: float | None
    won: float | None  # of them, in percent

    @property
    def tone(self) -> str:
        return TONES[self.slug]


@dataclass(frozen=True)
class Bar:
    start: int
    end: int
    leads: int
    band: str

    @property
    def name(self) -> str:
        return NAMES[self.band]


@dataclass(frozen=True)
class Histogram:
    bars: list[Bar]
    bands: list[Band]
    total: int
    unscored: int
    is_stored: bool  # by the stored scores, though the draft has rules of its own

    @property
    def chart(self) -> dict[str, Any]:
        return {
            "labels": [bar.start for bar in self.bars],
            "ends": [bar.end for bar in self.bars],
            "values": [bar.leads for bar in self.bars],
            "tones": [TONES[bar.band] for bar in self.bars],
            "cuts": [band.start for band in self.bands[1:] if _is_on_axis(band.start)],
        }


def histogram(
    shown: DefinitionSet, live: DefinitionSet, thresholds: dict[str, Any], at: datetime
) -> Histogram:
    """Return how the scores of recent leads are spread, by a draft's own rules where it has some."""
    fresh = fresh_score(shown, live, at, MOST_SCORED)
    leads = recent(at).annotate(points=fresh) if fresh is not None else recent(at)
    name = "points" if fresh is not None else "score"
    won = Q(customer_at__lte=at)
    spread: Counter[Any] = Counter()
    customers: Counter[Any] = Counter()
    if fresh is None:
        for score, number, of_them in (
            leads.order_by().values_list("score").annotate(n=Count("pk"), w=Count("pk", filter=won))
        ):
            spread[score], customers[score] = number, of_them
    else:
        for score, when in leads.values_list(name, "customer_at").iterator(chunk_size=5_000):
            spread[score] += 1
            customers[score] += bool(when and when <= at)
    unscored = spread.pop(None, 0)
    is_stored = fresh is None and bool(shown.scoring) and _is_changed(shown, live)
    bars = _bars(spread, thresholds)
    return Histogram(bars, _bands(spread, customers, thresholds), spread.total(), unscored, is_stored)


def _is_changed(shown: DefinitionSet, live: DefinitionSet) -> bool:
    before = {**(live.scoring or {}), "thresholds": None}
    return isinstance(shown.scoring, dict) and {**shown.scoring, "thresholds": None} != before


def _is_on_axis(start: Any) -> bool:
    return isinstance(start, int | float) and 0 <= start <= 100


def _band_of(score: int, thresholds: dict[str, Any]) -> str:
    """Return the highest band a score reaches; thresholds that are no numbers are passed over."""
    reached = [
        band for band in BANDS if isinstance(thresholds.get(band), int | float) and score >= thresholds[band]
    ]
    return reached[-1] if reached else "cold"


def _bars(spread: Counter[Any], thresholds: dict[str, Any]) -> list[Bar]:
    """Return a bar for each five points; 100 stands with the last."""
    heights: Counter[int] = Counter()
    for score, number in spread.items():
        heights[min(score, 99) // WIDTH] += number
    return [
        Bar(
            place * WIDTH,
            place * WIDTH + WIDTH - 1 + (place == 19),
            heights[place],
            _band_of(place * WIDTH, thresholds),
        )
        for place in range(100 // WIDTH)
    ]


def _bands(spread: Counter[Any], customers: Counter[Any], thresholds: dict[str, Any]) -> list[Band]:
    total = spread.total()
    found = []
    for slug, name in NAMES.items():
        scores = [score for score in spread if _band_of(score, thresholds) == slug]
        leads = sum(spread[score] for score in scores)
        won = sum(customers[score] for score in scores)
        start = 0 if slug == "cold" else thresholds.get(slug)
        found.append(
            Band(
                slug, name, start, leads,
                100 * leads / total if total else None, 100 * won / leads if leads else None,
            )
        )  # fmt: skip
    return found
