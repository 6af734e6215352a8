"""Data for the charts: points, labels, units and colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import formats

from kpis.views.cards import Card
from leads.models import Channel
from leads.templatetags.interface import SYMBOLS, Number

SERIES = 6  # a seventh channel is grey
MINUTE, HOUR = 60, 3600

Unit = dict[str, str]


def colours() -> dict[str, str]:
    """Return each channel's colour: the same one everywhere."""
    keys = Channel.objects.order_by("pk").values_list("key", flat=True)[:SERIES]
    return {key: f"c{index}" for index, key in enumerate(keys, start=1)}


def money_unit(currency: str) -> Unit:
    return {"before": SYMBOLS.get(currency, f"{currency} "), "after": ""}


def point_label(start: str, grain: str) -> str:
    """Write a bucket's start as the axis shows it."""
    day = date.fromisoformat(start)
    if grain == "quarter":
        return f"Q{(day.month + 2) // 3} {day.year}"
    return str(formats.date_format(day, "M Y" if grain == "month" else "j M"))


def trend(
    card: Card, previous: Sequence[Mapping[str, Any]], grain: str, names: tuple[str, str]
) -> dict[str, Any]:
    """Return a KPI's line over the period, with that of the previous period beside it."""
    series = card.entry["series"]
    now, before = ([point["value"] for point in points] for points in (series, previous))
    unit, factor = _unit(card, [value for value in (*now, *before) if value is not None])
    target = card.entry["target"]
    length = len(now)
    return {
        "labels": [point_label(point["start"], grain) for point in series],
        "name": names[0],
        "previousName": names[1],
        "now": [_scaled(value, factor) for value in now],
        "previous": [_scaled(value, factor) for value in before[:length]],
        "target": _scaled(target, factor),
        "unit": unit,
    }


def _scaled(value: Number | None, factor: float) -> float | None:
    return None if value is None else float(value) * factor


def _unit(card: Card, values: Sequence[Number]) -> tuple[Unit, float]:
    """Return what stands around a value on the axis, and what to multiply values by."""
    if card.kpi.unit == "percent":
        return {"before": "", "after": "%"}, 1
    if card.kpi.unit == "money":
        return money_unit(card.currency), 1
    if card.kpi.unit == "duration":
        hours = max(map(float, values), default=0) >= 3 * HOUR
        return (
            ({"before": "", "after": " h"}, 1 / HOUR)
            if hours
            else ({"before": "", "after": " min"}, 1 / MINUTE)
        )
    return {"before": "", "after": ""}, 1000 if card.kpi.unit == "per_money" else 1
