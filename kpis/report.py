"""The report as data: what the API, the command line, CSV and the pages all print."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from kpis import restating
from kpis.board import Board, Key
from kpis.catalog import KPIS
from kpis.definitions import NONE
from kpis.kinds import HUNDRED, Figure, Kpi, divide, nothing
from kpis.measures import AFTER_MQL
from kpis.periods import Period
from kpis.query import ReportQuery
from leads.models import DefinitionSet, Target, Workspace


def board_for(query: ReportQuery, now: datetime) -> Board:
    """Return the board a query speaks of; raise a ValidationError where it can't be restated yet."""
    workspace = Workspace.current()
    measures = {measure for slug in query.kpis for measure in KPIS[slug].measures()}
    if query.restated:
        measures.update(AFTER_MQL.values())
    return Board(
        workspace=workspace,
        definitions=DefinitionSet.current(),
        period=Period(query.start, query.end, workspace.zone),
        as_of=query.as_of or now,
        live=query.as_of is None,
        basis=query.basis,
        filters=query.filters,
        attribution=query.attribution,
        cost=query.cost,
        restated=restating.replay_of(query.restated, now) if query.restated else None,
        measures=frozenset(measures),
    )


def build(query: ReportQuery, now: datetime | None = None) -> dict[str, Any]:
    """Return the report in the shape of the API, numbers as int or Decimal, times in ISO 8601."""
    board = board_for(query, now or timezone.now())
    previous = board.previous()
    targets = dict(Target.objects.values_list("kpi", "value"))
    zone = board.period.zone
    return {
        "kind": "report",
        "period": {"from": query.start.isoformat(), "to": query.end.isoformat(), "time_zone": zone.key},
        "as_of": board.as_of.astimezone(zone).isoformat(),
        "basis": query.basis,
        "currency": board.workspace.currency,
        "attribution": query.attribution,
        "cost": query.cost,
        **({"restated": query.restated} if query.restated else {}),
        "filters": {name: list(values) for name, values in query.filters.items()},
        "by": query.by,
        "grain": query.grain,
        "kpis": [entry(KPIS[slug], query, board, previous, targets.get(slug)) for slug in query.kpis],
    }


def entry(
    kpi: Kpi, query: ReportQuery, board: Board, previous: Board, target: Decimal | None
) -> dict[str, Any]:
    """Return one KPI of the report."""
    reason = kpi.missing(board) or kpi.lacks((*query.filters, *filter(None, (query.by,))))
    figure = nothing(reason, kpi.empty(board).details) if reason else kpi.figures(board)[()]
    before = None if reason else kpi.figures(previous)[()].value
    result = {
        "slug": kpi.slug,
        "name": kpi.name,
        "group": kpi.group,
        "unit": kpi.unit,
        "good": kpi.good,
        **_values(figure),
        "n": figure.n,
        "note": reason or _note(figure),
        "previous": before,
        "change_percent": _change(figure.value, before),
        "target": target,
        "details": figure.details,
    }
    if query.by:
        result["breakdown"] = [] if reason else breakdown(kpi, board, query.by)
    if query.grain:
        result["series"] = series(kpi, board, query.grain, reason)
    return result


def breakdown(kpi: Kpi, board: Board, by: str) -> list[dict[str, Any]]:
    """Return the rows of one dimension, largest numerator first, (none) last."""
    figures = [(key, figure) for (key,), figure in kpi.figures(board, (by,)).items() if not figure.is_empty]
    figures.sort(key=lambda row: (row[0] == NONE, row[1].numerator is None, -(row[1].numerator or 0), row[0]))
    return [{"key": key, "label": board.label(by, key), **_values(figure)} for key, figure in figures]


def series(kpi: Kpi, board: Board, grain: str, reason: str) -> list[dict[str, Any]]:
    """Return a figure per bucket of the period that has begun."""
    figures: Mapping[Key, Figure] = {} if reason else kpi.figures(board, (grain,))
    return [
        {"start": bucket.start.isoformat(), **_values(figures.get((index,)) or nothing(reason))}
        for index, bucket in enumerate(board.buckets(grain))
    ]


def _values(figure: Figure) -> dict[str, Any]:
    return {"value": figure.value, "numerator": figure.numerator, "denominator": figure.denominator}


def _note(figure: Figure) -> str:
    rows = "row" if figure.unrated == 1 else "rows"
    unrated = f"{figure.unrated} {rows} without a rate" if figure.unrated else ""
    return "; ".join(filter(None, (unrated, figure.note)))


def _change(value: Any, before: Any) -> Decimal | None:
    if value is None or not before:
        return None
    return divide(Decimal(value) - Decimal(before), abs(Decimal(before)), HUNDRED)
