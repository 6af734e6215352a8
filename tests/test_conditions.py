"""Conditions: which leads they pick."""

from datetime import timedelta

import pytest
from django.db.models import Case, Count, F, Q, Value, When

from leads.conditions import sentence, where
from leads.models import Campaign, Channel, LandingPage, Lead, User, Workspace
from tests.condition_helpers import ask, viewed
from tests.factories import NOON, make_attempt, make_event, make_lead, make_opportunity, make_stage_event, utc

pytestmark = pytest.mark.django_db


def picked(condition, at=NOON):
    """Return the keys of the leads that meet a condition."""
    return set(Lead.objects.filter(where(condition, at)).values_list("key", flat=True))


def holds(condition, at=NOON):
    """Say whether the only lead there is meets a condition; its negation must say the opposite."""
    met = Lead.objects.filter(where(condition, at)).exists()
    assert Lead.objects.filter(where({"not": condition or {}}, at)).exists() is not met
    return met


# all, any, not


def test_no_condition_is_true():
    make_lead()
    assert holds(None) and holds({}) and holds({"all": []})


def test_an_empty_any_is_false():
    make_lead()
    assert not holds({"any": []})


def test_all_any_and_not_combine():
    for key, country, size in [("a", "France", 10), ("b", "France", 90), ("c", "Spain", 90), ("d", "", None)]:
        make_lead(key=key, country=country, company_size=size)
    french, large = ask("country", "eq", "France"), ask("company_size", "gte", 50)
    assert picked({"all": [french, large]}) == {"b"}
    assert picked({"any": [french, large]}) == {"a", "b", "c"}
    assert picked({"not": french}) == {"c", "d"}
    assert picked({"not": {"any": [french, large]}}) == {"d"}
    assert picked({"all": [french, {"not": large}]}) == {"a"}


# text


@pytest.mark.parametrize(
    ("op", "value", "met"),
    [
        ("eq", "fRANCE", True),
        ("eq", "Franc", False),
        ("ne", "Spain", True),
        ("ne", "FRANCE", False),
        ("in", ["Spain", "FRANCE"], True),
        ("in", [], False),
        ("not_in", ["Spain", "FRANCE"], False),
        ("not_in", ["Spain"], True),
        ("not_in", [], True),
        ("contains", "RAN", True),
        ("contains", "", True),
        ("contains", "R_N", False),
        ("starts_with", "FR", True),
        ("starts_with", "r", False),
        ("ends_with", "CE", True),
        ("ends_with", "%E", False),
        ("is_set", None, True),
        ("is_set", True, True),
        ("is_blank", None, False),
    ],
)
def test_text(op, value, met):
    make_lead(country="France")
    assert holds(ask("country", op, value)) is met


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("ÉTUDIANT", "étudiant"),
        ("Straße", "STRASSE"),
        ("STRASSE", "straße"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
        ("İstanbul", "i̇STANBUL"),
        ("ﬁnance", "FINANCE"),
        ("100% _Sales\\Growth_", "100% _SALES\\GROWTH_"),
    ],
)
def test_text_compares_without_case_in_every_script(stored, asked):
    make_lead(job_title=stored)
    assert holds(ask("job_title", "eq", asked))
    assert holds(ask("job_title", "in", ["other", asked]))
    assert holds(ask("job_title", "contains", asked[1:]))
    assert not holds(ask("job_title", "ne", asked))


def test_like_wildcards_in_a_value_are_plain_characters():
    make_lead(key="a", company="50% off")
    make_lead(key="b", company="500 off")
    assert picked(ask("company", "contains", "0% o")) == {"a"}
    assert picked(ask("company", "starts_with", "50_ o")) == set()


@pytest.mark.parametrize("field", ["country", "channel", "tags", "email_domain", "owner"])
@pytest.mark.parametrize("op", ["eq", "ne", "in", "not_in", "contains", "is_set"])
def test_on_blank_text_all_but_is_blank_is_false(field, op):
    make_lead()
    value = {"in": ["x"], "not_in": ["x"], "is_set": None}.get(op, "x")
    assert not holds(ask(field, op, value))
    assert holds(ask(field, "is_blank"))


