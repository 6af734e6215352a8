"""The files of a bundle and their columns, declared once.

Import, export, error messages and `docs/bundle.md` derive from here. What a cell may
hold follows from the model field behind its column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import models

from leads.exchange.bundle.cells import moved_to_instant
from leads.exchange.cells import email_domain
from leads.models import (
    Appointment,
    BehaviourEvent,
    Campaign,
    Channel,
    ContactAttempt,
    ExchangeRate,
    LandingPage,
    Lead,
    Opportunity,
    Session,
    Spend,
    StageEvent,
    Submission,
    Team,
    Touch,
    User,
)

WORKSPACE = "workspace.json"
KEYS: dict[type[models.Model], str] = {User: "username", Team: "name"}  # any other model: "key"

DOMAIN_LIMIT = 1000


@dataclass(frozen=True)
class Column:
    """A column of a file and the model field it fills."""

    name: str
    required: bool
    field: models.Field[Any, Any]

    @property
    def stored(self) -> str:
        """Return the column's name in the database."""
        return str(self.field.column)

    @property
    def target(self) -> type[models.Model] | None:
        """Return the model whose key the cell names."""
        return self.field.remote_field.model if self.field.remote_field else None

    @property
    def longest(self) -> int | None:
        """Return how many characters a cell may have."""
        field = self.target._meta.get_field(key_of(self.target)) if self.target else self.field
        assert isinstance(field, models.Field)
        return field.max_length

    @property
    def blank(self) -> Any:
        """Return what an empty cell stands for; None where that is no value or decided later."""
        return None if self.required or self.field.null else self.field.get_default()


@dataclass(frozen=True)
class Companion:
    """A value computed from a cell while it is read, kept beside it."""

    of: str
    name: str
    compute: Callable[[str, tzinfo], str | None]
    inserted: bool = True
    updated: bool = True


@dataclass(frozen=True)
class Rule:
    """What no row may be, as SQL over its staged cells."""

    column: str
    broken: str
    what: str


@dataclass(frozen=True)
class File:
    """A CSV file of the bundle; a star marks a column that every row must fill."""

    stem: str
    model: type[models.Model]
    heads: str
    rules: tuple[Rule, ...] = ()
    companions: tuple[Companion, ...] = ()
    natural: tuple[str, ...] = ("id",)
    passes: tuple[str, ...] = ("",)  # insert the rows that fulfil the first, then those of the next
    implied: str = ""  # the column that is filled for a row that leaves it blank

    @property
    def name(self) -> str:
        return f"{self.stem}.csv"

    @property
    def staging(self) -> str:
        return f"bundle_{self.stem}"

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return tuple(self._column(head) for head in self.heads.split())

    def _column(self, head: str) -> Column:
        name = head.rstrip("*")
        return Column(name, head.endswith("*"), self._field(key_of(self.model) if name == "id" else name))

    def _field(self, name: str) -> models.Field[Any, Any]:
        field = self.model._meta.get_field(name)
        assert isinstance(field, models.Field)
        return field

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def has(self, name: str) -> bool:
        return any(column.name == name for column in self.columns)

    @property
    def has_optional_id(self) -> bool:
        return self.has("id") and not self.column("id").required


def key_of(model: type[models.Model]) -> str:
    """Return the field that bundles call the id."""
    return KEYS.get(model, "key")


def domain_of(email: str, _: tzinfo) -> str:
    """Return the domain that is stored beside an e-mail address."""
    domain = email_domain(email)
    if len(domain) > DOMAIN_LIMIT:
        raise ValueError(f"has a domain that is longer than {DOMAIN_LIMIT} characters")
    return domain


def unusable_password(*_: object) -> str:
    return make_password(None)


CHANNEL_OR_CAMPAIGN = Rule(
    "channel", "channel IS NULL AND campaign IS NULL", "is required, or else a campaign"
)
MERGED_WHERETO = Rule(
    "merged_into", "status = 'merged' AND merged_into IS NULL", "is required when the status is merged"
)
MERGED_ONLY = Rule(
    "merged_into", "status <> 'merged' AND merged_into IS NOT NULL", "is only for leads with status merged"
)
CLOSED_WHEN = Rule(
    "closed_at",
    "status IN ('won', 'lost') AND closed_at IS NULL",
    "is required when the status is won or lost",
)

RATE_ABOVE_ZERO = Rule("rate", "rate <= 0", "is not more than 0")

FILES: tuple[File, ...] = (
    File(
        "users",
        User,
        "id* name email role* team",
        companions=(Companion("id", "password", unusable_password, updated=False),),
    ),
    File("channels", Channel, "id* name* kind* high_intent"),
    File("campaigns", Campaign, "id* name* channel* starts_on ends_on budget"),
    File("landing_pages", LandingPage, "id* name* path* offer high_intent campaign"),
    File(
        "leads",
        Lead,
        "id* created_at* email first_name last_name phone job_title seniority job_function company website "
        "company_size industry country region channel campaign landing_page utm_source utm_medium "
        "utm_campaign utm_term utm_content owner tags status merged_into",
        rules=(MERGED_WHERETO, MERGED_ONLY),
        companions=(Companion("email", "email_domain", domain_of),),
        passes=("s.status <> 'merged'", "s.status = 'merged'"),  # survivors before those merged into them
        implied="channel",
    ),
    File("submissions", Submission, "id lead* at* landing_page complete", implied="complete"),
    File("stage_events", StageEvent, "id lead* stage* at* by reason"),
    File("attempts", ContactAttempt, "id* lead* at* by medium* outcome* note"),
    File(
        "appointments",
        Appointment,
        "id* lead* booked_at* scheduled_for* minutes by status* moved_to",
        companions=(
            Companion("moved_to", "moved_to_instant", moved_to_instant, inserted=False, updated=False),
        ),
    ),
    File(
        "opportunities",
        Opportunity,
        "id* lead* name opened_at* amount currency monthly_revenue status* closed_at lost_reason",
        rules=(CLOSED_WHEN,),
    ),
    File(
        "spend",
        Spend,
        "id* date* side* category* channel campaign amount* currency note",
        implied="channel",
    ),
    File(
        "exchange_rates",
        ExchangeRate,
        "currency* date* rate*",
        rules=(RATE_ABOVE_ZERO,),
        natural=("currency", "date"),
    ),
    File(
        "sessions",
        Session,
        "id* visitor* started_at* channel campaign landing_page referrer utm_source utm_medium utm_campaign "
        "high_intent lead",
        implied="channel",
    ),
    File(
        "touches",
        Touch,
        "id lead* at* channel campaign kind",
        rules=(CHANNEL_OR_CAMPAIGN,),
        implied="channel",
    ),
    File("events", BehaviourEvent, "id lead* at* kind*"),
)
BY_MODEL: dict[Any, File] = {file.model: file for file in FILES}
