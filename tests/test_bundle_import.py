"""A bundle comes in: what each cell becomes, and what follows from it."""

# ruff: noqa: E501 (files are shown whole)

import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.hashers import is_password_usable
from django.core.management import call_command
from django.db import connection

from leads.exchange.bundle import import_bundle, staging, storing
from leads.models import (
    Appointment,
    BehaviourEvent,
    Campaign,
    Channel,
    ContactAttempt,
    DefinitionSet,
    ExchangeRate,
    Lead,
    Opportunity,
    Session,
    SlaPolicy,
    Spend,
    StageEvent,
    Submission,
    Target,
    Touch,
    User,
    Workspace,
)
from tests.bundle_helpers import all_rows, take, write_bundle

pytestmark = pytest.mark.django_db

CHANNELS = "id,name,kind\nads,Ads,paid\nseo,SEO,organic\n"
CAMPAIGNS = "id,name,channel\nspring,Spring,ads\n"
LEAD = "id,created_at\nl1,2026-01-01T09:00:00Z\n"


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_every_column_of_a_lead_is_stored_as_given(tmp_path):
    take(
        tmp_path,
        users="id,role\nann,rep\n",
        channels=CHANNELS,
        campaigns=CAMPAIGNS,
        landing_pages="id,name,path\np1,Page,/p\n",
        leads="status,id,created_at,email,first_name,last_name,phone,job_title,seniority,job_function,company,website,"
        "company_size,industry,country,region,channel,campaign,landing_page,utm_source,utm_medium,utm_campaign,"
        "utm_term,utm_content,owner,tags\n"
        'spam, l1 ,2026-01-01T10:00:00+01:00, Ann@X.Example,Ann,"O""Neil, Jr",+33,Boss,C,Ops," Acme\n",https://a,'
        "0,Steel,FR,IdF,seo,spring,p1,s,m,c,t,ct,ann,a;b\n",
    )
    lead = Lead.objects.get()
    assert (lead.key, lead.created_at, lead.email) == (" l1 ", at(2026, 1, 1, 9), " Ann@X.Example")
    assert (lead.email_domain, lead.last_name, lead.company) == ("x.example", 'O"Neil, Jr', " Acme\n")
    assert (lead.company_size, lead.channel.key, lead.campaign.key) == (0, "seo", "spring")
    assert (lead.owner.username, lead.tags, lead.status) == ("ann", "a;b", "spam")


