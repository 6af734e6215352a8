"""Export a bundle: every fact in the one way to write it, so that equal workspaces give equal bytes."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import IO, Any

from django.db import connection, models, transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce, Collate

from leads.exchange.bundle import jsontext
from leads.exchange.bundle.cells import zulu
from leads.exchange.bundle.files import FILES, WORKSPACE, Column, File, key_of
from leads.exchange.bundle.problems import BundleError
from leads.exchange.bundle.settling import SETTINGS
from leads.exchange.bundle.staging import STEP, Progress, run
from leads.models import BusinessCalendar, DefinitionSet, SlaPolicy, Target, Workspace

CHUNK = 5_000
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first date a zip knows: the same bytes whenever it is written
NEEDS_QUOTES = re.compile('[,"\r\n]').search

Open = Callable[[str], IO[bytes]]


def export_bundle(path: str | PathLike[str], *, progress: Progress | None = None) -> None:
    """Write the workspace to a new folder, or to a new zip if the path ends in .zip."""
    target = Path(path)
    if target.is_dir() and target.suffix != ".zip" and not any(target.iterdir()):
        pass
    elif target.exists():
        raise BundleError([f"{target}: is there already; export to a new or an empty folder, or a new zip"])
    with _target(target) as opened, _snapshot():
        _write_all(opened, progress)


def _write_all(opened: Open, progress: Progress | None) -> None:
    with opened(WORKSPACE) as stream:
        stream.write(f"{jsontext.dumps(workspace())}\n".encode())
    for file in FILES:
        with opened(file.name) as stream:
            _write(file, stream, progress)


@contextmanager
def _target(path: Path) -> Iterator[Open]:
    if path.suffix != ".zip":
        path.mkdir(parents=True, exist_ok=True)
        yield lambda name: (path / name).open("wb")
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        yield lambda name: archive.open(_member(name), "w", force_zip64=True)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, LONG_AGO)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 3
    member.external_attr = 0o644 << 16
    return member


@contextmanager
def _snapshot() -> Iterator[None]:
    """Read one state of the database, whatever is written meanwhile."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost and connection.vendor == "postgresql":
            run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _write(file: File, stream: IO[bytes], progress: Progress | None) -> None:
    """Write one file, a chunk of lines at a time."""
    lines = [",".join(column.name for column in file.columns)]
    count = 0
    for count, row in enumerate(_rows(file), 1):
        lines.append(",".join(map(_cell, row)))
        if len(lines) >= CHUNK:
            stream.write(("\n".join(lines) + "\n").encode())
            lines = []
        if progress and not count % STEP:
            progress(file.name, count)
    if lines:
        stream.write(("\n".join(lines) + "\n").encode())
    if progress:
        progress(file.name, count)


def _text(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if NEEDS_QUOTES(value) else value


WRITERS: dict[type, Callable[[Any], str]] = {
    str: _text,
    type(None): lambda _: "",
    bool: lambda value: "true" if value else "false",
    int: str,
    datetime: zulu,
    date: date.isoformat,
    Decimal: jsontext.plain,
}


def _cell(value: Any) -> str:
    return WRITERS[type(value)](value)


def _rows(file: File) -> Iterable[tuple[Any, ...]]:
    """Return the rows by id; those without one by lead, time, then all columns."""
    rows = file.model._default_manager.order_by(*(_order(file.column(name)) for name in file.natural))
    if not file.has_optional_id:
        return _values(file, rows)
    unnamed = file.model._default_manager.filter(key=None)
    order = ["lead", "at", *(column.name for column in file.columns[1:] if column.name not in ("lead", "at"))]
    unnamed = unnamed.order_by(*(_order(file.column(name)) for name in order))
    return chain(_values(file, rows.exclude(key=None)), _values(file, unnamed))


def _values(file: File, rows: QuerySet[Any]) -> Iterator[tuple[Any, ...]]:
    return rows.values_list(*map(_path, file.columns)).iterator(chunk_size=CHUNK)


def _path(column: Column) -> str:
    return f"{column.field.name}__{key_of(column.target)}" if column.target else column.field.name


def _order(column: Column) -> Any:
    """Sort as code points do, blank first, on every database."""
    path = _path(column)
    if not column.target and not isinstance(column.field, models.CharField | models.TextField):
        return F(path)
    text = Coalesce(F(path), Value("")) if column.field.null and column.name != "id" else F(path)
    return Collate(text, "C") if connection.vendor == "postgresql" else text


def workspace() -> dict[str, Any]:
    """Return what `workspace.json` holds."""
    now, definitions = Workspace.current(), DefinitionSet.current()
    return {
        "name": now.name,
        "time_zone": now.time_zone,
        "currency": now.currency,
        "settings": _settings(now, definitions),
        "icp": definitions.icp,
        "scoring": definitions.scoring,
        "stages": definitions.stages,
        "sla": [
            _policy(policy) for policy in SlaPolicy.objects.filter(active=True).order_by("position", "slug")
        ],
        "calendars": [_calendar(calendar) for calendar in _by_text(BusinessCalendar, "slug")],
        "targets": [{"kpi": target.kpi, "value": target.value} for target in _by_text(Target, "kpi")],
    }


def _settings(now: Workspace, definitions: DefinitionSet) -> dict[str, Any]:
    """Return the settings; the key fields are versioned with the definitions, in a bundle they stand here."""
    stages, others = SETTINGS[:2], SETTINGS[2:]
    return {
        **{name: getattr(now, name) for name in stages},
        "key_fields": definitions.key_fields,
        **{name: getattr(now, name) for name in others},
    }


def _by_text(model: type[Any], name: str) -> list[Any]:
    return sorted(model.objects.all(), key=lambda row: getattr(row, name))


def _policy(policy: SlaPolicy) -> dict[str, Any]:
    names = ("slug", "when", "minutes", "clock", "stops_on", "warn_at", "escalate_after_minutes")
    return {name: getattr(policy, name) for name in names} | {
        "calendar": policy.calendar.slug if policy.calendar else None
    }


def _calendar(calendar: BusinessCalendar) -> dict[str, Any]:
    return {name: getattr(calendar, name) for name in ("slug", "time_zone", "hours", "holidays", "country")}
