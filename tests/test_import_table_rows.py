"""What becomes of each row: new, update, unchanged, or refused with the reason."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.exchange import tables
from leads.exchange.tables import MappingError, RefusedError
from leads.models import Campaign, Channel, DefinitionSet, LandingPage, Lead, Submission, User, Workspace
from tests.factories import NOON, make_lead

pytestmark = pytest.mark.django_db

FIELDS = {"id": "Id", "created_at": "Created"}
CREATE = {"create": {}}


@pytest.fixture(autouse=True)
def workspace():
    return Workspace.objects.create(pk=1, name="Acme", time_zone="Europe/Paris", currency="EUR")


@pytest.fixture
def read(tmp_path):
    def read(content, table="leads", fields=FIELDS, **mapping):
        path = tmp_path / "export.csv"
        path.write_text(content)
        return tables.read(table, path, tables.parse({"fields": fields, **mapping}))

    return read


def kinds(plan):
    return [fate.kind for fate in plan.fates()]


def refused(plan):
    with pytest.raises(RefusedError) as caught:
        plan.apply(NOON)
    return [str(problem) for problem in caught.value.tally.problems]


def test_a_new_lead_is_one_submission_with_the_fields_it_came_with(read):
    fields = {
        **FIELDS,
        "email": "Mail",
        "job_title": "Job",
        "industry": "Industry",
        "company_size": "Staff",
        "landing_page": {"column": "Page", **CREATE},
    }
    read(
        "Id,Created,Mail,Job,Industry,Staff,Page\n"
        "L1,2026-01-31,Ann@Example.COM,CEO,Retail,0,home\n"
        "L2,2026-02-01 10:00,nobody,,Retail,12,\n",
        fields=fields,
    ).apply(NOON)
    first, second = Submission.objects.order_by("at")
    assert (first.lead.key, first.at, first.complete) == ("L1", datetime(2026, 1, 30, 23, tzinfo=UTC), True)
    assert (first.landing_page.key, first.key) == ("home", None)
    assert (second.lead.key, second.at, second.complete) == ("L2", datetime(2026, 2, 1, 9, tzinfo=UTC), False)
    assert second.landing_page is None
    assert list(Lead.objects.order_by("key").values_list("email", "email_domain", "company_size")) == [
        ("Ann@Example.COM", "example.com", 0),
        ("nobody", "", 12),
    ]


def test_key_fields_are_those_of_the_published_definitions(read):
    DefinitionSet.objects.create(number=1, status="published", key_fields=["email"])
    read("Id,Created,Mail\nL1,2026-01-31,a@b.c\n", fields={**FIELDS, "email": "Mail"}).apply(NOON)
    assert Submission.objects.get().complete


def test_importing_again_changes_nothing_and_a_changed_row_is_updated(read):
    fields = {**FIELDS, "email": "Mail", "company_size": "Staff"}
    content = "Id,Created,Mail,Staff\nL1,2026-01-31,a@b.c,5\nL2,2026-01-31,d@e.f,6\n"
    assert kinds(read(content, fields=fields)) == ["new", "new"]
    assert read(content, fields=fields).apply(NOON).kinds == {"new": 2}
    Lead.objects.filter(key="L1").update(company="Acme")
    assert kinds(read(content, fields=fields)) == ["unchanged", "unchanged"]

    changed = content.replace("a@b.c,5", "a@x.com,")
    assert read(changed, fields=fields).apply(NOON).kinds == {"update": 1, "unchanged": 1}
    lead = Lead.objects.get(key="L1")
    assert (lead.email, lead.email_domain, lead.company_size) == ("a@x.com", "x.com", None)  # a blank clears
    assert lead.company == "Acme"  # what no column of the file says stays
    assert Lead.objects.count() == Submission.objects.count() == 2


def test_a_corrected_creation_takes_the_form_along(read):
    fields = {**FIELDS, "landing_page": {"column": "Page", **CREATE}}
    read("Id,Created,Page\nL1,2026-01-31,home\n", fields=fields).apply(NOON)
    lead = Lead.objects.get()
    later = Submission.objects.create(lead=lead, at=datetime(2026, 3, 1, tzinfo=UTC), complete=True)

    read("Id,Created,Page\nL1,2026-01-30,demo\n", fields=fields).apply(NOON)
    forms = Submission.objects.order_by("at").values_list("at", "landing_page__key")
    assert list(forms) == [(datetime(2026, 1, 29, 23, tzinfo=UTC), "demo"), (later.at, None)]


def test_channels_pages_and_owners_are_made_as_they_come(read):
    fields = {
        **FIELDS,
        "channel": {
            "column": "Source",
            "values": {"adwords": "google-ads"},
            "create": {
                "kind": "other",
                "kinds": {"google-ads": "paid"},
                "names": {"google-ads": "Google Ads"},
            },
        },
        "landing_page": {"column": "Page", **CREATE},
        "owner": {"column": "Rep", "create": {"names": {"ann": "Ann Bee"}}},
    }
    Channel.objects.create(key="fb", name="Meta", kind="social")
    content = (
        "Id,Created,Source,Page,Rep\n"
        "L1,2026-01-31,adwords,/demo,ann\n"
        "L2,2026-01-31,fb,/demo,bob\n"
        "L3,2026-01-31,unknown,,\n"
    )
    assert read(content, fields=fields).check().added == {"channels": 2, "landing pages": 1, "users": 2}
    assert Channel.objects.count() == 1
    tally = read(content, fields=fields).apply(NOON)
    assert tally.added == {"channels": 2, "landing pages": 1, "users": 2}
    assert list(Channel.objects.order_by("key").values_list("key", "name", "kind")) == [
        ("fb", "Meta", "social"),
        ("google-ads", "Google Ads", "paid"),
        ("unknown", "unknown", "other"),
    ]
    page = LandingPage.objects.get()
    assert (page.key, page.name, page.path) == ("/demo", "/demo", "/demo")
    ann, bob = User.objects.order_by("username")
    assert (ann.name, ann.role, ann.has_usable_password(), str(bob)) == ("Ann Bee", "rep", False, "bob")
    assert list(Lead.objects.order_by("key").values_list("channel__key", "owner__username")) == [
        ("google-ads", "ann"),
        ("fb", "bob"),
        ("unknown", None),
    ]
    assert read(content, fields=fields).apply(NOON).kinds == {"unchanged": 3}


def test_a_lead_with_a_campaign_and_no_channel_has_the_campaigns_channel(read):
    ads = Channel.objects.create(key="ads", name="Ads", kind="paid")
    fb = Channel.objects.create(key="fb", name="Meta", kind="social")
    Campaign.objects.create(key="spring", name="Spring", channel=ads)
    fields = {**FIELDS, "campaign": "Campaign", "channel": "Channel"}
    content = "Id,Created,Campaign,Channel\nL1,2026-01-31,spring,\nL2,2026-01-31,spring,fb\nL3,2026-01-31,,\n"
    for outcome in ({"new": 3}, {"unchanged": 3}):
        assert read(content, fields=fields).apply(NOON).kinds == outcome
        assert list(Lead.objects.order_by("key").values_list("channel", flat=True)) == [ads.pk, fb.pk, None]

    without_channel = {**FIELDS, "campaign": "Campaign"}
    assert kinds(read(content, fields=without_channel)) == ["unchanged"] * 3
    without_campaign = {**FIELDS, "channel": "Channel"}
    assert kinds(read(content, fields=without_campaign)) == ["unchanged"] * 3


def test_a_new_campaign_takes_the_channel_of_its_first_row(read):
    fields = {
        **FIELDS,
        "campaign": {"column": "Campaign", **CREATE},
        "channel": {"column": "Channel", **CREATE},
    }
    header = "Id,Created,Campaign,Channel\n"
    assert refused(read(header + "L1,2026-01-31,spring,\n", fields=fields)) == [
        "2: Campaign: the new campaign 'spring' needs a channel"
    ]
    read(header + "L1,2026-01-31,spring,ads\nL2,2026-01-31,spring,\n", fields=fields).apply(NOON)
    assert Campaign.objects.get().channel.key == "ads"
    assert Lead.objects.get(key="L2").channel.key == "ads"


def test_texts_are_blanked_translated_and_defaulted(read):
    fields = {
        **FIELDS,
        "industry": {"column": "Sector", "values": {"IT": "Software", "x": ""}, "otherwise": "Other"},
        "country": {"column": "Land", "default": "FR"},
        "region": {"column": "Land", "blanks": []},
        "company": {"template": "{Sector} / {Land}"},
        "job_title": {"value": "CEO"},
    }
    read(
        "Id,Created,Sector,Land\n"
        "L1,2026-01-31, IT ,n/a\nL2,2026-01-31,Toys,DE\nL3,2026-01-31,x,\nL4,2026-01-31,,\n",
        fields=fields,
        blanks=["n/a"],
    ).apply(NOON)
    columns = ("industry", "country", "region", "company", "job_title")
    assert list(Lead.objects.order_by("key").values_list(*columns)) == [
        ("Software", "FR", "n/a", "IT / n/a", "CEO"),
        ("Other", "DE", "DE", "Toys / DE", "CEO"),
        ("", "FR", "", "x /", "CEO"),
        ("", "FR", "", "", "CEO"),
    ]


def test_every_bad_row_is_listed_and_nothing_is_stored(read):
    make_lead(key="GONE", status="merged", merged_into=make_lead(key="KEPT"))
    fields = {
        **FIELDS,
        "company_size": "Staff",
        "channel": "Source",
        "country": "Land",
        "owner": {"column": "Rep", **CREATE},
        "status": "State",
    }
    plan = read(
        "Id,Created,Staff,Source,Land,Rep,State\n"
        "L1,2026-01-31,5,,FR,ann,\n"
        ",2026-01-31,5,,FR,,open\n"
        "L2,,many,,FR,,spam\n"
        f"L3,31/01/2026,5,web,{'x' * 1001},,test\n"
        "L1,2026-01-31,5,,FR,,open\n"
        "GONE,2026-01-31,5,,FR,,open\n"
        "L4,2026-01-31,5,,FR,,merged\n",
        fields=fields,
    )
    assert refused(plan) == [
        "3: Id: is required",
        "4: Created: is required",
        "4: Staff: 'many' is not a number",
        "5: Created: '31/01/2026' is not a time written as ISO 8601",
        "5: Land: is longer than 1000 characters",
        "5: Source: unknown channel 'web'",
        "6: Id: 'L1' is in line 2 already",
        "7: Id: lead 'GONE' was merged into another",
        "8: State: 'merged' is not one of open, spam, test",
    ]
    assert set(Lead.objects.values_list("key", flat=True)) == {"GONE", "KEPT"}
    assert (Submission.objects.count(), User.objects.count()) == (0, 0)


def test_good_rows_alone_may_be_imported(read):
    fields = {**FIELDS, "channel": {"column": "Source", **CREATE}}
    plan = read("Id,Created,Source\nL1,2026-01-31,web\nL2,soon,phone\n", fields=fields)
    tally = plan.apply(NOON, skip_errors=True)
    assert (tally.kinds, tally.errors, tally.added) == ({"new": 1, "error": 1}, 1, {"channels": 1})
    assert Lead.objects.get().channel.key == "web"  # and no channel that only a refused row named
    assert Channel.objects.count() == 1


def test_a_refused_plan_can_be_applied_again(read):
    Workspace.objects.all().delete()
    workspace = {"name": "Olist", "time_zone": "America/Sao_Paulo", "currency": "BRL"}
    plan = read("Id,Created\nL1,2026-01-31\nL2,soon\n", workspace=workspace)
    refused(plan)
    assert not Workspace.objects.exists()
    plan.apply(NOON, skip_errors=True)
    assert Workspace.objects.get().currency == "BRL"
    assert Lead.objects.get().created_at == datetime(2026, 1, 31, 3, tzinfo=UTC)


def test_the_first_thousand_problems_are_kept_and_all_counted(read):
    tally = read("Id,Created\n" + "".join(f"L{n},soon\n" for n in range(1200))).check()
    assert (len(tally.problems), tally.problem_count, tally.errors) == (1000, 1200, 1200)


def test_an_existing_workspace_stays_as_it_is(read):
    plan = read("Id,Created\nL1,2026-01-31\n", workspace={"name": "X", "time_zone": "UTC", "currency": "USD"})
    assert plan.notes == ["the workspace is there, in Europe/Paris and EUR: it stays so"]
    plan.apply(NOON)
    assert (Workspace.objects.get().name, Workspace.objects.get().currency) == ("Acme", "EUR")
    assert Lead.objects.get().created_at == datetime(2026, 1, 30, 23, tzinfo=UTC)


def test_without_a_workspace_its_description_is_required(read):
    Workspace.objects.all().delete()
    with pytest.raises(
        MappingError, match=r"^workspace: there is none yet: give its name, time_zone and currency"
    ):
        read("Id,Created\n")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"emial": "Id"}, "fields.emial: no such field; did you mean email?"),
        ({"score": "Id"}, "fields.score: no such field; there are id, created_at, email, "),
        ({"merged_into": "Id"}, "fields.merged_into: no such field; "),
        ({"email_domain": "Id"}, "fields.email_domain: no such field; "),
        (
            {"email": {"column": "Id", **CREATE}},
            "fields.email.create: only for channel, campaign, landing_page, ",
        ),
        (
            {"owner": {"column": "Id", "create": {"kind": "paid"}}},
            "fields.owner.create: only a channel has a kind",
        ),
        ({"status": {"value": "opne"}}, "fields.status.value: 'opne' is not one of open, spam, test"),
        ({"created_at": {"value": "2026-02-30"}}, "fields.created_at.value: '2026-02-30' is not a time"),
    ],
)
def test_a_mapping_must_fit_the_table(read, fields, reason):
    with pytest.raises(MappingError) as caught:
        read("Id,Created\n", fields={**FIELDS, **fields})
    assert str(caught.value).startswith(reason)


def test_a_mapping_must_fill_what_the_table_requires(read):
    with pytest.raises(MappingError, match=r"^fields: created_at must be given$"):
        read("Id,Created\n", fields={"id": "Id"})


def test_queries_do_not_grow_with_rows(read):
    def queries(count, start):
        rows = "".join(f"L{n},2026-01-31,c{n % 3},rep{n % 3}\n" for n in range(start, start + count))
        fields = {**FIELDS, "channel": {"column": "S", **CREATE}, "owner": {"column": "R", **CREATE}}
        plan = read("Id,Created,S,R\n" + rows, fields=fields)
        with CaptureQueriesContext(connection) as captured:
            plan.apply(NOON)
        return len(captured)

    queries(3, start=0)
    assert queries(2, start=10) == queries(500, start=1000)