def test_all_other_facts_are_stored(tmp_path):
    take(
        tmp_path,
        users="id,role\nann,rep\n",
        channels=CHANNELS,
        campaigns="id,name,channel,starts_on,ends_on,budget\nspring,Spring,ads,2026-03-01,2026-05-31,1000.50\n",
        leads=LEAD,
        submissions="id,lead,at,complete\nsub,l1,2026-01-02T00:00:00Z,true\n",
        stage_events="id,lead,stage,at,by,reason\ne,l1,mql,2026-01-03T00:00:00Z,ann,fits\n",
        attempts="id,lead,at,by,medium,outcome,note\na,l1,2026-01-04T00:00:00Z,ann,call,no_answer,later\n",
        appointments="id,lead,booked_at,scheduled_for,minutes,by,status,moved_to\n"
        "m1,l1,2026-01-05T00:00:00Z,2026-01-06T00:00:00Z,30,ann,rescheduled,m2\n"
        "m2,l1,2026-01-05T00:00:00Z,2026-01-07T00:00:00Z,,,rescheduled,2026-01-08T10:00\n",
        opportunities="id,lead,name,opened_at,amount,currency,monthly_revenue,status,closed_at,lost_reason\n"
        "o,l1,Deal,2026-01-09T00:00:00Z,99.99,USD,0,lost,2026-01-10T00:00:00Z,price\n",
        spend="id,date,side,category,channel,amount,currency,note\ns,2026-01-01,sales,other,seo,-5,CHF,credit note\n",
        exchange_rates="currency,date,rate\nUSD,2026-01-01,0.9123456789\n",
        sessions="id,visitor,started_at,channel,referrer,high_intent,lead\nv,me,2026-01-01T00:00:00Z,seo,r,true,l1\n",
        touches="id,lead,at,channel,kind\nt,l1,2026-01-01T00:00:00Z,seo,form\n",
        events="id,lead,at,kind\nb,l1,2099-01-01T00:00:00Z,pricing_view\n",
    )
    assert Campaign.objects.filter(
        starts_on=date(2026, 3, 1), ends_on=date(2026, 5, 31), budget=Decimal("1000.5")
    ).exists()
    assert Submission.objects.get().complete
    assert StageEvent.objects.filter(key="e", stage="mql", by__username="ann", reason="fits").exists()
    assert ContactAttempt.objects.filter(key="a", medium="call", outcome="no_answer", note="later").exists()
    assert dict(Appointment.objects.values_list("key", "moved_to")) == {
        "m1": "m2",
        "m2": "2026-01-08T09:00:00Z",
    }
    deal = Opportunity.objects.get()
    assert (deal.amount, deal.monthly_revenue, deal.currency, deal.status) == (
        Decimal("99.99"),
        0,
        "USD",
        "lost",
    )
    assert Spend.objects.filter(amount=-5, side="sales", note="credit note").exists()
    assert ExchangeRate.objects.get().rate == Decimal("0.9123456789")
    assert Session.objects.filter(visitor="me", high_intent=True, lead__key="l1").exists()
    assert Touch.objects.filter(key="t", channel__key="seo", kind="form").exists()
    assert BehaviourEvent.objects.filter(key="b", kind="pricing_view", at=at(2099, 1, 1)).exists()


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2026-01-01T10:00:00Z", at(2026, 1, 1, 10)),
        ("2026-01-01T10:00:00+05:30", at(2026, 1, 1, 4, 30)),
        ("2026-01-01T10:00:00", at(2026, 1, 1, 9)),  # Paris
        ("2026-01-01 10:00", at(2026, 1, 1, 9)),
        ("2026-07-01", at(2026, 6, 30, 22)),  # its first instant
        ("2026-10-25T02:30:00", at(2026, 10, 25, 0, 30)),  # occurs twice: the first
        ("2026-03-29T02:30:00", at(2026, 3, 29, 1, 30)),  # skipped: 03:30 summer time
        ("2026-01-01T10:00:00.25Z", at(2026, 1, 1, 10, 0, 0, 250000)),
        ("2026-01-01T10:00:00.1234567Z", at(2026, 1, 1, 10, 0, 0, 123456)),  # as .NET writes it
        ("2026-01-01t10:00:00z", at(2026, 1, 1, 10)),
    ],
)
def test_a_time_without_offset_is_in_the_zone_of_the_workspace(tmp_path, given, stored):
    take(tmp_path, leads=f"id,created_at\nl1,{given}\n")
    assert Lead.objects.get().created_at == stored


def test_a_blank_cell_is_the_default_or_no_value(tmp_path):
    take(tmp_path, channels="id,name,kind,high_intent\nads,Ads,paid,\n", leads=LEAD)
    lead = Lead.objects.get()
    assert (lead.status, lead.email, lead.email_domain, lead.tags) == ("open", "", "", "")
    assert (lead.company_size, lead.channel, lead.owner, lead.merged_into) == (None, None, None, None)
    assert not Channel.objects.get().high_intent


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("a@X.Example", "x.example"),
        ("a@b@STRASSE.de", "strasse.de"),
        ("x@ÉCOLE.fr", "école.fr"),
        ("none", ""),
    ],
)
def test_the_domain_of_an_email_is_folded(tmp_path, email, domain):
    take(tmp_path, leads=f"id,created_at,email\nl1,2026-01-01,{email}\n")
    assert Lead.objects.get().email_domain == domain


