"""`workspace.json` on its way in: settings, definitions, response policies and targets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django.db import models
from jsonschema import Draft202012Validator

from leads import conditions, scoring
from leads.conditions import ConditionError
from leads.exchange.bundle import jsontext
from leads.exchange.bundle.cells import check_fits
from leads.exchange.bundle.files import WORKSPACE
from leads.exchange.bundle.problems import BundleError, Problems
from leads.exchange.bundle.source import UNREADABLE, Source
from leads.models import BusinessCalendar, SlaPolicy, Target, Workspace
from leads.response import CalendarError, check_calendar
from leads.times import read_zone

SCHEMA = Path(__file__).parent.parent / "workspace.schema.json"
MAX_SIZE = 5_000_000
DEFINITIONS = ("icp", "scoring", "stages")
AS_GIVEN = ("icp", "scoring", "when")  # what reads them knows what a null in them means

Json = dict[str, Any]
Wrong = Iterator[tuple[str, str]]  # path, what


@dataclass(frozen=True)
class WorkspaceFile:
    data: Json
    zone: tzinfo  # of times that name no offset


def read_workspace(source: Source, problems: Problems) -> WorkspaceFile:
    """Return what the file says; what is wrong with it is noted, and the rows still checked."""
    data = _load(source, problems)
    try:
        wrong = [] if data is None else list(_wrong(data))
    except RecursionError:
        wrong = [("", "is nested too deep")]
    for path, what in wrong:
        problems.add(WORKSPACE, 1, path, what)
    is_usable = data is not None and not wrong
    return WorkspaceFile(data or {}, read_zone(data["time_zone"]) if data and is_usable else UTC)


def _load(source: Source, problems: Problems) -> Any:
    try:
        with source.open(WORKSPACE) as stream:
            text = stream.read(MAX_SIZE + 1)
        if len(text) > MAX_SIZE:
            raise BundleError([f"{WORKSPACE}: has more than {MAX_SIZE:,} bytes"])
        return _present(jsontext.loads(text.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        problems.add(WORKSPACE, text.count(b"\n", 0, error.start) + 1, "", "is not UTF-8")
    except json.JSONDecodeError as error:
        problems.add(WORKSPACE, error.lineno, "", f"is not JSON: {error.msg}")
    except RecursionError:
        problems.add(WORKSPACE, 1, "", "is nested too deep")
    except ValueError as error:
        problems.add(WORKSPACE, 1, "", str(error))
    except UNREADABLE as error:
        problems.add(WORKSPACE, 1, "", f"cannot be read ({error})")
    return None


def _present(value: Any) -> Any:
    """Return the value without keys that are null, which is the same as absent; definitions stay as given."""
    match value:
        case dict():
            return {
                key: item if key in AS_GIVEN else _present(item)
                for key, item in value.items()
                if item is not None
            }
        case list():
            return [_present(item) for item in value]
        case _:
            return value


@cache
def _schema() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _wrong(data: Any) -> Wrong:
    """Yield what is wrong: the shape first, and only of a right shape the meaning."""
    misshapen = sorted(_schema().iter_errors(_as_floats(data)), key=lambda error: error.json_path)
    for error in misshapen:
        yield error.json_path.removeprefix("$").removeprefix("."), error.message
    if not misshapen:
        yield from _not_text(data, "")
        yield from _zone(data)
        yield from _definitions(data)
        yield from _calendars(data)
        yield from _policies(data)
        yield from _numbers(data)


def _as_floats(value: Any) -> Any:
    """Return the data with plain numbers, whose error messages people can read."""
    match value:
        case dict():
            return {key: _as_floats(item) for key, item in value.items()}
        case list():
            return [_as_floats(item) for item in value]
        case _:
            return float(value) if isinstance(value, Decimal) else value


def _not_text(value: Any, path: str) -> Wrong:
    """Yield text that no database holds, and decimals finer than JSON in a database keeps."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _not_text(item, f"{path}.{key}".removeprefix("."))
        case list():
            for number, item in enumerate(value):
                yield from _not_text(item, f"{path}[{number}]")
        case str() if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            yield path, "holds a character that is not text"


