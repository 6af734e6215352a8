"""What a draft would have changed, in figures worked out by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kpis import replay
from kpis.reasons import reasons
from leads import jobs, milestones
from leads.models import DefinitionSet, ExchangeRate, Job, Opportunity, Replay, User
from tests.condition_helpers import ask, viewed
from tests.factories import make_event
from tests.kpi_helpers import at, channel, deal, lead, spend, workspace

pytestmark = pytest.mark.django_db

NOW = at("2026-03-31 12:00")  # a Tuesday; the last 30 days begin on 2 March


@pytest.fixture(autouse=True)
def _settings():
    workspace()


def stages(when):
    return {"mql": {"when": when, "mode": "automatic"}}


@pytest.fixture
def live(db):
    """Version 1: from 10 people on."""
    when = ask("company_size", "gte", 10)
    return DefinitionSet.objects.create(number=1, status="published", stages=stages(when))


@pytest.fixture
def draft(live):
    """Version 2: from 20 people on, or at the first look at the prices."""
    when = {"any": [ask("company_size", "gte", 20), viewed("count_gte", 1)]}
    return DefinitionSet.objects.create(
        number=2, status="draft", stages=stages(when), based_on=live, revision=4
    )


@pytest.fixture
def leads(db):
    """Seven leads of March, and one of February that no window of 30 days holds.

    Live: a, b, c, d, e. Draft: a, b, f, g. So c, d, e drop out, f and g come in.
    """
    ads, search = channel("ads"), channel("search")
    won = lead("2026-03-02 00:00", key="a", company_size=50, channel=ads, stages={"sql": "2026-03-04"})
    deal(won, "100", "2026-03-05", "2026-03-20", key="won")
    lead("2026-03-03", key="b", company_size=20, channel=ads, stages={"rejected": "2026-03-10"})
    lost = lead("2026-03-10", key="c", company_size=12, channel=search, stages={"sql": "2026-03-12"})
    Opportunity.objects.create(
        key="lost", lead=lost, opened_at=at("2026-03-13"), status="lost", closed_at=at("2026-03-20")
    )
    small = lead("2026-03-11", key="d", company_size=11, channel=search, stages={"sql": "2026-03-13"})
    deal(small, "50", "2026-03-14", "2026-03-21", key="won too")
    lead("2026-03-12", key="e", company_size=10)
    seen = lead("2026-03-13", key="f", company_size=5, channel=ads, stages={"mql": "2026-03-16"})
    make_event(seen, "pricing_view", at("2026-03-24 10:00"))
    curious = lead("2026-03-14", key="g", stages={"disqualified": "2026-03-15"})
    make_event(curious, "pricing_view", at("2026-03-25 10:00"))
    lead("2026-03-01 23:59", key="old", company_size=99)
    milestones.rebuild()


def run(draft, days=30, at=NOW):
    job = replay.start(draft, days, by=None, at=at)
    jobs.run(job.pk, at)
    job.refresh_from_db()
    return job


@pytest.fixture
def job(draft, leads):
    return run(draft)


def keys(job, kind, **more):
    return sorted(replay.comparison(job).leads(kind, **more).values_list("key", flat=True))


def test_the_leads_of_the_window_are_replayed_under_both(job):
    assert job.state == Job.State.DONE
    result = job.result
    assert (result["first"], result["leads"], result["customers"]) == ("2026-03-02", 7, 2)
    assert result["sides"]["live"] == {"mqls": 5, "sqls": 3, "customers": 2, "decided": 4}
    assert result["sides"]["draft"] == {"mqls": 4, "sqls": 1, "customers": 1, "decided": 3}


def test_what_was_recorded_stands_beside_them(job):
    assert job.result["sides"]["recorded"] == {"mqls": 4, "sqls": 3, "customers": 2, "decided": 3}


def test_it_knows_who_drops_out_comes_in_and_stays(job):
    assert keys(job, "leaving") == ["c", "d", "e"]
    assert keys(job, "entering") == ["f", "g"]
    assert keys(job, "unchanged") == ["a", "b"]
    assert job.result["unchanged"] == {"mqls": 2, "sqls": 1, "customers": 1}
    assert keys(job, "leaving", channel="search") == ["c", "d"]
    assert keys(job, "leaving", channel="(none)") == ["e"]


def test_each_channel_has_its_change(job):
    rows = {row["key"]: row for row in job.result["channels"]}
    assert [*rows] == ["ads", "search", "(none)"]
    counts = {key: (row["leads"], row["live"], row["draft"], row["recorded"]) for key, row in rows.items()}
    assert counts == {"ads": (3, 2, 3, 2), "search": (2, 2, 0, 2), "(none)": (2, 1, 1, 0)}


def test_each_week_counts_who_became_mql_in_it(job):
    weeks = {week["start"]: (week["live"], week["draft"], week["recorded"]) for week in job.result["weeks"]}
    assert weeks == {
        "2026-03-02": (2, 2, 1),
        "2026-03-09": (3, 0, 2),
        "2026-03-16": (0, 0, 1),
        "2026-03-23": (0, 2, 0),
        "2026-03-30": (0, 0, 0),
    }


def test_the_budget_is_the_marketing_spend_of_those_days_in_one_currency(draft, leads):
    spend("100", "2026-03-02")
    spend("20", "2026-03-31", currency="USD")
    spend("7", "2026-03-03", currency="GBP")
    spend("1000", "2026-03-01")
    spend("1000", "2026-03-05", side="sales")
    ExchangeRate.objects.create(currency="USD", date="2026-01-01", rate=Decimal("0.5"))
    result = run(draft).result
    assert (Decimal(result["budget"]), result["unrated"]) == (110, 1)


def test_a_budget_none_of_which_can_be_converted_is_unknown(draft, leads):
    spend("7", "2026-03-03", currency="GBP")
    assert run(draft).result["budget"] is None


def test_it_counts_the_reps_and_the_days_they_work(draft, leads, rep, manager):
    User.objects.create(username="gone", role="rep", is_active=False)
    result = run(draft).result
    assert (result["reps"], result["workdays"]) == (1, 22)  # 2 to 31 March


# Why


def test_the_reason_is_the_value_that_fails(draft, leads):
    draft.stages = stages({"all": [ask("company_size", "gte", 11), ask("company_size", "gte", 12)]})
    draft.save()
    found = replay.comparison(run(draft))
    assert said(found, "leaving") == {"d": "11 employees", "e": "10 employees"}


def test_the_reason_is_the_score_that_is_too_low(draft, leads):
    rule = {"slug": "size", "category": "firmographic", "when": ask("company_size", "gte", 20), "points": 30}
    draft.scoring = {"rules": [rule], "thresholds": {"warm": 10, "mql": 20, "sql": 40}}
    draft.stages = stages({"all": [ask("score", "gte", 20)]})
    draft.save()
    found = replay.comparison(run(draft))
    assert said(found, "leaving") == {"c": "Score 0", "d": "Score 0", "e": "Score 0"}
    assert said(found, "unchanged") == {"a": "Score 30", "b": "Score 30"}


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (ask("industry", "eq", "Hotels"), "No industry"),
        (ask("channel", "eq", "ads"), "Channel Search"),
        ({"not": ask("channel", "eq", "search")}, "Channel Search"),
        ({"not": {"any": [ask("channel", "eq", "search")]}}, "channel is search"),
        (viewed("count_gte", 2, 7), "not at least 2 pricing view events in the last 7 days"),
        (ask("attempts", "gte", 1), "not number of attempts is at least 1"),
    ],
)
def test_the_reason_is_the_criterion_that_fails(draft, leads, part, reason):
    draft.stages = stages({"all": [ask("company_size", "gte", 10), part]})
    draft.save()
    assert said(replay.comparison(run(draft)), "leaving")["c"] == reason


def test_newly_mql_says_why_it_was_not_before(job):
    assert said(replay.comparison(job), "entering") == {"f": "5 employees", "g": "No company size"}


def said(found, kind):
    rows = list(found.leads(kind))
    by_id = reasons(found, kind, rows)
    return {row.key: by_id[row.pk] for row in rows}


# No version in force, no MQL stage


def test_a_first_draft_is_compared_with_nothing(leads):
    first = DefinitionSet.objects.create(number=1, status="draft", stages=stages(None))
    job = run(first)
    assert set(job.result["sides"]) == {"draft", "recorded"}
    assert job.result["sides"]["draft"]["mqls"] == 7
    assert keys(job, "entering") == ["a", "b", "c", "d", "e", "f", "g"]
    assert keys(job, "leaving") == keys(job, "unchanged") == []


def test_a_draft_without_an_mql_stage_makes_nobody_mql(draft, leads):
    draft.stages = {}
    draft.save()
    job = run(draft)
    assert job.result["sides"]["draft"] == {"mqls": 0, "sqls": 0, "customers": 0, "decided": 0}
    assert keys(job, "leaving") == ["a", "b", "c", "d", "e"]


def test_without_leads_everything_is_nothing(draft):
    result = run(draft).result
    assert (result["leads"], result["sides"]["draft"]["mqls"], result["channels"]) == (0, 0, [])


# The job


def test_the_current_version_is_not_replayed_again_within_a_quarter_of_an_hour(draft, leads):
    first = run(draft)
    draft.revision += 1
    draft.save()
    second = run(draft, at=NOW + timedelta(minutes=14))
    assert second.result["live"] == first.result["live"]
    assert second.result["draft"] != first.result["draft"]
    assert second.result["until"] == first.result["until"]  # up to where both were replayed
    third = run(draft, at=NOW + timedelta(minutes=16))
    assert third.result["live"] != first.result["live"]


def test_old_replays_are_gone(draft, leads):
    run(draft)
    draft.revision += 1
    draft.save()
    job = run(draft, at=NOW + timedelta(minutes=20))
    assert {run.pk for run in Replay.objects.all()} == {job.result["draft"], job.result["live"]}


def test_a_result_is_fresh_while_draft_version_and_quarter_of_an_hour_are_the_same(draft, leads):
    job = run(draft)
    ended = job.finished_at
    Job.objects.filter(pk=job.pk).update(finished_at=NOW)
    job.refresh_from_db()
    assert ended
    assert replay.is_fresh(job, draft, NOW + timedelta(minutes=14))
    assert not replay.is_fresh(job, draft, NOW + timedelta(minutes=15))
    draft.revision += 1
    assert not replay.is_fresh(job, draft, NOW)


def test_starting_it_calls_off_what_speaks_of_the_draft_as_it_was(draft):
    first = replay.start(draft, 30, by=None, at=NOW)
    assert replay.start(draft, 30, by=None, at=NOW) == first
    draft.revision += 1
    second = replay.start(draft, 30, by=None, at=NOW)
    first.refresh_from_db()
    assert (first.state, second.state) == (Job.State.CANCELLED, Job.State.WAITING)


def test_a_draft_that_changed_before_the_work_began_is_not_replayed(draft):
    job = replay.start(draft, 30, by=None, at=NOW)
    DefinitionSet.objects.filter(pk=draft.pk).update(revision=99)
    jobs.run(job.pk, NOW)
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.FAILED, "The draft was changed or published meanwhile.")


def test_a_wrong_draft_fails_with_the_reason(draft, leads):
    draft.stages = stages(ask("nonsense", "eq", 1))
    draft.save()
    job = run(draft)
    assert job.state == Job.State.FAILED
    assert job.error.startswith("The draft can't be replayed: ")