def test_a_campaign_without_channel_brings_its_own(tmp_path):
    take(
        tmp_path,
        channels=CHANNELS,
        campaigns=CAMPAIGNS,
        leads="id,created_at,campaign\nl1,2026-01-01,spring\n",
        spend="id,date,side,category,campaign,amount\ns,2026-01-01,marketing,ads,spring,1\n",
        sessions="id,visitor,started_at,campaign,channel\nv,me,2026-01-01,spring,\nw,me,2026-01-01,spring,seo\n",
        touches="lead,at,campaign\nl1,2026-01-01,spring\n",
    )
    for model in (Lead, Spend, Touch):
        assert model.objects.get().channel.key == "ads"
    assert list(Session.objects.order_by("key").values_list("channel__key", flat=True)) == ["ads", "seo"]


def test_a_lead_without_submission_has_one_with_what_it_came_with(tmp_path):
    take(
        tmp_path,
        landing_pages="id,name,path\np1,Page,/p\n",
        leads="id,created_at,landing_page,company_size,industry,job_title,status,merged_into\n"
        "full,2026-01-01T09:00:00Z,p1,0,Steel,Boss,,\n"
        "part,2026-01-02T09:00:00Z,,5,Steel,,spam,\n"
        "gone,2026-01-03T09:00:00Z,,,,,merged,full\n"
        "told,2026-01-04T09:00:00Z,,,,,,\n",
        submissions="lead,at,landing_page,complete\ntold,2026-02-01T00:00:00Z,,true\n",
    )
    rows = Submission.objects.order_by("at").values_list("lead__key", "at", "landing_page__key", "complete")
    assert list(rows) == [
        ("full", at(2026, 1, 1, 9), "p1", True),
        ("part", at(2026, 1, 2, 9), None, False),
        ("told", at(2026, 2, 1), None, True),
    ]


def test_a_blank_complete_is_judged_by_the_key_fields_of_the_workspace(tmp_path):
    take(
        tmp_path,
        {"settings": {"key_fields": ["email", "owner"]}},
        users="id,role\nann,rep\n",
        leads="id,created_at,email,owner\nl1,2026-01-01,a@b.example,ann\nl2,2026-01-01,a@b.example,\n",
        submissions="id,lead,at,complete\ns1,l1,2026-01-01,\ns2,l2,2026-01-01,\ns3,l1,2026-01-01,false\n",
    )
    assert dict(Submission.objects.values_list("key", "complete")) == {"s1": True, "s2": False, "s3": False}


def test_milestones_clocks_and_scores_are_computed_and_nothing_else(tmp_path):
    take(
        tmp_path,
        {
            "sla": [{"slug": "fast", "minutes": 5}],
            "scoring": {"rules": [{"slug": "all", "category": "demographic", "when": None, "points": 60}]},
            "stages": {"mql": {"when": None, "mode": "automatic"}},
        },
        leads=LEAD,
        attempts="id,lead,at,medium,outcome\na,l1,2026-01-01T09:04:00Z,call,connected\n",
    )
    lead = Lead.objects.get()
    assert lead.first_response_at == lead.answered_at == at(2026, 1, 1, 9, 4)
    assert (lead.sla_policy.slug, lead.response_due_at) == ("fast", at(2026, 1, 1, 9, 5))
    assert (lead.score, lead.mql_at, StageEvent.objects.count()) == (60, None, 0)


def test_a_lead_created_at_another_time_than_was_thought_has_another_due_time(tmp_path):
    sla = {"sla": [{"slug": "fast", "minutes": 5}]}
    take(tmp_path, sla, leads=LEAD)
    take(tmp_path, sla, leads="id,created_at\nl1,2026-01-02T09:00:00Z\n")
    assert Lead.objects.get().response_due_at == at(2026, 1, 2, 9, 5)


