"""Column types used all over the models."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models


def new_key() -> str:
    """Return a key for a row made in the product; imported rows bring their own."""
    return uuid.uuid4().hex


def key_field(**kwargs: Any) -> models.CharField[str, str]:
    """The id a row is known by in bundles, URLs and the API: any text, unique in its table."""
    return models.CharField(max_length=200, unique=True, default=new_key, **kwargs)


def optional_key_field() -> models.CharField[str | None, str | None]:
    """The same for rows that a bundle may leave without an id."""
    return models.CharField(max_length=200, unique=True, null=True, blank=True)


def text_field(**kwargs: Any) -> models.CharField[str, str]:
    """Free text kept exactly as given; blank means no value."""
    return models.CharField(max_length=1000, blank=True, default="", **kwargs)


def money_field(**kwargs: Any) -> models.DecimalField[Any, Any]:
    """An amount in the currency named beside it."""
    return models.DecimalField(max_digits=24, decimal_places=12, **kwargs)


def currency_field() -> models.CharField[str, str]:
    """An ISO 4217 code; blank means the workspace's currency."""
    return models.CharField(max_length=3, blank=True, default="")
