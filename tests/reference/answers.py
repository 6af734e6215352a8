"""The report of bundle.md: every KPI with its breakdown, series, previous value and details."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.reference import clocks, scoring
from tests.reference.attribution import MODELS, channel_weights
from tests.reference.kpis import KPIS, Figure, converted_at_closing, nothing, total
from tests.reference.question import Filters, Question, all_keys
from tests.reference.reading import NONE, Bundle
from tests.reference.times import buckets, day_start, move_back, previous_dates, read_as_of

Folder = Path | str
SPEND = {"channel", "campaign"}
SESSIONS = {"channel", "campaign", "landing_page", "offer"}
# Rule 11: what the sources other than leads carry
SOURCES = {
    "qualified_traffic": [("sessions", SESSIONS)],
    "visitor_conversion_rate": [("sessions", SESSIONS)],
    "landing_page_conversion_rate": [("sessions", SESSIONS)],
    "cost_per_lead": [("spend", SPEND)],
    "cost_per_qualified_lead": [("spend", SPEND)],
    "campaign_return": [("spend", SPEND)],
    "cost_per_opportunity": [("spend", SPEND)],
    "customer_acquisition_cost": [("spend", SPEND)],
    "ltv_cac_ratio": [("spend", SPEND)],
    "lead_source_roi": [("spend", SPEND)],
}
# Rule 5: "cohort is offered by …"
COHORT = ("mql_to_lead_ratio", "mql_to_sql_ratio", "lead_conversion_rate")
UNITS = {
    "count": ["lead_volume", "qualified_traffic"],
    "money": [
        "cost_per_lead",
        "cost_per_qualified_lead",
        "cost_per_opportunity",
        "pipeline_contribution",
        "customer_acquisition_cost",
    ],
    "per_money": ["campaign_return"],
    "score": ["lead_quality_score"],
    "duration": ["first_contact_time", "lead_response_time"],
    "ratio": ["ltv_cac_ratio"],
}
_bundles: dict[Path, Bundle] = {}


def opened(folder: Folder) -> Bundle:
    """Read a bundle once."""
    path = Path(folder)
    if path not in _bundles:
        _bundles[path] = Bundle(path)
    return _bundles[path]


def moment(as_of: datetime | str, bundle: Bundle) -> datetime:
    return read_as_of(as_of, bundle.zone) if isinstance(as_of, str) else as_of


def report(
    bundle_dir: Folder,
    *,
    from_: date,
    to: date,
    as_of: datetime | str,
    basis: str = "period",
    by: str | None = None,
    grain: str | None = None,
    filters: Filters | None = None,
    attribution: str | None = None,
    cost: str = "shared",
    kpis: Iterable[str] | None = None,
) -> dict[str, Any]:
    bundle = opened(bundle_dir)
    model = attribution or bundle.setting("attribution_model", "lead_source")
    asked = Question(bundle, from_, to, moment(as_of, bundle), filters or {}, basis, model, cost)
    return {
        "kind": "report",
        "period": period(asked),
        "as_of": asked.as_of,
        "basis": basis,
        "currency": bundle.currency,
        "attribution": model,
        "cost": cost,
        "filters": filters or {},
        "by": by,
        "grain": grain,
        "kpis": [kpi(asked, slug, by, grain) for slug in kpis or KPIS],
    }


def period(q: Question) -> dict[str, str]:
    zone = q.bundle.workspace["time_zone"]
    return {"from": q.from_.isoformat(), "to": q.to.isoformat(), "time_zone": zone}


def kpi(q: Question, slug: str, by: str | None, grain: str | None) -> dict[str, Any]:
    now, before = figure(q, slug, by), figure(previous_question(q), slug, by).value
    shown = {
        "slug": slug,
        "unit": next((unit for unit, slugs in UNITS.items() if slug in slugs), "percent"),
        "value": now.value,
        "numerator": now.numerator,
        "denominator": now.denominator,
        "n": now.n,
        "note": now.note,
        "previous": before,
        "change_percent": change_percent(now.value, before),
        "target": q.bundle.targets.get(slug),
        "details": now.details,
    }
    if by:
        shown["breakdown"] = breakdown(q, slug, by)
    if grain:
        shown["series"] = series(q, slug, by, grain)
    return shown


def lacking(slug: str, dimensions: set[str]) -> str:
    """Rule 11: "a KPI asked for a dimension one of its sources lacks … says so"."""
    for source, carried in SOURCES.get(slug, []):
        for dimension in sorted(dimensions - carried):
            return f"{source} has no {dimension}"
    return ""


def figure(q: Question, slug: str, by: str | None = None) -> Figure:
    """Rule 5: "the others are period-only and report their period value"."""
    reason = lacking(slug, {*q.filters, *([by] if by else [])})
    if reason:
        return nothing(reason)
    if slug not in COHORT:
        q = replace(q, basis="period")
    return KPIS[slug](q)


def previous_question(q: Question) -> Question:
    """Rule 7: "its `as_of` is the same, except that it is moved back … where as_of lies inside P or
    the basis is cohort": the basis asked for, whether or not a KPI offers it."""
    from_, to = previous_dates(q.from_, q.to)
    as_of = q.as_of
    if q.basis == "cohort" or q.start <= as_of < q.end:
        as_of = move_back(as_of, q.from_ - from_, q.bundle.zone)
    return replace(q, from_=from_, to=to, as_of=as_of)


