"""Puts values into a row, with what they imply, and says what that changed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import models

from leads.exchange.cells import email_domain
from leads.models import Lead, Spend

INHERITS_CHANNEL = (Lead, Spend)


def make(model: type[models.Model], key: str, values: dict[str, Any]) -> models.Model:
    """Return a new row."""
    return model(key=key, **(values | _implied(model, None, values)))


def assign(row: models.Model, values: dict[str, Any]) -> set[str]:
    """Set the columns and return the names of those that changed."""
    given = values | _implied(type(row), row, values)
    return {name for name, value in given.items() if _set(row, name, value)}


def rows_to_fill(model: type[models.Model], names: Collection[str]) -> models.QuerySet[Any]:
    """Return the rows of a model with what `assign` reads of them for values of these names."""
    rows = model._default_manager.all()
    may_inherit = model in INHERITS_CHANNEL and "channel" in names and "campaign" not in names
    return rows.select_related("campaign__channel") if may_inherit else rows


def filled_by(model: type[models.Model], names: Collection[str]) -> set[str]:
    """Return all columns that `assign` may set for values of these names."""
    domain = {"email_domain"} if model is Lead and "email" in names else set()
    channel = {"channel"} if model in INHERITS_CHANNEL and "campaign" in names else set()
    return {*names} | domain | channel


def _implied(model: type[models.Model], row: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Return the domain of an e-mail address, and the channel that comes with a campaign."""
    implied: dict[str, Any] = {}
    if model is Lead and "email" in values:
        implied["email_domain"] = email_domain(values["email"])
    if model in INHERITS_CHANNEL and not values.keys().isdisjoint(("channel", "campaign")):
        channel = values.get("channel", getattr(row, "channel_id", None))
        campaign = values["campaign"] if "campaign" in values else getattr(row, "campaign", None)
        if campaign is not None and channel is None:
            implied["channel"] = campaign.channel
    return implied


def _set(row: models.Model, name: str, value: Any) -> bool:
    column = row._meta.get_field(name)
    if isinstance(column, models.ForeignKey):
        is_new = value is not None and value.pk is None
        same = not is_new and getattr(row, column.attname) == (value.pk if value else None)
    else:
        same = getattr(row, name) == value
    if not same:
        setattr(row, name, value)
    return not same
