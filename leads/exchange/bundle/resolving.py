"""SQL that puts the ids of rows in place of the keys of the bundle."""

# ruff: noqa: S608 (names in the SQL come from the declarations, values never do)

from __future__ import annotations

from collections.abc import Iterator

from django.db import models

from leads.exchange.bundle.files import Column, File, key_of
from leads.models import Lead


def resolved(file: File, where: str = "") -> str:
    """Return a SELECT of the staged rows as their table has them.

    `implied` is the channel of the row's campaign, for rows that name none themselves.
    """
    condition = f" WHERE {where}" if where else ""
    return f"SELECT {', '.join(_selected(file))} FROM {file.staging} AS s{_joins(file)}{condition}"


def _selected(file: File) -> Iterator[str]:
    yield "s.line"
    for column in file.columns:
        source = f"k_{column.name}.id" if column.target else f's."{column.name}"'
        yield f'{source} AS "{column.stored}"'
    for companion in file.companions:
        yield f"s.{companion.name}"
    if file.implied == "channel":
        yield "k_campaign.channel_id AS implied"


def _joins(file: File) -> str:
    return "".join(
        f' LEFT JOIN "{column.target._meta.db_table}" AS k_{column.name}'
        f' ON k_{column.name}."{key_of(column.target)}" = s."{column.name}"'
        for column in file.columns
        if column.target
    )


def first_value(file: File, column: Column, key_fields: list[str]) -> str:
    """Return what a new row gets; `v` is the resolved row."""
    given = f'v."{column.stored}"'
    if column.name != file.implied:
        return given
    if column.name == "channel":
        return f"COALESCE({given}, v.implied)"
    judged = f'SELECT {is_complete(key_fields)} FROM "{Lead._meta.db_table}" AS l WHERE l.id = v.lead_id'
    return f"COALESCE({given}, ({judged}))"


def next_value(file: File, column: Column) -> str:
    """Return what a stored row `t` gets: an implied value is fixed at entry, and stays."""
    given = f'v."{column.stored}"'
    if column.name != file.implied:
        return given
    if column.name == "channel":
        return (
            "CASE WHEN v.channel_id IS NULL AND t.campaign_id = v.campaign_id "
            "THEN COALESCE(t.channel_id, v.implied) ELSE COALESCE(v.channel_id, v.implied) END"
        )
    return f'COALESCE({given}, t."{column.stored}")'


def is_complete(key_fields: list[str]) -> str:
    """Return the condition that lead `l` has all key fields; 0 is filled."""
    return f"({' AND '.join(map(_is_filled, key_fields)) or '1 = 1'})"


def _is_filled(name: str) -> str:
    field = Lead._meta.get_field(name)
    assert isinstance(field, models.Field)
    return f'l."{field.column}" IS NOT NULL' if field.null else f"l.\"{field.column}\" <> ''"