def test_the_workspace_file_sets_everything(tmp_path):
    take(
        tmp_path,
        {
            "settings": {"qualified_stage": "sql", "gross_margin": 0.75, "lifetime_months": 24},
            "icp": {"field": "industry", "op": "eq", "value": "Steel"},
            "stages": {"mql": {"when": {"field": "score", "op": "gte", "value": 50}}},
            "calendars": [{"slug": "office", "hours": {"mon": [["09:00", "17:00"]]}}],
            "sla": [
                {
                    "slug": "day",
                    "minutes": 480.5,
                    "clock": "business_hours",
                    "calendar": "office",
                    "warn_at": 0.5,
                },
                {"slug": "rest", "minutes": 60},
            ],
            "targets": [{"kpi": "cost_per_lead", "value": 50.25}],
        },
    )
    now = Workspace.current()
    assert (now.name, now.time_zone, now.qualified_stage) == ("Acme", "Europe/Paris", "sql")
    assert (now.gross_margin, now.lifetime_months) == (Decimal("0.75"), 24)
    definitions = DefinitionSet.current()
    assert (definitions.number, definitions.icp["value"], definitions.scoring) == (1, "Steel", None)
    assert definitions.stages["mql"]["mode"] == "manual"
    day = SlaPolicy.objects.get(slug="day")
    assert (day.position, day.minutes, day.warn_at) == (0, Decimal("480.5"), Decimal("0.5"))
    assert day.calendar.time_zone == "Europe/Paris"
    assert Target.objects.get().value == Decimal("50.25")


def test_null_is_the_same_as_absent(tmp_path):
    bare = {"slug": "day", "minutes": 60}
    names = ("when", "clock", "calendar", "stops_on", "warn_at", "escalate_after_minutes")
    office = {"slug": "office", "hours": {"mon": [["09:00", "17:00"]]}}
    settings = ("key_fields", "gross_margin", "attribution_model")
    take(tmp_path / "1", {"sla": [bare], "calendars": [office], "stages": {"mql": {}}})
    given = {
        "settings": dict.fromkeys(settings),
        "icp": None,
        "scoring": None,
        "targets": None,
        "stages": {"mql": {"when": None, "mode": None}, "sal": None},
        "sla": [{**bare, **dict.fromkeys(names)}],
        "calendars": [{**office, **dict.fromkeys(["time_zone", "holidays", "country"])}],
    }
    done = take(tmp_path / "2", given)
    assert (done.added, done.changed) == (0, 0)


def test_a_scoring_rule_without_condition_holds_for_every_lead(tmp_path):
    rules = [
        {"slug": "all", "category": "demographic", "points": 7},
        {"slug": "new", "category": "demographic", "points": 5, "when": None, "per_event": None},
        {"slug": "seen", "category": "behavioural", "points": 3, "per_event": "pricing view", "when": None},
    ]
    scoring = {"weights": None, "caps": None, "rules": rules, "thresholds": None}
    take(tmp_path, {"scoring": scoring}, leads=LEAD, events="lead,at,kind\nl1,2026-01-01,pricing view\n")
    assert Lead.objects.get().score == 15


def test_public_holidays_are_found_whatever_the_case_of_the_country(tmp_path):
    always = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    policy = {"slug": "day", "minutes": 60, "clock": "business_hours", "calendar": "office"}
    office = {"slug": "office", "hours": always, "country": "fr"}
    take(tmp_path, {"sla": [policy], "calendars": [office]}, leads="id,created_at\nl1,2026-05-01T12:00\n")
    assert Lead.objects.get().response_due_at == at(2026, 5, 1, 23)  # 2 May, 01:00 in Paris


@pytest.mark.parametrize(
    ("given", "stored"), [("1e3", "1000"), ("1.5E+1", "15"), ("0E-7", "0"), (".5", "0.5"), ("-5.50", "-5.5")]
)
def test_a_number_may_be_written_in_several_ways(tmp_path, given, stored):
    take(tmp_path, spend=f"id,date,side,category,amount\ns,2026-01-01,marketing,ads,{given}\n")
    assert Spend.objects.get().amount == Decimal(stored)


