"""Figures restated under a version: as if it had said all along who is MQL."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from kpis import report, restating, rows
from kpis.query import parse
from leads import jobs, milestones, replaying
from leads.models import DefinitionSet, Job, Replay, Workspace
from tests.condition_helpers import ask
from tests.factories import make_event
from tests.kpi_helpers import LATER, at, channel, lead, spend, workspace

pytestmark = pytest.mark.django_db

NOW = at("2026-06-30 12:00")
ALL = ["mql_to_lead_ratio", "mql_to_sql_ratio", "lead_conversion_rate", "cost_per_qualified_lead"]


@pytest.fixture(autouse=True)
def _settings():
    workspace()


@pytest.fixture
def version(db):
    """Version 2: from 20 people on, or at the first look at the prices."""
    size = ask("company_size", "gte", 20)
    seen = {"event": "pricing_view", "op": "count_gte", "value": 1}
    stages = {"mql": {"when": {"any": [size, seen]}, "mode": "automatic"}}
    DefinitionSet.objects.create(number=1, status="superseded")
    return DefinitionSet.objects.create(number=2, status="published", stages=stages)


@pytest.fixture
def replayed(version):
    """Five leads of January, and the version replayed over them.

    As it happened: `a`, `b` and `e` became MQL, `a` and `e` SQL. Under version 2: `a`, at its creation,
    `c`, and `d`, in February.
    """
    ads = channel("ads")
    lead(
        key="a",
        company_size=50,
        channel=ads,
        stages={"mql": "2026-01-20", "sal": "2026-02-01", "sql": "2026-02-02"},
    )
    lead(key="b", company_size=5, stages={"mql": "2026-01-21"})
    lead(key="c", company_size=50)
    looked = lead(key="d", company_size=5, channel=ads)
    make_event(looked, "pricing_view", at("2026-02-10 12:00"))
    lead(key="e", company_size=5, stages={"mql": "2026-01-22", "sal": "2026-01-23", "sql": "2026-02-03"})
    milestones.rebuild()
    return replaying.replay(version, since=None, at=NOW)


def build(**params):
    asked = {"from": "2026-01-01", "to": "2026-01-31", "as_of": LATER, **params}
    found = report.build(parse(asked), NOW)
    return found, {entry["slug"]: entry for entry in found["kpis"]}


def sides(slug, **params):
    entry = build(**params, kpi=[slug])[1][slug]
    return entry["numerator"], entry["denominator"]


def test_the_ratio_counts_who_the_version_makes_mql_and_when(replayed):
    assert sides("mql_to_lead_ratio") == (3, 5)
    assert sides("mql_to_lead_ratio", restated=2) == (2, 5)  # a and c; d came in February
    assert sides("mql_to_lead_ratio", restated=2, to="2026-02-28") == (3, 5)


def test_in_a_cohort_too(replayed):
    assert sides("mql_to_lead_ratio", restated=2, basis="cohort") == (3, 5)
    assert sides("mql_to_sql_ratio", basis="cohort") == (2, 3)
    assert sides("mql_to_sql_ratio", restated=2, basis="cohort") == (1, 2)  # of a and c, a


def test_sqls_count_only_among_leads_that_are_mql_under_the_version(replayed):
    february = {"from": "2026-02-01", "to": "2026-02-28"}
    assert sides("mql_to_sql_ratio", **february) == (2, 0)
    assert sides("mql_to_sql_ratio", restated=2, **february) == (1, 1)  # a became SQL, d MQL


def test_the_steps_to_and_from_mql_are_restated_and_the_later_ones_not(replayed):
    asked = {"to": "2026-02-28", "kpi": ["lead_conversion_rate"]}
    before = build(**asked)[1]["lead_conversion_rate"]["details"]["steps"]
    after = build(**asked, restated=2)[1]["lead_conversion_rate"]["details"]["steps"]
    assert [(step["numerator"], step["denominator"]) for step in before[:3]] == [(3, 5), (2, 3), (2, 2)]
    assert [(step["numerator"], step["denominator"]) for step in after[:3]] == [(3, 5), (1, 3), (2, 2)]
    assert after[2:] == before[2:]
    cohort = build(**asked, restated=2, basis="cohort")[1]["lead_conversion_rate"]["details"]["steps"]
    assert [(step["numerator"], step["denominator"]) for step in cohort[:3]] == [(3, 5), (1, 3), (2, 2)]


def test_what_rests_on_the_qualified_stage_is_restated_only_where_that_is_mql(replayed):
    spend("120")
    assert sides("cost_per_qualified_lead")[1] == 3
    assert sides("cost_per_qualified_lead", restated=2)[1] == 2
    assert sides("lead_velocity_rate", restated=2, to="2026-02-28") == (-1, 2)  # d after a and c
    Workspace.objects.update(qualified_stage="sql")
    assert sides("cost_per_qualified_lead", restated=2, to="2026-02-28")[1] == 2


def test_conversion_is_restated_only_where_it_ends_at_mql(replayed):
    assert sides("lead_conversion_rate", restated=2) == (0, 5)
    Workspace.objects.update(conversion_stage="mql")
    assert sides("lead_conversion_rate") == (3, 5)
    assert sides("lead_conversion_rate", restated=2) == (2, 5)
    assert sides("lead_conversion_rate", restated=2, basis="cohort") == (3, 5)


def test_every_other_figure_stays_as_it_was(replayed):
    spend("120")
    plain, restated = build()[1], build(restated=2)[1]
    touched = {*ALL, "lead_velocity_rate"}
    assert {slug for slug in plain if plain[slug] != restated[slug]} <= touched
    assert plain["mql_to_lead_ratio"] != restated["mql_to_lead_ratio"]


def test_slices_and_buckets_add_up_to_the_restated_figure(replayed):
    asked = {"to": "2026-02-28", "restated": 2, "kpi": ["mql_to_lead_ratio"]}
    found = build(**asked, by="channel", grain="month")[1]["mql_to_lead_ratio"]
    assert {row["key"]: row["numerator"] for row in found["breakdown"]} == {"ads": 2, "(none)": 1}
    assert [row["numerator"] for row in found["series"]] == [2, 1]
    assert sides("mql_to_lead_ratio", restated=2, to="2026-02-28", filter=["channel=ads"]) == (2, 2)


@pytest.mark.parametrize("basis", ["period", "cohort"])
@pytest.mark.parametrize("slug", [*ALL, "lead_velocity_rate"])
@pytest.mark.parametrize("side", ["numerator", "denominator"])
def test_every_restated_number_opens_to_its_rows(replayed, slug, side, basis):
    asked = {"from": "2026-01-01", "to": "2026-02-28", "as_of": LATER, "basis": basis, "restated": 2}
    query = parse({**asked, "kpi": [slug]})
    number = report.build(query, NOW)["kpis"][0][side]
    found = rows.behind(query, slug, side, NOW)
    if slug == "lead_velocity_rate" and side == "numerator":
        number = report.build(query, NOW)["kpis"][0]["n"]  # the numerator is a difference
    if found.kind == "leads":
        assert found.count() == number


def test_the_rows_say_when_the_version_made_a_lead_mql(replayed):
    asked = {"from": "2026-01-01", "to": "2026-01-31", "as_of": LATER, "restated": 2}
    found = rows.behind(parse(asked), "mql_to_lead_ratio", "numerator", NOW)
    heading, accessor = found.columns[-1]
    assert heading == "MQL under version 2"
    assert {row.key: accessor(row) for row in found.queryset} == {
        "a": at("2026-01-15 12:00"),
        "c": at("2026-01-15 12:00"),
    }


def test_the_report_names_the_version_only_where_it_was_asked_for(replayed):
    assert "restated" not in build()[0]
    assert build(restated=2)[0]["restated"] == 2
    keys = list(build(restated=2)[0])
    assert [key for key in keys if key != "restated"] == list(build()[0])


# Whether it can be had


def test_without_a_replay_it_says_what_to_do(version):
    with pytest.raises(ValidationError, match="not replayed over all leads in the last day"):
        build(restated=2)


def test_a_replay_older_than_a_day_does_not_serve(replayed):
    asked = parse({"from": "2026-01-01", "to": "2026-01-31", "restated": 2})
    assert report.build(asked, NOW + timedelta(days=1))["restated"] == 2
    with pytest.raises(ValidationError):
        report.build(asked, NOW + timedelta(days=1, microseconds=1))


def test_a_replay_of_some_leads_does_not_serve(version):
    replaying.replay(version, since=at("2026-01-01"), at=NOW)
    with pytest.raises(ValidationError):
        build(restated=2)


@pytest.mark.parametrize("number", ["0", "-1", "x", "7", "99999999999999999999", "2.5", "\0"])
def test_an_impossible_version_is_refused(replayed, manager_client, number):
    answer = manager_client.get(
        "/api/v1/kpis/", {"from": "2026-01-01", "to": "2026-01-31", "restated": number}
    )
    assert answer.status_code == 400
    assert "restated" in answer.json()


def test_a_draft_is_refused(replayed, manager_client):
    DefinitionSet.objects.create(number=3, status="draft")
    answer = manager_client.get("/api/v1/kpis/", {"from": "2026-01-01", "to": "2026-01-31", "restated": 3})
    assert answer.json() == {"restated": ["Version 3 is a draft: publish it first."]}


def test_the_api_restates_and_says_when_it_can_not(version, manager_client):
    lead(key="a", company_size=50)
    asked = {"from": "2026-01-01", "to": "2026-01-31", "restated": 2, "kpi": "mql_to_lead_ratio"}
    refused = manager_client.get("/api/v1/kpis/", asked)
    assert refused.status_code == 400
    assert "not replayed" in refused.json()["restated"][0]
    replaying.replay(version, since=None, at=timezone.now())
    answer = manager_client.get("/api/v1/kpis/", asked).json()
    assert (answer["restated"], answer["kpis"][0]["value"]) == (2, 100)


def test_the_command_replays_the_version_itself_where_it_must(version):
    lead(key="a", company_size=50)
    lead(key="b", company_size=5)
    out = StringIO()
    asked = ["--from", "2026-01-01", "--to", "2026-01-31", "--restated", "2", "--kpi", "mql_to_lead_ratio"]
    call_command("kpis", *asked, "--format", "json", stdout=out)
    found = json.loads(out.getvalue())
    assert (found["restated"], found["kpis"][0]["value"]) == (2, 50)
    once = Replay.objects.get()
    call_command("kpis", *asked, stdout=out)
    assert Replay.objects.get() == once
    assert "MQL restated under version 2" in out.getvalue()


def test_the_csv_has_the_version_in_a_column_of_its_own(version):
    lead(key="a", company_size=50)
    out, plain = StringIO(), StringIO()
    asked = ["--from", "2026-01-01", "--to", "2026-01-31", "--kpi", "mql_to_lead_ratio", "--format", "csv"]
    call_command("kpis", *asked, "--restated", "2", stdout=out)
    call_command("kpis", *asked, stdout=plain)
    lines, others = out.getvalue().splitlines(), plain.getvalue().splitlines()
    assert lines[0] == f"{others[0]},restated"
    assert lines[1].endswith(",2")


def test_the_command_refuses_an_unknown_version(version):
    with pytest.raises(CommandError, match="--restated: There is no version 9"):
        call_command("kpis", "--from", "2026-01-01", "--to", "2026-01-31", "--restated", "9")


# The job


def test_the_job_replays_a_version_over_all_leads(version, manager):
    lead(key="a", company_size=50)
    job = restating.start(2, by=manager, at=NOW)
    jobs.run(job.pk, NOW)
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    assert restating.ready(2, NOW) == Replay.objects.get()
    assert restating.latest_job(2) == job


def test_a_version_that_is_wrong_ends_the_job_with_the_reason(manager):
    stages = {"mql": {"when": ask("nonsense", "eq", 1), "mode": "manual"}}
    DefinitionSet.objects.create(number=1, status="published", stages=stages)
    job = restating.start(1, by=manager, at=NOW)
    jobs.run(job.pk, NOW)
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "Version 1 can't be replayed" in job.error
