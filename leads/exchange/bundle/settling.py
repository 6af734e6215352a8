"""What `workspace.json` says becomes the workspace, its definitions, policies and targets."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Max

from leads.definitions import versions
from leads.exchange.bundle.jsontext import floats
from leads.exchange.bundle.workspace import Json
from leads.models import BusinessCalendar, DefinitionSet, SlaPolicy, Target, Workspace
from leads.models.definitions import KEY_FIELDS


def settle(data: Json, at: datetime) -> int:
    """Store the checked contents of the file; return how many rows are new or changed."""
    workspace = Workspace.objects.first() or Workspace(pk=1)
    basics = {key: data[key] for key in ("name", "time_zone", "currency")}
    settings = {**_defaults(Workspace, SETTINGS), **data.get("settings", {})}
    key_fields = settings.pop("key_fields", KEY_FIELDS)
    changed = int(_save(workspace, {**settings, **basics}))
    changed += sum(_calendar(calendar, data["time_zone"]) for calendar in data.get("calendars", []))
    changed += _policies(data.get("sla", []))
    changed += sum(_save(_find(Target, kpi=target["kpi"]), target) for target in data.get("targets", []))
    return changed + _define(data, key_fields, at)


SETTINGS = (
    "qualified_stage",
    "conversion_stage",
    "gross_margin",
    "lifetime_months",
    "attribution_model",
    "attribution_half_life_days",
)
POLICY = ("when", "clock", "calendar", "stops_on", "warn_at", "escalate_after_minutes")


def _calendar(given: Json, time_zone: str) -> bool:
    values = {"time_zone": time_zone, "holidays": [], **given, "country": given.get("country") or ""}
    return _save(_find(BusinessCalendar, slug=given["slug"]), values)


def _policies(given: list[Json]) -> int:
    """Put the policies of the bundle first, in their order; others stay, behind them."""
    changed = 0
    for position, policy in enumerate(given):
        values = {**_defaults(SlaPolicy, POLICY), **policy, "position": position, "active": True}
        values["when"] = floats(values["when"])
        values["calendar"] = BusinessCalendar.objects.filter(slug=values["calendar"] or "").first()
        changed += _save(_find(SlaPolicy, slug=policy["slug"]), values)
    others = SlaPolicy.objects.exclude(slug__in=[policy["slug"] for policy in given]).order_by(
        "position", "slug"
    )
    for position, other in enumerate(others, len(given)):
        changed += _save(other, {"position": position})
    return changed


def _define(data: Json, key_fields: list[str], at: datetime) -> int:
    """Publish a new version of the definitions if they differ from the current one."""
    versions.lock()
    current = DefinitionSet.current()
    stages = {
        name: {"when": None, "mode": "manual", **stage} for name, stage in data.get("stages", {}).items()
    }
    new = floats({"icp": data.get("icp"), "scoring": data.get("scoring"), "stages": stages})
    new["key_fields"] = key_fields
    if all(getattr(current, key) == value for key, value in new.items()):
        return 0
    DefinitionSet.objects.filter(status="published").update(status="superseded", superseded_at=at)
    last = DefinitionSet.objects.aggregate(last=Max("number"))["last"] or 0
    DefinitionSet.objects.create(
        **new,
        number=last + 1,
        status="published",
        created_at=at,
        effective_from=at,
        reason="Imported with a workspace bundle",
    )
    return 1


def _find(model: type[models.Model], **key: str) -> models.Model:
    found: models.Model | None = model._default_manager.filter(**key).first()
    return found or model(**key)


def _defaults(model: type[models.Model], names: tuple[str, ...]) -> Json:
    return {name: model._meta.get_field(name).get_default() for name in names}  # type: ignore[union-attr]


def _save(row: models.Model, values: Json) -> bool:
    """Save the row if it is new or a value differs."""
    differs = [name for name, value in values.items() if getattr(row, name) != value]
    if row._state.adding or differs:
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
        return True
    return False
