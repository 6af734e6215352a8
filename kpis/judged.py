"""Under which versions of the definitions a figure was judged, in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.utils import formats

from kpis.board import Board
from kpis.definitions import Measure
from kpis.kinds import ConversionRate, Kpi
from kpis.measures import STAGE_EVENT
from leads.models import DefinitionSet, Stage

JUDGED = (Stage.MQL, Stage.SAL, Stage.SQL)  # rungs a definition decides; deals decide the later ones
AS_THEN = {"key_information_completion_rate": "Key fields"}
AS_NOW = {"outside_icp_rate": "ICP", "lead_quality_score": "Score"}


def stages_of(kpi: Kpi, board: Board) -> list[Stage]:
    """Return the rungs a KPI counts that definitions decide."""
    if isinstance(kpi, ConversionRate):
        return list(JUDGED)  # its steps
    settings = {
        "qualified_at": f"{board.workspace.qualified_stage}_at",
        "converted_at": f"{board.workspace.conversion_stage}_at",
    }
    dates = {
        settings.get(measure.date, measure.date) for measure in (kpi.numerator, kpi.denominator) if measure
    }
    return [stage for stage in JUDGED if f"{stage}_at" in dates]


def is_restatable(kpi: Kpi, board: Board) -> bool:
    """Tell whether a KPI may change where another version says who is MQL."""
    return Stage.MQL in stages_of(kpi, board)


def lines(kpis: Iterable[Kpi], board: Board) -> list[str]:
    """Return a line per way in which these KPIs were judged."""
    asked = list(kpis)
    found = [stage for stage in JUDGED if any(stage in stages_of(kpi, board) for kpi in asked)]
    restated = []
    if board.restated and Stage.MQL in found:
        found.remove(Stage.MQL)
        restated = [f"MQL restated under version {board.restated.definition.number}"]
    then = [*(str(stage.label) for stage in found), *_named(asked, AS_THEN)]
    return restated + _as_then(then, board) + _as_now(_named(asked, AS_NOW), board)


def unversioned(kpi: Kpi, board: Board) -> str:
    """Return how many events of the period name no version: an import brought them."""
    stages = stages_of(kpi, board)
    if not stages:
        return ""
    events = Measure(
        label="Events without a version",
        source=STAGE_EVENT,
        date="at",
        where=lambda _: Q(stage__in=stages, definition=None),
    )
    count = board.total(events)
    names = " or ".join(str(stage.label) for stage in stages)
    events_ = "event" if count == 1 else "events"
    return (
        f"{count:,} {names} {events_} of the period came without a version, from an import" if count else ""
    )


def _named(kpis: list[Kpi], names: dict[str, str]) -> list[str]:
    return [names[kpi.slug] for kpi in kpis if kpi.slug in names]


def _as_then(names: list[str], board: Board) -> list[str]:
    if not names:
        return []
    in_effect = _in_effect(board)
    return [f"{_and(names)} as judged then: {in_effect}"] if in_effect else []


def _as_now(names: list[str], board: Board) -> list[str]:
    number = board.definitions.number
    return [f"{_and(names)} judged under version {number} (current)"] if names and number else []


def _in_effect(board: Board) -> str:
    """Return the versions in effect within the period: version 7 until 12 Nov, version 8 since."""
    start, end = board.period.start, min(board.period.end, board.as_of)
    versions = [
        version
        for version in DefinitionSet.objects.exclude(status=DefinitionSet.Status.DRAFT).order_by("number")
        if (version.effective_from is None or version.effective_from < end)
        and (version.superseded_at is None or version.superseded_at > start)
    ]
    if not versions:
        return ""
    parts = []
    if versions[0].effective_from and versions[0].effective_from > start:
        parts.append(f"no version until {_day(versions[0].effective_from, board)}")
    for version in versions[:-1]:
        until = f" until {_day(version.superseded_at, board)}" if version.superseded_at else ""
        parts.append(f"version {version.number}{until}")
    parts.append(f"version {versions[-1].number}{' since' if parts else ''}")
    return ", ".join(parts)


def _day(at: datetime, board: Board) -> str:
    local = at.astimezone(board.period.zone)
    this_year = local.year == board.as_of.astimezone(board.period.zone).year
    return str(formats.date_format(local, "j M" if this_year else "j M Y"))


def _and(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
