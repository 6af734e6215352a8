"""The database's verdict on any condition is that of a few lines of Python."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.conditions import where
from leads.models import Channel, Lead, Stage
from tests.factories import NOON, make_attempt, make_event, make_lead, make_opportunity, make_stage_event

pytestmark = pytest.mark.django_db

TEXTS = ["", "France", "FRANCE", "Österreich", "straße", "STRASSE", "a_b%", "ΣΑΣ"]
ASKED = [*TEXTS, "österreich", "s", "%", "_", "σας", "fr"]
TAGS = ["", "vip", "VIP;Fair", "fair;partner"]
DOMAINS = ["", "gmail.com", "acme.example"]
SIZES = [None, 0, 9, 10, 250]
NUMBERS = [-1, 0, 0.5, 1, 2, 9, 9.5, 10, 250]
STAGES = ["lead", *Stage.values]
HOURS = [-49, -48, -24, -1, 0, 1, 12, 24, 36, 48, 72]
INSTANTS = [NOON + timedelta(hours=hours) for hours in HOURS]


class Known:
    """A lead as Python remembers it."""

    def __init__(self, random, channels):
        self.created_at = random.choice(INSTANTS)
        self.fields = {
            "country": random.choice(TEXTS),
            "tags": random.choice(TAGS),
            "email_domain": random.choice(DOMAINS),
            "company_size": random.choice(SIZES),
            "score": random.choice([None, 0, 10]),
        }
        self.channel = random.choice([None, *channels])
        self.views = random.choices(INSTANTS, k=random.randrange(5))
        self.attempts = random.choices(INSTANTS, k=random.randrange(3))
        self.moves = [
            (at, random.choice(Stage.values)) for at in random.choices(INSTANTS, k=random.randrange(4))
        ]
        self.won = random.choice([None, *INSTANTS])

    def store(self, key):
        lead = make_lead(key=key, created_at=self.created_at, channel=self.channel, **self.fields)
        for at in self.views:
            make_event(lead, "view", at)
        for at in self.attempts:
            make_attempt(lead, at)
        for at, stage in self.moves:
            make_stage_event(lead, stage, at)
        if self.won:
            make_opportunity(lead, self.won - timedelta(hours=1), status="won", closed_at=self.won)

    def stage(self, at):
        deals = [(self.won - timedelta(hours=1), "opportunity"), (self.won, "customer")] if self.won else []
        past = [(when, STAGES.index(stage)) for when, stage in self.moves + deals if when <= at]
        return STAGES[max(past)[1]] if past else "lead"

    def value(self, field, at):
        domain = self.fields["email_domain"]
        values = {
            **self.fields,
            "channel": self.channel.key if self.channel else "",
            "tags": self.fields["tags"].split(";") if self.fields["tags"] else None,
            "free_email": domain == "gmail.com" if domain else None,
            "age_days": (at - self.created_at) // timedelta(days=1),
            "attempts": sum(attempt <= at for attempt in self.attempts),
            "stage": self.stage(at),
            "created_at": self.created_at,
        }
        return None if values[field] == "" else values[field]


def meets(known, condition, at):
    if "all" in condition:
        return all(meets(known, part, at) for part in condition["all"])
    if "any" in condition:
        return any(meets(known, part, at) for part in condition["any"])
    if "not" in condition:
        return not meets(known, condition["not"], at)
    if "event" in condition:
        return counts(known, condition, at)
    return compares(known.value(condition["field"], at), condition["op"], condition.get("value"))


def counts(known, condition, at):
    since = at - timedelta(days=condition.get("within_days", 10_000))
    enough = sum(since <= view <= at for view in known.views) >= condition["value"]
    return enough if condition["op"] == "count_gte" else not enough


def compares(value, op, asked):
    if value is None or op in ("is_set", "is_blank"):
        return (value is None) == (op == "is_blank")
    asked = [folded(each) for each in asked] if isinstance(asked, list) else folded(asked)
    if isinstance(value, list):
        has = bool(set(map(folded, value)) & set(asked if isinstance(asked, list) else [asked]))
        return has is (op in ("eq", "in", "contains"))
    value = folded(value)
    return {
        "eq": lambda: value == asked,
        "ne": lambda: value != asked,
        "in": lambda: value in asked,
        "not_in": lambda: value not in asked,
        "contains": lambda: asked in value,
        "starts_with": lambda: value.startswith(asked),
        "ends_with": lambda: value.endswith(asked),
        "gt": lambda: value > asked,
        "gte": lambda: value >= asked,
        "lt": lambda: value < asked,
        "lte": lambda: value <= asked,
        "between": lambda: asked[0] <= value <= asked[1],
    }[op]()


def folded(value):
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except ValueError:
            return value.casefold()
    return value


def on(fields, values, single, *, many=(), pair=False):
    """Return conditions on these fields with each operation that fits them."""
    field, value = st.sampled_from(fields), st.sampled_from(values)
    shapes = [
        st.fixed_dictionaries({"field": field, "op": st.sampled_from(single), "value": value}),
        st.fixed_dictionaries({"field": field, "op": st.sampled_from(["is_set", "is_blank"])}),
    ]
    if many:
        lists = st.lists(value, max_size=3)
        shapes.append(st.fixed_dictionaries({"field": field, "op": st.sampled_from(many), "value": lists}))
    if pair:
        pairs = st.lists(value, min_size=2, max_size=2)
        shapes.append(st.fixed_dictionaries({"field": field, "op": st.just("between"), "value": pairs}))
    return st.one_of(shapes)


MANY = ["in", "not_in"]
ORDER = ["eq", "ne", "gt", "gte", "lt", "lte"]
TESTS = st.one_of(
    on(["country", "email_domain"], ASKED, ["eq", "ne", "contains", "starts_with", "ends_with"], many=MANY),
    on(["channel"], ["ads", "ADS", "mail"], ["eq", "ne", "contains"], many=MANY),
    on(["stage"], [*STAGES, "MQL"], ["eq", "ne", "starts_with"], many=MANY),
    on(["tags"], ["vip", "Fair", "partner", "art"], ["eq", "ne", "contains"], many=MANY),
    on(["free_email"], [True, False], ["eq", "ne"]),
    on(["company_size", "score", "age_days", "attempts"], NUMBERS, ORDER, many=MANY, pair=True),
    on(["created_at"], [instant.isoformat() for instant in INSTANTS], ORDER, many=MANY, pair=True),
    st.fixed_dictionaries(
        {
            "event": st.just("view"),
            "op": st.sampled_from(["count_gte", "count_lt"]),
            "value": st.integers(0, 3),
        },
        optional={"within_days": st.sampled_from([0, 0.5, 1, 2])},
    ),
)
CONDITIONS = st.recursive(
    TESTS,
    lambda part: st.one_of(
        st.fixed_dictionaries({"all": st.lists(part, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(part, max_size=3)}),
        st.fixed_dictionaries({"not": part}),
    ),
    max_leaves=6,
)


@pytest.fixture
def known():
    """Sixty leads of every sort, by key."""
    channels = [Channel.objects.create(key=key, name=key, kind="paid") for key in ("Ads", "mail")]
    random = Random(1)
    leads = {f"lead-{number}": Known(random, channels) for number in range(60)}
    for key, lead in leads.items():
        lead.store(key)
    return leads


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(condition=CONDITIONS, at=st.sampled_from(INSTANTS))
def test_the_database_agrees_with_python(known, condition, at):
    picked = set(Lead.objects.filter(where(condition, at)).values_list("key", flat=True))
    assert picked == {key for key, lead in known.items() if meets(lead, condition, at)}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(condition=CONDITIONS)
def test_the_database_agrees_with_python_at_each_leads_own_instant(known, condition):
    left = set(Lead.objects.filter(~where(condition, F("created_at"))).values_list("key", flat=True))
    assert left == {key for key, lead in known.items() if not meets(lead, condition, lead.created_at)}
