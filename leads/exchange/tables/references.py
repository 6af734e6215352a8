"""What rows refer to by key: channels, campaigns, landing pages, users, leads."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import models

from leads.exchange.tables.mapping import Create
from leads.models import Campaign, Channel, LandingPage, User

KEPT_WHOLE = (Channel, Campaign, LandingPage, User)  # few enough to keep in memory; leads are not


class Directory:
    """Rows of one model by key, with those that the import is about to add."""

    def __init__(self, rows: models.QuerySet[Any]) -> None:
        self._all = rows
        self._key = "username" if rows.model is User else "key"
        self._rows: dict[str, Any] = {}
        self._unsaved: list[Any] = []
        self.added = 0
        if rows.model in KEPT_WHOLE:
            self._keep(rows)

    @property
    def model(self) -> type[models.Model]:
        return self._all.model

    def load(self, keys: Collection[str]) -> None:
        """Hold exactly these rows from now on."""
        self._rows.clear()
        self._keep(self._all.filter(**{f"{self._key}__in": keys}))

    def find(self, key: str) -> Any:
        return self._rows.get(key)

    def add(self, key: str, create: Create, channel: Channel | None) -> Any:
        """Make a row that `save` will store."""
        row = self._rows[key] = make(self.model, key, create, channel)
        self._unsaved.append(row)
        self.added += 1
        return row

    def save(self) -> None:
        """Store the rows made since the last time."""
        self.model._default_manager.bulk_create(self._unsaved)
        self._unsaved.clear()

    def _keep(self, rows: models.QuerySet[Any]) -> None:
        self._rows.update((getattr(row, self._key), row) for row in rows)


def make(model: type[models.Model], key: str, create: Create, channel: Channel | None) -> models.Model:
    """Return a row that only its key is known of."""
    name = create.names.get(key, key)
    if model is Channel:
        return Channel(key=key, name=name, kind=create.kinds.get(key, create.kind or Channel.Kind.OTHER))
    if model is Campaign:
        return Campaign(key=key, name=name, channel=channel)
    if model is LandingPage:
        return LandingPage(key=key, name=name, path=key)
    password = make_password(None)  # unusable: nobody can log in with it
    return User(username=key, name=create.names.get(key, ""), role=User.Role.REP, password=password)