def test_blank_text_equals_nothing_not_even_blank():
    make_lead()
    assert not holds(ask("country", "eq", ""))
    assert not holds(ask("country", "contains", ""))
    assert not holds(ask("country", "in", [""]))


# rows the lead points to


def test_channel_campaign_page_and_owner_go_by_their_ids():
    ads = Channel.objects.create(key="Google-Ads", name="Paid search", kind="paid")
    spring = Campaign.objects.create(key="spring", name="Spring 2026", channel=ads)
    page = LandingPage.objects.create(key="demo", name="Book a demo", path="/demo")
    anna = User.objects.create(username="anna")
    make_lead(key="a", channel=ads, campaign=spring, landing_page=page, owner=anna)
    make_lead(key="b")
    assert picked(ask("channel", "eq", "google-ads")) == {"a"}
    assert picked(ask("channel", "eq", "Paid search")) == set()
    assert picked(ask("channel", "ne", "email")) == {"a"}
    assert picked({"not": ask("channel", "ne", "email")}) == {"b"}
    assert picked(ask("campaign", "starts_with", "SPR")) == {"a"}
    assert picked(ask("landing_page", "in", ["demo", "other"])) == {"a"}
    assert picked(ask("owner", "not_in", ["Anna"])) == set()
    assert picked(ask("owner", "is_set")) == {"a"}
    assert picked(ask("owner", "is_blank")) == {"b"}


def test_id_and_status():
    make_lead(key="L-1", status="spam")
    assert holds(ask("id", "eq", "l-1"))
    assert holds(ask("status", "eq", "SPAM"))
    assert holds(ask("status", "ne", "open"))


# tags


@pytest.mark.parametrize(
    ("op", "value", "met"),
    [
        ("eq", "VIP", {"two", "one"}),
        ("contains", "vip", {"two", "one"}),
        ("contains", "vi", set()),
        ("in", ["partner", "fair"], {"two", "other"}),
        ("in", [], set()),
        ("ne", "vip", {"other"}),
        ("not_in", ["partner", "fair"], {"one"}),
        ("not_in", [], {"one", "two", "other"}),
        ("is_set", None, {"one", "two", "other"}),
        ("is_blank", None, {"none"}),
    ],
)
def test_tags(op, value, met):
    for key, tags in [("one", "vip"), ("two", "Fair;Vip"), ("other", "partner;vips"), ("none", "")]:
        make_lead(key=key, tags=tags)
    assert picked(ask("tags", op, value)) == met


# numbers


@pytest.mark.parametrize(
    ("op", "value", "met"),
    [
        ("eq", 50, True),
        ("eq", 50.0, True),
        ("eq", 50.5, False),
        ("ne", 50.5, True),
        ("ne", 50, False),
        ("in", [49, 50], True),
        ("in", [49.9, 50.1], False),
        ("not_in", [49, 50], False),
        ("gt", 49.5, True),
        ("gt", 50, False),
        ("gte", 50, True),
        ("gte", 50.5, False),
        ("lt", 50.5, True),
        ("lt", 50, False),
        ("lte", 50, True),
        ("lte", 49.5, False),
        ("between", [50, 60], True),
        ("between", [40, 50], True),
        ("between", [50.1, 60], False),
        ("between", [60, 40], False),
        ("is_set", None, True),
        ("is_blank", None, False),
    ],
)
def test_numbers(op, value, met):
    make_lead(company_size=50)
    assert holds(ask("company_size", op, value)) is met


@pytest.mark.parametrize(
    ("op", "value"),
    [("ne", 1), ("not_in", [1]), ("gte", 0), ("lt", 10), ("between", [0, 9]), ("eq", 0), ("is_set", None)],
)
def test_on_a_blank_number_all_but_is_blank_is_false(op, value):
    make_lead()
    assert not holds(ask("company_size", op, value))
    assert holds(ask("company_size", "is_blank"))


def test_zero_is_not_blank():
    make_lead(company_size=0)
    assert holds(ask("company_size", "is_set"))
    assert holds(ask("company_size", "lte", 0))
    assert holds(ask("company_size", "gt", -0.5))


