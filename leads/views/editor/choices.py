"""What people choose from: fields in groups, operations in words, values that occur."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from functools import cached_property
from typing import Any

from django.db.models import Count

from leads.conditions.fields import FIELDS
from leads.conditions.kinds import Choice, FreeMail, Instant, Kind, Reference, Tags, Whole
from leads.definitions.editing import EVENT, EVENT_OPS
from leads.definitions.words import OPERATORS, field_label, operator_label
from leads.models import BehaviourEvent, Lead, Stage

MOST_FREQUENT = 200
MOST_OPTIONS = 1_000

Option = tuple[str, str]

GROUPS = {
    "Lead": (
        "job_title",
        "seniority",
        "job_function",
        "email",
        "email_domain",
        "free_email",
        "first_name",
        "last_name",
        "phone",
        "tags",
        "id",
    ),
    "Company": ("company", "company_size", "industry", "country", "region", "website"),
    "Source": (
        "channel",
        "campaign",
        "landing_page",
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "utm_term",
        "utm_content",
    ),
    "State": ("score", "stage", "attempts", "age_days", "created_at", "owner", "status"),
}
NAMES = {
    "free_email": "E-mail provider",
    "created_at": "Created",
    "id": "Lead id",
    "attempts": "Attempts to reach them",
}
FREQUENT = {
    "job_title",
    "seniority",
    "job_function",
    "email_domain",
    "company",
    "company_size",
    "industry",
    "country",
    "region",
    "tags",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
}
PROVIDERS = [("yes", "a free provider's"), ("no", "a company's own")]
STATUSES = [(str(value), str(label)) for value, label in Lead.Status.choices]
STAGES = [("lead", "Lead"), *((str(value), str(label)) for value, label in Stage.choices)]
PICKED = {"eq", "ne", "in", "not_in"}  # operations whose values are picked from a list


def name_of(field: str) -> str:
    """Return a field's name as a list shows it."""
    label = NAMES.get(field) or field_label(field)
    return label[:1].upper() + label[1:]


def fields(chosen: str, forbid: Set[str]) -> list[tuple[str, list[Option]]]:
    """Return the fields to choose from; one that is chosen already stays, even where it may not be."""
    groups = [
        (title, [(field, name_of(field)) for field in names if field not in forbid or field == chosen])
        for title, names in GROUPS.items()
    ]
    groups.append(("Behaviour", [(EVENT, "What they did")]))
    known = {field for _, options in groups for field, _ in options}
    if chosen and chosen not in known:
        groups.append(("Not known", [(chosen, chosen)]))
    return groups


def operators(field: str, chosen: str) -> list[Option]:
    """Return what can be asked of a field, in words."""
    if field == EVENT:
        return [(op, operator_label(op)) for op in EVENT_OPS]
    if field not in FIELDS:
        return [(chosen, chosen)] if chosen else []
    offered = _offered(FIELDS[field].kind) | {chosen}
    ops = [op for op in OPERATORS if op in offered]
    if chosen and chosen not in ops:
        ops.append(chosen)
    return [(op, operator_label(op, field)) for op in ops]


def _offered(kind: Kind) -> set[str]:
    """Return the operations worth offering: not one that says the same as another."""
    if isinstance(kind, Reference | Choice | FreeMail):
        return kind.ops - {"contains", "starts_with", "ends_with"}
    return kind.ops - {"contains"} if isinstance(kind, Tags) else kind.ops


class Choices:
    """The values to pick from; each list is looked up at most once."""

    def __init__(self) -> None:
        self._selects: dict[str, list[Option]] = {}
        self._frequent: dict[str, list[str]] = {}

    def select(self, field: str, op: str) -> list[Option] | None:
        """Return the only values a field can have; None where any may be entered."""
        kind = FIELDS[field].kind
        if op not in PICKED:
            return None
        if field not in self._selects:
            self._selects[field] = self._options(field, kind)
        return self._selects[field] or None

    def _options(self, field: str, kind: Kind) -> list[Option]:
        if isinstance(kind, FreeMail):
            return PROVIDERS
        if field == "stage":
            return STAGES
        if field == "status":
            return STATUSES
        if not isinstance(kind, Reference):
            return []
        rows: Any = kind.model._default_manager.order_by(kind.key)[:MOST_OPTIONS]
        return sorted(((getattr(row, kind.key), str(row)) for row in rows), key=lambda option: option[1])

    def frequent(self, field: str) -> list[str]:
        """Return the values that occur most, to be suggested."""
        if field == EVENT:
            return self.events
        if field not in FREQUENT:
            return []
        if field not in self._frequent:
            self._frequent[field] = _tags() if field == "tags" else _most_frequent(field)
        return self._frequent[field]

    @cached_property
    def events(self) -> list[str]:
        kinds = BehaviourEvent.objects.order_by().values_list("kind").annotate(n=Count("pk"))
        return [kind for kind, _ in kinds.order_by("-n", "kind")[:MOST_FREQUENT]]


def input_type(field: str, length: int) -> str:
    """Return the type of input that takes a value: a date where it is one."""
    is_date = isinstance(FIELDS[field].kind, Instant) and length in (0, 10)
    return "date" if is_date else "text"


def is_number(field: str) -> bool:
    return isinstance(FIELDS[field].kind, Whole)


def _most_frequent(field: str) -> list[str]:
    leads = Lead.objects.counted().exclude(**{field: None if field == "company_size" else ""})
    counts = leads.order_by().values_list(field).annotate(n=Count("pk"))
    return [str(value) for value, _ in counts.order_by("-n", field)[:MOST_FREQUENT]]


def _tags() -> list[str]:
    counts: Counter[str] = Counter()
    leads = Lead.objects.counted().exclude(tags="")
    for tags, number in leads.order_by().values_list("tags").annotate(n=Count("pk")).order_by("-n")[:2_000]:
        counts.update(dict.fromkeys(filter(None, tags.split(";")), number))
    return [tag for tag, _ in counts.most_common(MOST_FREQUENT)]
