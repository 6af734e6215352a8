"""The review: when it is due, whom it is told, and what it compares."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from kpis import review
from leads import tasks
from leads.definitions import reminding
from leads.models import DefinitionSet, Mail, StageEvent, User, Workspace
from tests.factories import NOON, make_event, make_lead, make_stage_event, utc

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
DIRECTOR = {
    "slug": "director",
    "category": "demographic",
    "points": 10,
    "when": {"field": "seniority", "op": "eq", "value": "Director"},
}
PRICING = {"slug": "pricing", "category": "behavioural", "points": 5, "per_event": "pricing_view"}


def publish(**fields):
    return DefinitionSet.objects.create(
        **{"number": 2, "status": "published", "effective_from": NOON, **fields}
    )


def make_mql(at, **fields):
    return make_lead(**{"created_at": at, "mql_at": at, **fields})


# When it is due


def test_a_version_is_due_so_many_days_after_it_took_effect():
    definition = publish(review_days=30)
    assert reminding.due_at(definition) == NOON + 30 * DAY
    assert not reminding.is_due(definition, NOON + 30 * DAY - timedelta(seconds=1))
    assert reminding.is_due(definition, NOON + 30 * DAY)


def test_a_review_counts_from_the_last_one():
    definition = publish(reviewed_at=NOON + 20 * DAY)
    assert reminding.due_at(definition) == NOON + 110 * DAY


def test_a_version_that_took_effect_after_its_review_counts_from_then():
    definition = publish(reviewed_at=NOON - 5 * DAY)
    assert reminding.due_at(definition) == NOON + 90 * DAY


@pytest.mark.parametrize(
    "fields",
    [{"effective_from": None}, {"status": "superseded"}, {"status": "draft"}, {"review_days": 0}],
)
def test_some_versions_are_never_due(fields):
    assert reminding.due_at(publish(**fields)) is None


def test_without_any_version_nothing_is_due():
    assert not reminding.is_due(DefinitionSet.current(), NOON)
    assert reminding.remind(NOON) == 0


# Who is told


@pytest.fixture
def people(rep, manager, admin):
    User.objects.create(username="silent", role="admin")
    User.objects.create(username="gone", email="gone@example.com", role="admin", is_active=False)


def test_managers_and_admins_are_told_once_per_due_date(people):
    publish(review_days=30)
    assert reminding.remind(NOON + 29 * DAY) == 0
    assert reminding.remind(NOON + 30 * DAY) == 2
    assert reminding.remind(NOON + 31 * DAY) == 0
    assert set(Mail.objects.values_list("to", flat=True)) == {"manager@example.com", "admin@example.com"}
    mail = Mail.objects.get(to="manager@example.com")
    assert mail.subject == "Definitions version 2 is due for review"
    assert "due for review since 1 April 2026" in mail.body
    assert "start a draft" not in mail.body
    assert "start a draft" in Mail.objects.get(to="admin@example.com").body


def test_the_day_of_a_reminder_is_that_of_the_workspace(people):
    Workspace.objects.create(pk=1, name="Kestrel", time_zone="Asia/Tokyo")
    publish(review_days=30, effective_from=utc("2026-03-02 20:00"))
    reminding.remind(NOON + 40 * DAY)
    assert "since 2 April 2026" in Mail.objects.first().body


def test_after_a_review_they_are_told_again_when_the_next_is_due(people, admin):
    definition = publish(review_days=30)
    reminding.remind(NOON + 30 * DAY)
    assert reminding.keep(definition, by=admin, at=NOON + 35 * DAY)
    assert reminding.remind(NOON + 64 * DAY) == 0
    assert reminding.remind(NOON + 65 * DAY) == 2
    assert Mail.objects.count() == 4


def test_a_version_that_is_no_longer_in_force_is_not_kept(admin):
    definition = publish(status="superseded")
    assert not reminding.keep(definition, by=admin, at=NOON)
    definition.refresh_from_db()
    assert definition.reviewed_at is None


def test_the_sweep_reminds(people):
    publish(effective_from=utc("2020-01-01 00:00"))
    tasks.sweep()
    tasks.sweep()
    assert Mail.objects.count() == 2


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.django_db(transaction=True)
def test_ten_workers_remind_once(people):
    publish(review_days=30)
    barrier, told = threading.Barrier(10), []

    def work():
        barrier.wait()
        told.append(reminding.remind(NOON + 30 * DAY))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [0] * 9 + [2]
    assert Mail.objects.count() == 2


# What is compared


def windows(now, **fields):
    return review.windows(publish(**fields), Workspace.current(), now)


def test_whole_days_since_are_compared_with_as_many_before():
    found = windows(NOON + 10 * DAY)  # noon of 2 March to noon of 12 March
    assert (str(found.after.first), str(found.after.last)) == ("2026-03-03", "2026-03-11")
    assert (str(found.before.first), str(found.before.last)) == ("2026-02-21", "2026-03-01")
    assert found.days == 9


def test_a_version_from_midnight_counts_its_first_day():
    found = windows(NOON + 10 * DAY, effective_from=utc("2026-03-02 00:00"))
    assert (str(found.after.first), found.days) == ("2026-03-02", 10)
    assert (str(found.before.first), str(found.before.last)) == ("2026-02-20", "2026-03-01")


def test_the_first_day_is_nothing_to_compare_yet():
    assert windows(NOON + DAY) is None


def test_a_version_without_a_date_is_nothing_to_compare():
    assert windows(NOON, effective_from=None) is None


def test_figures_are_those_of_the_report():
    found = windows(NOON + 5 * DAY)  # after: 3 to 6 March; before: 26 February to 1 March
    for day in (1, 2, 3):
        make_lead(created_at=NOON + day * DAY)
    make_mql(NOON + DAY, sal_at=NOON + 2 * DAY)
    make_lead(created_at=NOON)  # on the day it took effect
    make_lead(created_at=NOON - DAY)
    make_mql(NOON - 2 * DAY)
    make_lead(created_at=NOON - 5 * DAY)
    entries = review.entries(found, NOON + 5 * DAY)
    assert [
        (entries[name]["value"], entries[name]["previous"]) for name in ("lead_volume", "mql", "sal")
    ] == [
        (4, 2),
        (1, 1),
        (1, 0),
    ]
    assert (entries["mql_to_lead_ratio"]["value"], entries["mql_to_lead_ratio"]["previous"]) == (25, 50)
    months = [(point["start"], point["value"]) for point in entries["lead_volume"]["series"]]
    assert months == [("2026-02-01", 1), ("2026-03-01", 6)]
    assert [point["value"] for point in entries["mql"]["series"]] == [1, 1]


def test_reasons_are_counted_in_both_times_however_they_are_written():
    found = windows(NOON + 5 * DAY)
    for day, reason in ((1, "Too small"), (2, " too  SMALL"), (2, "Too small"), (3, "")):
        make_stage_event(make_lead(), "rejected", NOON + day * DAY, reason=reason)
    make_stage_event(make_lead(), "rejected", NOON - 2 * DAY, reason="Too small")
    make_stage_event(make_lead(), "rejected", NOON - 30 * DAY, reason="Long ago")
    make_stage_event(make_lead(status="spam"), "rejected", NOON + DAY, reason="Spam")
    make_stage_event(make_lead(), "recycled", NOON + DAY, reason="Next year")
    rejected, recycled, disqualified = review.outcomes(found)
    assert rejected.reasons == [review.Reason("Too small", 3, 1), review.Reason("No reason given", 1, 0)]
    assert (rejected.after, rejected.before) == (4, 1)
    assert recycled.reasons == [review.Reason("Next year", 1, 0)]
    assert disqualified.reasons == []


def test_rejections_are_compared_rule_by_rule():
    definition = publish(scoring={"rules": [DIRECTOR, PRICING]})
    found = review.windows(definition, Workspace.current(), NOON + 9 * DAY)
    day = NOON + 2 * DAY
    directors = [make_mql(day, seniority="Director") for _ in range(4)]
    others = [make_mql(day, seniority="Manager") for _ in range(5)]
    for lead in directors[:3]:
        make_stage_event(lead, "rejected", day + DAY, reason="No budget")
    make_stage_event(others[0], "rejected", day + DAY, reason="Too small")
    make_stage_event(others[1], "rejected", day - DAY, reason="Before it was MQL")
    make_event(others[0], "pricing_view", day)
    make_event(others[1], "pricing_view", day + timedelta(seconds=1))  # after it was made MQL
    make_mql(NOON - 5 * DAY, seniority="Director")  # before this version
    first, second = review.rule_rejections(definition, found, NOON + 9 * DAY)
    assert (second.name, second.having, second.rejected, second.others, second.rejected_others) == (
        "Director",
        4,
        3,
        5,
        1,
    )
    assert (second.share, second.share_others, second.gap) == (75, 20, 55)
    assert second.reasons == [("No budget", 3)]
    assert (first.name, first.having, first.rejected, first.others, first.rejected_others) == (
        "Pricing",
        1,
        1,
        8,
        3,
    )
    assert first.gap == 62.5


def test_a_lead_rejected_twice_counts_once_for_its_last_reason():
    definition = publish(scoring={"rules": [DIRECTOR]})
    lead = make_mql(NOON + 2 * DAY, seniority="Director")
    make_stage_event(lead, "rejected", NOON + 3 * DAY, reason="No budget")
    make_stage_event(lead, "rejected", NOON + 4 * DAY, reason="Competitor")
    found = review.windows(definition, Workspace.current(), NOON + 9 * DAY)
    [row] = review.rule_rejections(definition, found, NOON + 9 * DAY)
    assert (row.rejected, row.reasons) == (1, [("Competitor", 1)])
    assert (row.share_others, row.gap) == (None, 0)


def test_rules_are_asked_for_in_few_queries(django_assert_max_num_queries):
    rules = [{**DIRECTOR, "slug": f"rule-{number}"} for number in range(60)]
    definition = publish(scoring={"rules": rules})
    for number in range(20):
        make_mql(NOON + 2 * DAY, seniority="Director", key=str(number))
    found = review.windows(definition, Workspace.current(), NOON + 9 * DAY)
    with django_assert_max_num_queries(4):  # three, and the time zone of the workspace
        rows = review.rule_rejections(definition, found, NOON + 9 * DAY)
    assert [row.having for row in rows] == [20] * 60


def test_without_scoring_there_is_no_rule_to_compare():
    found = windows(NOON + 5 * DAY)
    assert review.rule_rejections(DefinitionSet.objects.get(), found, NOON) == []


def test_overridden_criteria_are_counted_each():
    found = windows(NOON + 5 * DAY)
    size, score = "company size is at least 10", "score is at least 50"
    for day, unmet in ((1, [size, score]), (2, [size]), (-1, [size]), (3, [])):
        StageEvent.objects.create(lead=make_lead(), stage="sql", at=NOON + day * DAY, unmet=unmet)
    assert review.overrides(found) == [
        review.Override("SQL", size, 2, 1),
        review.Override("SQL", score, 1, 0),
    ]