def test_score_is_the_stored_one_unless_another_is_given():
    make_lead(key="a", score=70)
    make_lead(key="b")
    assert picked(ask("score", "gte", 60)) == {"a"}
    assert picked({"not": ask("score", "gte", 60)}) == picked(ask("score", "is_blank")) == {"b"}
    fresh = where(ask("score", "gte", 60), NOON, score=Value(65))
    assert Lead.objects.filter(fresh).count() == 2


# instants


@pytest.mark.parametrize(
    ("op", "value", "met"),
    [
        ("eq", "2026-03-02T12:00:00Z", True),
        ("eq", "2026-03-02T13:00", True),  # Paris time
        ("ne", "2026-03-02T13:00", False),
        ("in", ["2026-03-01", "2026-03-02T13:00:00+01:00"], True),
        ("gte", "2026-03-02", True),
        ("lt", "2026-03-03", True),
        ("lt", "2026-03-02", False),
        ("gt", "2026-03-02T12:00:00Z", False),
        ("lte", "2026-03-02T12:00:00Z", True),
        ("between", ["2026-03-02T12:00:00Z", "2026-03-05"], True),
        ("between", ["2026-03-01", "2026-03-02T12:00:00Z"], True),
        ("between", ["2026-03-01", "2026-03-02T11:59:59Z"], False),
    ],
)
def test_creation(op, value, met):
    Workspace.objects.create(pk=1, name="Acme", time_zone="Europe/Paris")
    make_lead(created_at=utc("2026-03-02 12:00"))
    assert holds(ask("created_at", op, value)) is met


def test_a_bare_date_is_its_first_instant_in_the_workspace():
    Workspace.objects.create(pk=1, name="Acme", time_zone="Europe/Paris")
    make_lead(key="before", created_at=utc("2026-03-28 22:59:59"))
    make_lead(key="at", created_at=utc("2026-03-28 23:00"))
    assert picked(ask("created_at", "gte", "2026-03-29")) == {"at"}


@pytest.mark.parametrize(
    ("at", "age"),
    [
        ("2026-03-02 12:00:00", 0),
        ("2026-03-03 11:59:59.999999", 0),
        ("2026-03-03 12:00:00", 1),
        ("2026-04-01 12:00:00", 30),  # across a clock change: elapsed days, not calendar days
        ("2026-04-01 11:59:59.999999", 29),
        ("2026-03-02 11:59:59.999999", -1),
        ("2026-03-01 12:00:00", -1),
    ],
)
def test_age_is_in_whole_elapsed_days(at, age):
    Workspace.objects.create(pk=1, name="Acme", time_zone="Europe/Paris")
    make_lead(created_at=utc("2026-03-02 12:00"))
    assert holds(ask("age_days", "eq", age), utc(at))
    assert holds(ask("age_days", "in", [age - 5, age]), utc(at))
    assert holds(ask("age_days", "between", [age - 0.5, age + 0.5]), utc(at))
    assert not holds(ask("age_days", "lt", age), utc(at))
    assert not holds(ask("age_days", "gt", age), utc(at))
    assert holds(ask("age_days", "gt", age - 1), utc(at))


# mail


def test_free_mail_is_blank_without_a_domain():
    for key, domain in [("free", "gmail.com"), ("own", "acme.example"), ("none", "")]:
        make_lead(key=key, email_domain=domain)
    assert picked(ask("free_email", "eq", True)) == picked(ask("free_email", "ne", False)) == {"free"}
    assert picked(ask("free_email", "eq", False)) == picked(ask("free_email", "ne", True)) == {"own"}
    assert picked(ask("free_email", "is_blank")) == {"none"}
    assert picked(ask("free_email", "is_set")) == {"free", "own"}


@pytest.mark.parametrize("domain", ["yahoo.co.uk", "gmx.de", "orange.fr", "mail.ru", "qq.com", "proton.me"])
def test_providers_from_everywhere_are_listed(domain):
    make_lead(email_domain=domain)
    assert holds(ask("free_email", "eq", True))


# stage


def stage_at(text):
    stages = ["lead", "mql", "sal", "sql", "opportunity", "customer", "rejected", "recycled", "disqualified"]
    met = [stage for stage in stages if holds(ask("stage", "eq", stage), utc(text))]
    assert len(met) == 1
    return met[0]


