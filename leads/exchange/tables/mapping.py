"""A mapping file: which column of somebody's table means what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

SCHEMA = Path(__file__).parent.parent / "mapping.schema.json"
PLACE = re.compile(r"\{([^{}]+)\}")


class MappingError(ValueError):
    """What is wrong with a mapping, and where in it."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class FileFormat:
    """How the file is written; what is None is guessed from it."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str = '"'
    skip_lines: int = 0


@dataclass(frozen=True)
class Numbers:
    decimal: str = "."
    thousands: str = ""
    strip: str = ""


@dataclass(frozen=True)
class Create:
    """How to make a channel, campaign, landing page or user that is not there yet."""

    kind: str
    kinds: dict[str, str]
    names: dict[str, str]


@dataclass(frozen=True)
class Field:
    """Where the value of one field comes from, and how its text is read."""

    name: str
    column: str | None  # one of these three
    template: str | None
    value: str | None
    default: str
    blanks: frozenset[str]
    values: dict[str, str]
    otherwise: str | None
    dates: tuple[str, ...]
    zone: ZoneInfo | None
    numbers: Numbers
    create: Create | None

    @property
    def columns(self) -> list[str]:
        return [self.column] if self.column else PLACE.findall(self.template or "")

    @property
    def path(self) -> str:
        return f"fields.{self.name}"

    def meaning(self, text: str) -> str:
        """Return what a text of the file stands for; "" is no value."""
        if not text or text in self.blanks:
            return self.default
        if text in self.values:
            return self.values[text]
        return text if self.otherwise is None else self.otherwise


@dataclass(frozen=True)
class NewWorkspace:
    name: str
    time_zone: str
    currency: str


@dataclass(frozen=True)
class Mapping:
    table: str | None
    workspace: NewWorkspace | None
    file: FileFormat
    leave_out: dict[str, list[str]]
    fields: dict[str, Field]

    @property
    def columns(self) -> list[str]:
        """Return the columns of the file that are read, each once."""
        named = (name for field in self.fields.values() for name in field.columns)
        return list(dict.fromkeys([*named, *self.leave_out]))


def load(path: Path) -> Mapping:
    """Read a mapping file."""
    try:
        return parse(json.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise MappingError("", f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MappingError("", f"{path} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise MappingError("", f"line {error.lineno}: {error.msg}") from error


def parse(data: Any) -> Mapping:
    """Return the mapping that the JSON describes, or say where it is wrong."""
    data = _with_long_fields(data)
    _check_shape(data)
    workspace = data.get("workspace")
    if workspace:
        check_zone(workspace["time_zone"], "workspace.time_zone")
    return Mapping(
        table=data.get("table"),
        workspace=NewWorkspace(**workspace) if workspace else None,
        file=_file(data.get("file", {})),
        leave_out=data.get("leave_out", {}),
        fields={name: _field(name, given, data) for name, given in data["fields"].items()},
    )


def _with_long_fields(data: Any) -> Any:
    """Write `"email": "Mail"` as `"email": {"column": "Mail"}`."""
    if not isinstance(data, dict) or not isinstance(data.get("fields"), dict):
        return data
    fields = {
        name: {"column": given} if isinstance(given, str) else given for name, given in data["fields"].items()
    }
    return data | {"fields": fields}


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _check_shape(data: Any) -> None:
    error = best_match(_validator().iter_errors(data))
    if error is not None:
        raise MappingError(_path(error.absolute_path), error.message)


def _path(parts: Iterable[str | int]) -> str:
    """Write a path as in fields.created_at.dates[0]."""
    joined = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return joined.removeprefix(".")


def _file(given: dict[str, Any]) -> FileFormat:
    encoding = given.get("encoding")
    if encoding is not None:
        try:
            "".encode(encoding)
        except LookupError as error:
            raise MappingError("file.encoding", f"{encoding!r} is not a text encoding") from error
    file = FileFormat(**given)
    if file.quote == file.delimiter:
        raise MappingError("file.quote", "is the same as the delimiter")
    return file


def _field(name: str, given: dict[str, Any], data: dict[str, Any]) -> Field:
    """Return a field with the settings that hold for the whole file."""
    path = f"fields.{name}"
    if len(given.keys() & {"column", "template", "value"}) != 1:
        raise MappingError(path, "needs exactly one of column, template, value")
    zone, zone_path = given.get("time_zone"), f"{path}.time_zone"
    if zone is None:
        zone, zone_path = data.get("time_zone"), "time_zone"
    create = given.get("create")
    return Field(
        name=name,
        column=given.get("column"),
        template=given.get("template"),
        value=str(given["value"]) if "value" in given else None,
        default=str(given.get("default", "")),
        blanks=frozenset(given.get("blanks", data.get("blanks", []))),
        values=given.get("values", {}),
        otherwise=given.get("otherwise"),
        dates=tuple(given.get("dates", data.get("dates", ["iso"]))),
        zone=None if zone is None else check_zone(zone, zone_path),
        numbers=Numbers(**given.get("numbers", data.get("numbers", {}))),
        create=None if create is None else _create(create),
    )


def _create(given: dict[str, Any]) -> Create:
    return Create(given.get("kind", ""), given.get("kinds", {}), given.get("names", {}))


def check_zone(name: str, path: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise MappingError(path, f"{name!r} is not a time zone") from error
