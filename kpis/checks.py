"""The catalogue is checked at start-up."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register


@register()
def catalogue(**kwargs: Any) -> list[CheckMessage]:
    """Find KPIs with an unknown group, or without a formula, description or source."""
    from kpis.catalog import GROUPS, KPIS  # noqa: PLC0415  (models must be loaded)

    problems: list[CheckMessage] = []
    for kpi in KPIS.values():
        if kpi.group not in GROUPS:
            problems.append(Error(f"{kpi.slug}: unknown group {kpi.group}", id="kpis.E001"))
        if not (kpi.formula and kpi.description and kpi.source):
            problems.append(
                Error(f"{kpi.slug}: formula, description and source are required", id="kpis.E002")
            )
    return problems