def test_the_stage_is_that_of_the_latest_event():
    lead = make_lead()
    make_stage_event(lead, "mql", utc("2026-03-02 13:00"))
    make_stage_event(lead, "sql", utc("2026-03-05 09:00"))
    make_stage_event(lead, "recycled", utc("2026-03-09 09:00"))
    make_stage_event(lead, "mql", utc("2026-03-12 09:00"))
    assert stage_at("2026-03-02 12:59:59.999999") == "lead"
    assert stage_at("2026-03-02 13:00") == "mql"
    assert stage_at("2026-03-05 09:00") == "sql"
    assert stage_at("2026-03-09 09:00") == "recycled"
    assert stage_at("2026-03-12 09:00") == "mql"


def test_deals_move_the_stage_too():
    lead = make_lead()
    make_opportunity(lead, utc("2026-03-05 09:00"), status="won", closed_at=utc("2026-03-20 09:00"))
    make_opportunity(lead, utc("2026-03-25 09:00"), status="lost", closed_at=utc("2026-03-30 09:00"))
    make_stage_event(lead, "disqualified", utc("2026-04-10 09:00"))
    assert stage_at("2026-03-05 08:59:59") == "lead"
    assert stage_at("2026-03-05 09:00") == "opportunity"
    assert stage_at("2026-03-20 09:00") == "customer"
    assert stage_at("2026-03-25 09:00") == "opportunity"
    assert stage_at("2026-04-01 09:00") == "opportunity"
    assert stage_at("2026-04-10 09:00") == "disqualified"


def test_of_events_at_one_instant_the_furthest_is_the_stage():
    lead = make_lead()
    for stage in ("sql", "mql", "sal"):
        make_stage_event(lead, stage, NOON)
    assert stage_at("2026-03-02 12:00") == "sql"
    make_opportunity(lead, NOON, status="won", closed_at=NOON)
    assert stage_at("2026-03-02 12:00") == "customer"
    make_stage_event(lead, "rejected", NOON)
    assert stage_at("2026-03-02 12:00") == "rejected"


def test_the_stage_is_text_like_any_other():
    make_lead()
    assert holds(ask("stage", "in", ["Lead", "MQL"]))
    assert holds(ask("stage", "ne", "mql"))
    assert holds(ask("stage", "contains", "ea"))
    assert holds(ask("stage", "is_set"))


# attempts and events


def test_attempts_count_up_to_the_instant():
    lead = make_lead()
    make_attempt(lead, utc("2026-03-01 12:00"), outcome="no_answer")
    make_attempt(lead, utc("2026-03-02 12:00"))
    make_attempt(lead, utc("2026-03-02 12:00:01"))
    assert holds(ask("attempts", "eq", 2))
    assert holds(ask("attempts", "between", [2, 2.5]))
    assert holds(ask("attempts", "eq", 0), utc("2026-03-01 11:59:59"))
    assert holds(ask("attempts", "in", [0, 3]), utc("2026-03-03 12:00"))


def test_events_count_up_to_the_instant():
    lead = make_lead()
    for at in ("2026-02-01 12:00", "2026-03-02 11:00", "2026-03-02 12:00", "2026-03-02 12:00:00.000001"):
        make_event(lead, "pricing_view", utc(at))
    make_event(lead, "download", utc("2026-03-02 11:00"))
    make_event(make_lead(key="other", created_at=NOON), "pricing_view", utc("2026-03-02 11:00"))
    assert picked(viewed("count_gte", 3)) == {lead.key}
    assert picked(viewed("count_gte", 4)) == set()
    assert picked(viewed("count_lt", 3)) == {"other"}
    assert picked({"event": "Pricing_View", "op": "count_gte", "value": 1}) == set()


@pytest.mark.parametrize(
    ("at", "days", "met"),
    [
        ("2026-03-09 12:00:00", 7, True),
        ("2026-03-09 12:00:00.000001", 7, False),
        ("2026-03-03 00:00:00", 0.5, True),
        ("2026-03-03 00:00:00.000001", 0.5, False),
        ("2026-03-02 12:00:00", 0, True),
        ("2026-04-01 12:00:00", 30, True),  # 30 times 24 hours, whatever the clocks did
    ],
)
def test_within_days_includes_both_edges_to_the_microsecond(at, days, met):
    make_event(make_lead(), "pricing_view", NOON)
    assert holds(viewed("count_gte", 1, days), utc(at)) is met
    assert holds(viewed("count_lt", 1, days), utc(at)) is not met


