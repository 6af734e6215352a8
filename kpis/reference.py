"""docs/kpis.md, derived from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from kpis.catalog import GROUPS, KPIS
from kpis.definitions import DIMENSIONS
from kpis.kinds import Kpi

UNITS = {
    "count": "whole number",
    "percent": "0–100 %",
    "money": "workspace currency",
    "per_money": "per one unit of money",
    "score": "0–100",
    "duration": "seconds",
    "ratio": "ratio",
}
GOOD = {"up": "higher is better", "down": "lower is better", None: "neither up nor down is better"}
HEAD = """# The KPIs

Written by `manage.py write_kpi_docs` from `kpis/catalog.py`; a test fails when it is stale.

A ratio over nothing is no data ("–", `null` in the API), never zero. Periods are whole days in the
workspace's time zone. Every numerator and denominator opens to the rows behind it.
"""


def text() -> str:
    """Return the whole document."""
    return "\n".join((HEAD, *_sections()))


def _sections() -> Iterator[str]:
    for group, title in GROUPS.items():
        yield f"## {title}\n"
        for kpi in KPIS.values():
            if kpi.group == group:
                yield _entry(kpi)


def _entry(kpi: Kpi) -> str:
    cohort = "period and cohort" if kpi.has_cohort else "period"
    facts = (
        f"`{kpi.slug}` · {UNITS[kpi.unit]} · {GOOD[kpi.good]} · {cohort} basis · source {kpi.source}",
        f"**{kpi.formula}**",
        kpi.description,
        f"Broken down by: {_dimensions(kpi)}. Counts: {_measures(kpi)}.",
    )
    return f"### {kpi.name}\n\n" + "\n\n".join(facts) + "\n"


def _dimensions(kpi: Kpi) -> str:
    if len(kpi.dimensions) == len(DIMENSIONS):
        return "every dimension"
    return ", ".join(DIMENSIONS[slug].label.lower() for slug in kpi.dimensions)


def _measures(kpi: Kpi) -> str:
    labels = (measure.label.lower() for measure in (kpi.numerator, kpi.denominator) if measure)
    return "; ".join(dict.fromkeys(labels))