def test_whole_numbers_may_end_in_a_zero_after_the_point(tmp_path):
    take(tmp_path, leads="id,created_at,company_size\nl1,2026-01-01,50.0\n")
    assert Lead.objects.get().company_size == 50


def test_an_appointment_may_be_moved_to_a_day(tmp_path):
    rows = "a,l1,2026-01-01,2026-01-02,rescheduled,2026-02-03\n"
    take(tmp_path, leads=LEAD, appointments=f"id,lead,booked_at,scheduled_for,status,moved_to\n{rows}")
    assert Appointment.objects.get().moved_to == "2026-02-02T23:00:00Z"


def test_changed_definitions_are_a_new_version(tmp_path):
    icp = {"field": "industry", "op": "eq", "value": "Steel"}
    for definition in ({"icp": icp}, {"icp": icp}, {}):
        take(tmp_path, definition)
    rows = DefinitionSet.objects.order_by("number").values_list("number", "status", "icp")
    assert list(rows) == [(1, "superseded", icp), (2, "published", None)]


def test_policies_that_are_not_in_the_bundle_come_after_its_own(tmp_path):
    take(tmp_path, {"sla": [{"slug": "old", "minutes": 5}, {"slug": "kept", "minutes": 5}]})
    take(tmp_path, {"sla": [{"slug": "new", "minutes": 5}, {"slug": "kept", "minutes": 6}]})
    assert list(SlaPolicy.objects.values_list("slug", flat=True)) == ["new", "kept", "old"]


def test_users_come_without_password_and_with_their_team(tmp_path):
    take(tmp_path, users="id,name,email,role,team\nann,Ann,ann@x.example,manager,North\n")
    ann = User.objects.get()
    assert (ann.username, ann.name, ann.email, ann.role) == ("ann", "Ann", "ann@x.example", "manager")
    assert (ann.team.name, ann.is_staff, ann.is_superuser, ann.is_active) == ("North", False, False, True)
    assert not is_password_usable(ann.password)


def test_an_account_keeps_its_password_and_never_rises(tmp_path):
    User.objects.create_user("ann", password="secret", role="rep")
    User.objects.create_user("boss", password="secret", role="admin")
    User.objects.create_user("max", password="secret", role="manager")
    take(tmp_path, users="id,name,role\nann,Ann,admin\nboss,,rep\nmax,,rep\n")
    assert dict(User.objects.values_list("username", "role")) == {"ann": "rep", "boss": "admin", "max": "rep"}
    ann = User.objects.get(username="ann")
    assert (ann.name, ann.check_password("secret")) == ("Ann", True)


def test_an_admin_may_be_lowered_while_another_stays(tmp_path):
    User.objects.create_user("a", role="admin")
    User.objects.create_user("b", role="admin")
    take(tmp_path, users="id,role\na,manager\nb,admin\n")
    assert dict(User.objects.values_list("username", "role")) == {"a": "manager", "b": "admin"}


@pytest.mark.parametrize(("password", "role"), [("secret", "admin"), (None, "rep")])
def test_an_admin_who_comes_without_password_replaces_none_who_can_log_in(tmp_path, password, role):
    User.objects.create_user("ann", password=password, role="admin")
    for number in range(2):  # again, bob being there already
        done = take(tmp_path / str(number), users="id,role\nann,rep\nbob,admin\n")
        assert User.objects.get(username="ann").role == role
    assert (done.added, done.changed) == (0, 0)


def test_references_may_be_to_what_is_there_already(tmp_path):
    take(tmp_path / "1", channels=CHANNELS, campaigns=CAMPAIGNS, leads=LEAD)
    take(tmp_path / "2", touches="lead,at,campaign\nl1,2026-01-01,spring\n")
    assert Touch.objects.get().channel.key == "ads"