def _zone(data: Json) -> Wrong:
    try:
        read_zone(data["time_zone"])
    except ValueError as error:
        yield "time_zone", str(error)


def _definitions(data: Json) -> Wrong:
    yield from _refused("icp", lambda: conditions.check(data.get("icp")))
    if data.get("scoring") is not None:
        yield from _refused("scoring", lambda: scoring.check(data["scoring"]))
    for name, stage in data.get("stages", {}).items():
        yield from _refused(f"stages.{name}.when", lambda stage=stage: conditions.check(stage.get("when")))
        if _names_stage(stage.get("when"), name):
            yield f"stages.{name}.when", f"asks for the stage {name} itself"
    for key in DEFINITIONS:
        yield from _refused(key, lambda key=key: jsontext.floats(data.get(key)))


def _refused(path: str, check: Any) -> Wrong:
    """Yield what a check raises, with the whole path."""
    try:
        check()
    except (ConditionError, CalendarError) as error:
        yield f"{path}.{error.path}".rstrip(".").replace(".[", "["), error.message
    except ValueError as error:
        yield path, str(error)


def _names_stage(condition: Any, stage: str) -> bool:
    """Tell whether a condition asks for this very stage, which it is to decide."""
    match condition:
        case {"field": "stage", "value": list() as values}:
            return stage in values
        case {"field": "stage", "value": value}:
            return bool(value == stage)
        case dict():
            return any(_names_stage(part, stage) for part in condition.values())
        case list():
            return any(_names_stage(part, stage) for part in condition)
        case _:
            return False


def _calendars(data: Json) -> Wrong:
    calendars = data.get("calendars", [])
    for number, calendar in enumerate(calendars):
        whole = {"time_zone": data["time_zone"], **calendar}
        yield from _refused(f"calendars[{number}]", lambda whole=whole: check_calendar(whole))
    yield from _twice("calendars", "slug", calendars)


def _policies(data: Json) -> Wrong:
    policies = data.get("sla", [])
    known = {calendar["slug"] for calendar in data.get("calendars", [])}
    known |= set(BusinessCalendar.objects.values_list("slug", flat=True))
    for number, policy in enumerate(policies):
        path, when, calendar = f"sla[{number}]", policy.get("when"), policy.get("calendar")
        yield from _refused(f"{path}.when", lambda when=when: conditions.check(when, forbid={"score"}))
        yield from _refused(f"{path}.when", lambda when=when: jsontext.floats(when))
        if calendar and calendar not in known:
            yield f"{path}.calendar", f"unknown calendar {calendar!r}"
        if not calendar and policy.get("clock") == "business_hours":
            yield f"{path}.calendar", "is required for business hours"
    yield from _twice("sla", "slug", policies)


def _twice(path: str, key: str, items: list[Json]) -> Wrong:
    names = [item[key] for item in items]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield f"{path}[{number}].{key}", f"{name!r} is there twice"


def _numbers(data: Json) -> Wrong:
    """Yield decimals that their columns would round."""
    settings = {name: value for name, value in data.get("settings", {}).items() if name != "key_fields"}
    yield from _unfit("settings.", Workspace, settings)
    for number, policy in enumerate(data.get("sla", [])):
        yield from _unfit(f"sla[{number}].", SlaPolicy, policy)
    targets = data.get("targets", [])
    for number, target in enumerate(targets):
        yield from _unfit(f"targets[{number}].", Target, target)
    yield from _twice("targets", "kpi", targets)


def _unfit(path: str, model: type[models.Model], values: Json) -> Wrong:
    for name, value in values.items():
        field = model._meta.get_field(name)
        if isinstance(field, models.DecimalField) and value is not None:
            yield from _refused(
                f"{path}{name}", lambda field=field, value=value: check_fits(Decimal(value), field)
            )