def change_percent(value: Any, before: Any) -> Fraction | None:
    """Rule 7: "100 × (value − previous) ÷ |previous|, null if either is null or previous is 0"."""
    if value is None or not before:
        return None
    return 100 * (Fraction(value) - Fraction(before)) / abs(Fraction(before))


def breakdown(q: Question, slug: str, by: str) -> list[dict[str, Any]]:
    """Rule 10: "rows whose numerator and denominator are both 0 are left out; the rest are sorted by
    numerator, largest first, `(none)` last"."""
    if lacking(slug, {by, *q.filters}):
        return []
    keys = [key for key in all_keys(q.bundle, by) if key in q.filters.get(by, [key])]
    found = [(key, figure(q.narrowed(by, key), slug)) for key in keys]
    kept = [(key, row) for key, row in found if has_rows(slug, by, row)]
    kept.sort(key=lambda pair: place(*pair))
    return [{"key": key, **three(row)} for key, row in kept]


def place(key: str, row: Figure) -> tuple[Any, ...]:
    return key == NONE, row.numerator is None, -(row.numerator or 0), key


def has_rows(slug: str, by: str, row: Figure) -> bool:
    if slug == "channel_share" and by == "channel":
        return bool(row.numerator)  # a channel without leads has no row, though the whole is not 0
    if slug == "ltv_cac_ratio":
        return row.numerator is not None or row.denominator is not None
    return bool(row.numerator or row.denominator) or row.without_rate


def three(row: Figure) -> dict[str, Any]:
    return {"value": row.value, "numerator": row.numerator, "denominator": row.denominator}


def series(q: Question, slug: str, by: str | None, grain: str) -> list[dict[str, Any]]:
    """Rule 10: "every bucket of P appears"; rule 2: "buckets that begin after [as_of] are left out": a
    bucket "covers only the days of P", so it begins with the first of them."""
    return [
        {"start": start.isoformat(), **three(figure(q.during(first, last), slug, by))}
        for start, first, last in buckets(q.from_, q.to, grain)
        if day_start(first, q.bundle.zone) <= q.as_of
    ]


def scores(bundle_dir: Folder, as_of: datetime | str) -> dict[str, Any]:
    bundle = opened(bundle_dir)
    at = moment(as_of, bundle)
    rows = []
    for lead in Question(bundle, date.min, date.max, at, {}).all_leads():
        judged = scoring.judge(bundle, lead, at)
        if judged:
            parts = [{"rule": r, "category": c, "points": points} for r, c, points in judged.points]
            rows.append({"lead": lead.id, "score": judged.score, "band": judged.band, "breakdown": parts})
    return {"kind": "scores", "as_of": at, "leads": rows}


def sla(bundle_dir: Folder, as_of: datetime | str) -> dict[str, Any]:
    bundle = opened(bundle_dir)
    at = moment(as_of, bundle)
    rows = [
        {
            "lead": lead.id,
            "policy": clock.policy,
            "created_at": lead.created_at,
            "due_at": clock.due_at,
            "answered_at": clock.answered_at,
            "in_time": verdict(clock, at),
        }
        for lead in Question(bundle, date.min, date.max, at, {}).all_leads()
        if (clock := clocks.clock(bundle, lead, at))
    ]
    return {"kind": "sla", "as_of": at, "leads": rows}


def verdict(clock: clocks.Clock, at: datetime) -> bool | None:
    """Return None while the answer can still come in time."""
    if clock.answered_at is None and clock.due_at > at:
        return None
    return clocks.in_time(clock)


def credits(bundle_dir: Folder, from_: date, to: date, as_of: datetime | str) -> dict[str, Any]:
    """ "`models`: {MODEL: {CHANNEL: amount}}" of the deals won in the period."""
    bundle = opened(bundle_dir)
    q = Question(bundle, from_, to, moment(as_of, bundle), {})
    deals = [
        (lead, deal, converted_at_closing(q, deal, deal.amount))
        for lead, deal in q.won_deals()
        if deal.amount is not None
    ]
    models: dict[str, dict[str, Fraction]] = {model: {} for model in MODELS}
    for model, credited in models.items():
        for lead, deal, amount in deals:
            weights = channel_weights(bundle, lead, deal, model, q.as_of) if amount is not None else {}
            for channel, weight in weights.items():
                credited[channel] = credited.get(channel, Fraction(0)) + weight * (amount or 0)
    return {
        "kind": "credits",
        "period": period(q),
        "as_of": q.as_of,
        "total": total(amount for *_, amount in deals),
        "models": models,
    }