def test_what_looks_odd_and_is_not_wrong_is_taken(tmp_path):
    take(
        tmp_path,
        leads="id,created_at,email\nl1,2026-01-01,a@b.example\nl2,2099-01-01,a@b.example\n",
        attempts="id,lead,at,medium,outcome\na,l1,2020-01-01,call,connected\n",
        opportunities="id,lead,opened_at,status,closed_at\no,l1,2026-01-01,open,2026-02-01\n",
    )
    assert Lead.objects.count() == 2


def test_a_byte_order_mark_crlf_and_blank_lines_are_read(tmp_path):
    take(tmp_path, leads=b"\xef\xbb\xbfid,created_at\r\n\r\nl1,2026-01-01T00:00:00Z\r\n\r\n")
    assert Lead.objects.get().key == "l1"


@pytest.mark.parametrize("top", ["", "acme/"])
def test_a_zip_is_read_with_or_without_a_top_folder(tmp_path, top):
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if top:
            archive.writestr(top, "")
        archive.writestr(
            f"{top}workspace.json", json.dumps({"name": "A", "time_zone": "UTC", "currency": "EUR"})
        )
        archive.writestr(f"{top}leads.csv", LEAD)
        archive.writestr("__MACOSX/._leads.csv", "x")
    import_bundle(path)
    assert Lead.objects.count() == 1


def test_importing_the_same_bundle_again_changes_nothing(tmp_path):
    folder = write_bundle(
        tmp_path,
        {
            "scoring": {"rules": []},
            "sla": [{"slug": "a", "minutes": 0.1}],
            "targets": [{"kpi": "cost_per_lead", "value": 1.1}],
        },
        users="id,role,team\nann,rep,North\n",
        channels=CHANNELS,
        campaigns=CAMPAIGNS,
        leads="id,created_at,campaign,company_size,status,merged_into\nl1,2026-01-01,spring,0,,\nl2,2026-01-01,,,merged,l1\n",
        submissions="lead,at\nl1,2026-01-01\nl1,2026-01-01\n",
        touches="lead,at,channel,campaign\nl1,2026-01-01,,spring\nl1,2026-01-01,ads,spring\nl1,2026-01-01,,spring\n",
        events="lead,at,kind\nl1,2026-01-01,download\nl1,2026-01-01,download\n",
        stage_events="lead,at,stage,by\nl1,2026-01-01,mql,\n",
        exchange_rates="currency,date,rate\nUSD,2026-01-01,0.9\n",
        opportunities="id,lead,opened_at,status,amount\no,l1,2026-01-01,open,0.1\n",
    )
    now = at(2026, 6, 1)
    import_bundle(folder, at=now)
    before = all_rows()
    again = import_bundle(folder, at=now)
    assert (again.added, again.changed) == (0, 0)
    assert all_rows() == before


def test_a_changed_row_replaces_values_and_blank_clears(tmp_path):
    take(
        tmp_path / "1",
        channels=CHANNELS,
        leads="id,created_at,email,company_size,channel\nl1,2026-01-01,a@b.example,5,ads\nl2,2026-01-01,x,,\n",
        opportunities="id,lead,opened_at,status,amount,closed_at\no,l1,2026-01-01,won,5,2026-02-01\n",
    )
    done = take(
        tmp_path / "2",
        leads="id,created_at\nl1,2026-01-01\n",
        opportunities="id,lead,opened_at,status,amount\no,l1,2026-01-01,open,\n",
    )
    lead, deal = Lead.objects.get(key="l1"), Opportunity.objects.get()
    assert (lead.email, lead.email_domain, lead.company_size, lead.channel) == ("", "", None, None)
    assert (deal.status, deal.amount, deal.closed_at, lead.customer_at) == ("open", None, None, None)
    assert (done.added, done.changed) == (0, 2)
    assert Lead.objects.get(key="l2").email == "x"