def test_counts_of_nothing():
    make_lead()
    assert holds(viewed("count_gte", 0))
    assert not holds(viewed("count_gte", 1))
    assert holds(viewed("count_lt", 1))
    assert not holds(viewed("count_lt", 0))


# each lead at its own instant


def test_each_lead_can_be_judged_at_its_own_instant():
    for key, day in [("a", 2), ("b", 9)]:
        lead = make_lead(key=key, created_at=utc(f"2026-03-0{day} 12:00"))
        make_event(lead, "pricing_view", utc("2026-03-05 12:00"))
        make_attempt(lead, utc("2026-03-05 12:00"))
        make_stage_event(lead, "mql", utc("2026-03-05 12:00"))
    at = F("created_at")
    assert picked(viewed("count_gte", 1), at) == {"b"}
    assert picked(viewed("count_gte", 1, 4), at) == {"b"}
    assert picked(viewed("count_gte", 1, 3.99), at) == set()
    assert picked(ask("attempts", "eq", 1), at) == {"b"}
    assert picked(ask("stage", "eq", "lead"), at) == {"a"}
    assert picked(ask("age_days", "eq", 0), at) == {"a", "b"}
    assert picked(ask("age_days", "eq", 3), F("created_at") + timedelta(days=3)) == {"a", "b"}
    assert picked(viewed("count_gte", 1), F("created_at") + timedelta(days=3)) == {"a", "b"}


# wherever a filter can stand

EVERYTHING = [
    ask("country", "eq", "france"),
    ask("company_size", "is_blank"),
    ask("channel", "ne", "email"),
    ask("tags", "contains", "vip"),
    ask("free_email", "eq", True),
    ask("stage", "eq", "mql"),
    ask("attempts", "gte", 1),
    ask("age_days", "eq", 0),
    ask("created_at", "gte", "2026-01-01"),
    viewed("count_gte", 2, 7),
    viewed("count_lt", 3),
    {"not": {"any": []}},
    {},
]


@pytest.fixture
def everything():
    channel = Channel.objects.create(key="ads", name="Ads", kind="paid")
    lead = make_lead(country="France", channel=channel, tags="vip", email_domain="gmail.com")
    make_stage_event(lead, "mql", NOON)
    make_attempt(lead, NOON)
    make_event(lead, "pricing_view", NOON)
    make_event(lead, "pricing_view", NOON)
    make_lead(key="other", created_at=utc("2025-01-01 12:00"), company_size=5)
    return lead


@pytest.mark.parametrize(
    "at", [NOON, F("created_at"), F("created_at") + timedelta(0)], ids=["at", "own", "sum"]
)
@pytest.mark.parametrize(
    "condition", [*EVERYTHING, {"all": EVERYTHING}], ids=lambda condition: sentence(condition)[:30]
)
def test_the_filter_works_wherever_a_filter_can_stand(everything, condition, at):
    condition = {"all": [condition, ask("id", "eq", everything.key)]}
    met = where(condition, at)
    case = Case(When(met, then=Value(1)), default=Value(0))
    assert Lead.objects.filter(met).get() == everything
    assert Lead.objects.filter(~met).get().key == Lead.objects.exclude(met).get().key == "other"
    assert Lead.objects.aggregate(n=Count("pk", filter=met), rest=Count("pk", filter=~met)) == {
        "n": 1,
        "rest": 1,
    }
    assert Lead.objects.annotate(met=case).get(met=1) == everything
    assert list(Lead.objects.annotate(met=case).values("met").annotate(n=Count("pk")).order_by("met")) == [
        {"met": 0, "n": 1},
        {"met": 1, "n": 1},
    ]
    by_country = Lead.objects.values("country").annotate(n=Count("pk", filter=met)).order_by("country")
    assert list(by_country) == [{"country": "", "n": 0}, {"country": "France", "n": 1}]
    assert Lead.objects.update(score=case) == 2
    assert Lead.objects.filter(Q(score=1) & met).update(score=2) == 1