def test_rows_without_id_are_added_as_often_as_they_are_missing(tmp_path):
    row = "l1,2026-01-01,download\n"
    take(tmp_path / "1", leads=LEAD, events=f"lead,at,kind\n{row}{row}")
    assert take(tmp_path / "2", events=f"lead,at,kind\n{row}{row}{row}").added == 1
    assert take(tmp_path / "3", events=f"lead,at,kind\n{row}").added == 0
    assert BehaviourEvent.objects.count() == 3


def test_what_was_implied_at_entry_stays(tmp_path):
    """A campaign that moves and a lead that is completed later do not rewrite the past."""
    files = {
        "leads": "id,created_at,campaign\nl1,2026-01-01,spring\n",
        "submissions": "id,lead,at\ns,l1,2026-01-01\n,l1,2026-01-02\n",
        "touches": "id,lead,at,campaign\nt,l1,2026-01-01,spring\n,l1,2026-01-02,spring\n",
    }
    key_field = {"settings": {"key_fields": ["industry"]}}
    take(tmp_path / "1", key_field, channels=CHANNELS, campaigns=CAMPAIGNS, **files)
    moved = files | {"leads": "id,created_at,campaign,industry\nl1,2026-01-01,spring,Steel\n"}
    done = take(tmp_path / "2", key_field, campaigns="id,name,channel\nspring,Spring,seo\n", **moved)
    assert (done.added, done.changed) == (0, 2)  # the campaign and the lead's industry
    assert Lead.objects.get().channel.key == "ads"
    assert set(Touch.objects.values_list("channel__key", flat=True)) == {"ads"}
    assert set(Submission.objects.values_list("complete", flat=True)) == {False}


def test_stated_and_blank_values_share_the_stored_rows(tmp_path):
    take(
        tmp_path / "1", leads=LEAD, submissions="lead,at,complete\nl1,2026-01-01,true\nl1,2026-01-01,false\n"
    )
    again = "lead,at,complete\nl1,2026-01-01,\nl1,2026-01-01,false\nl1,2026-01-01,\n"
    assert take(tmp_path / "2", submissions=again).added == 1


def test_rows_of_a_lead_that_is_merged_now_go_to_the_survivor(tmp_path):
    take(
        tmp_path / "1",
        leads="id,created_at\nl1,2026-01-01\nl2,2026-01-02\n",
        events="lead,at,kind\nl2,2026-01-03,download\n",
    )
    take(
        tmp_path / "2",
        leads="id,created_at,status,merged_into\nl2,2026-01-02,merged,l1\n",
        events="lead,at,kind\nl1,2026-01-03,download\n",
    )
    assert list(BehaviourEvent.objects.values_list("lead__key", flat=True)) == ["l1"]
    assert Submission.objects.filter(lead__key="l1").count() == 2


def test_a_large_bundle_leaves_indexes_and_constraints_as_they_were(tmp_path, monkeypatch):
    monkeypatch.setattr(storing, "BULK", 0)
    tables = [Lead._meta.db_table, Touch._meta.db_table]

    def constraints():
        with connection.cursor() as cursor:
            return [connection.introspection.get_constraints(cursor, table) for table in tables]

    before = constraints()
    take(tmp_path, channels=CHANNELS, leads=LEAD, touches="lead,at,channel\nl1,2026-01-01,seo\n")
    assert constraints() == before
    assert Touch.objects.count() == 1


def test_rows_are_stored_chunk_by_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(storing, "CHUNK", 2)
    monkeypatch.setattr(staging, "BATCH", 3)
    take(tmp_path, leads="id,created_at\n" + "".join(f"l{number},2026-01-01\n" for number in range(7)))
    assert Lead.objects.count() == Submission.objects.count() == 7


def test_progress_is_told_and_printed(tmp_path, capsys):
    told = []
    import_bundle(write_bundle(tmp_path, leads=LEAD), progress=lambda what, rows: told.append((what, rows)))
    assert ("leads.csv", 1) in told
    call_command("import_bundle", str(tmp_path))
    output = capsys.readouterr()
    assert output.out.endswith("0 rows added, 0 changed.\n")
    assert "leads.csv: 1\n" in output.err
