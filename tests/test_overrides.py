"""What people say a lead is worth, beside what is reckoned."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from leads import conditions, overrides, scoring, tasks
from leads.models import DefinitionSet, Lead, ScoreOverride
from leads.overrides import OverrideError
from tests.condition_helpers import ask
from tests.factories import NOON, make_lead
from tests.kpi_helpers import workspace

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def lead():
    return make_lead(key="N1", first_name="Nadia", score=40, scored_at=NOON)


def say(lead, by, score=80, at=NOON, reason="Knows us", **extra):
    return overrides.set_override(lead, score=score, reason=reason, by=by, at=at, **extra)


def standing(at):
    return [said.score for said in overrides.standing(at)]


# the service


def test_an_override_stands_from_when_it_is_set(lead, rep):
    say(lead, rep)
    assert standing(NOON - timedelta(microseconds=1)) == []
    assert standing(NOON) == standing(NOON + 1000 * DAY) == [80]


def test_an_override_is_over_at_the_instant_it_expires(lead, rep):
    say(lead, rep, expires_at=NOON + DAY)
    assert standing(NOON + DAY - timedelta(microseconds=1)) == [80]
    assert standing(NOON + DAY) == []


def test_a_new_override_ends_the_one_before(lead, rep, manager):
    say(lead, rep)
    say(lead, manager, score=10, at=NOON + HOUR)
    assert (standing(NOON), standing(NOON + HOUR)) == ([80], [10])
    first = ScoreOverride.objects.get(score=80)
    assert (first.ended_at, first.ended_by) == (NOON + HOUR, manager)


def test_one_that_expired_ended_by_itself(lead, rep, manager):
    say(lead, rep, expires_at=NOON + HOUR)
    say(lead, manager, score=10, at=NOON + DAY)
    first = ScoreOverride.objects.get(score=80)
    assert (first.ended_at, first.ended_by) == (NOON + HOUR, None)
    assert (standing(NOON), standing(NOON + 2 * HOUR), standing(NOON + DAY)) == ([80], [], [10])


def test_an_override_can_be_ended(lead, rep, manager):
    say(lead, rep)
    assert overrides.end_override(lead, by=manager, at=NOON + HOUR)
    assert not overrides.end_override(lead, by=rep, at=NOON + DAY)
    assert standing(NOON + HOUR) == []
    only = ScoreOverride.objects.get()
    assert (only.ended_at, only.ended_by) == (NOON + HOUR, manager)


def test_the_same_said_twice_stands_once(lead, rep):
    first = say(lead, rep, reason=" Knows us ")
    assert say(lead, rep, at=NOON + timedelta(seconds=1)) == first
    assert ScoreOverride.objects.count() == 1


def test_overrides_of_other_leads_stay(lead, rep):
    say(make_lead(), rep, score=5)
    say(lead, rep)
    overrides.end_override(lead, by=rep, at=NOON + HOUR)
    assert standing(NOON + HOUR) == [5]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"score": 101}, "score"),
        ({"score": -1}, "score"),
        ({"reason": " \n "}, "reason"),
        ({"reason": "x" * 2001}, "reason"),
        ({"reason": "a\0b"}, "reason"),
        ({"expires_at": NOON}, "until"),
        ({"expires_at": NOON - DAY}, "until"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(lead, rep, given, field):
    say(lead, rep, score=70)
    with pytest.raises(OverrideError) as refusal:
        say(lead, rep, at=NOON, **given)
    assert refusal.value.field == field
    assert standing(NOON) == [70]


def test_people_see_the_override_and_else_the_stored_score(lead, rep):
    make_lead(key="other", score=30)
    make_lead(key="unscored")
    say(lead, rep, score=0, expires_at=NOON + DAY)

    def shown(at):
        rows = Lead.objects.annotate(shown=overrides.shown_score(at))
        return dict(rows.values_list("key", "shown"))

    assert shown(NOON) == {"N1": 0, "other": 30, "unscored": None}
    assert shown(NOON + DAY)["N1"] == 40


def test_nothing_that_reckons_reads_an_override(lead, rep):
    model = {"rules": [{"slug": "a", "category": "demographic", "when": None, "points": 40}]}
    DefinitionSet.objects.create(number=1, status="published", scoring=model)
    say(lead, rep, score=95)
    tasks.rescore_all()
    lead.refresh_from_db()
    assert lead.score == 40
    assert Lead.objects.annotate(fresh=scoring.score(model, NOON)).get().fresh == 40
    assert not Lead.objects.filter(conditions.where(ask("score", "gt", 40), NOON)).exists()


# the pages


def post(client, lead, path="override", **given):
    form = {"score": "80", "reason": "Knows us", "until": "", **given}
    return client.post(f"/leads/-/{path}/{lead.key}/", form)


def text(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_whoever_sees_a_lead_may_override_its_score(rep_client, manager_client, admin_client, lead, rep):
    for number, client in enumerate((rep_client, manager_client, admin_client)):
        response = post(client, lead, score=str(number))
        assert response.status_code == 302
        assert response["Location"] == "/leads/-/score/N1/"
        assert standing(timezone.now()) == [number]


def test_the_lead_of_another_rep_cannot_be_overridden(rep_client, manager, lead):
    lead.owner = manager
    lead.save()
    say(lead, manager)
    assert post(rep_client, lead, score="1").status_code == 404
    assert post(rep_client, lead, "end-override").status_code == 404
    assert standing(timezone.now()) == [80]


def test_without_logging_in_nothing_is_said(client, lead):
    assert post(client, lead).status_code in (302, 403)
    assert not ScoreOverride.objects.exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"score": ""}, "This field is required"),
        ({"score": "101"}, "less than or equal to 100"),
        ({"score": "-1"}, "greater than or equal to 0"),
        ({"score": "50.5"}, "Enter a whole number"),
        ({"score": "9" * 400}, "less than or equal to 100"),
        ({"score": "9" * 5_000}, "Enter a whole number"),
        ({"reason": "  "}, "This field is required"),
        ({"reason": "a\0b"}, "Null characters are not allowed"),
        ({"reason": "x" * 2001}, "at most 2000 characters"),
        ({"until": "2001-01-01"}, "Choose a day that is not over yet"),
        ({"until": "soon"}, "Enter a valid date"),
        ({"until": "9999-12-31"}, "less than or equal to"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_the_rest_is_kept(manager_client, lead, given, message):
    response = post(manager_client, lead, **{"score": "77", "reason": "Kept words", **given})
    page = response.content.decode()
    assert response.status_code == 400
    assert message in page
    kept = {"score": 'value="77"', "reason": "Kept words"}
    assert all(words in page for name, words in kept.items() if name not in given)
    assert not ScoreOverride.objects.exists()


def test_an_override_stands_to_the_end_of_its_last_day_in_the_workspace(manager_client, lead):
    workspace(time_zone="Europe/Paris")
    post(manager_client, lead, until="2990-07-01")
    assert ScoreOverride.objects.get().expires_at == datetime(2990, 7, 1, 22, tzinfo=UTC)


def test_a_double_submit_is_harmless(manager_client, lead):
    for _ in range(2):
        assert post(manager_client, lead).status_code == 302
    assert ScoreOverride.objects.count() == 1
    for _ in range(2):
        assert post(manager_client, lead, "end-override").status_code == 302
    assert standing(timezone.now()) == []


def test_an_override_is_only_set_by_post(manager_client, lead):
    for path in ("override", "end-override"):
        assert manager_client.get(f"/leads/-/{path}/N1/").status_code == 405


def test_a_lead_that_is_not_there_cannot_be_overridden(manager_client):
    assert manager_client.post("/leads/-/override/nobody/", {}).status_code == 404
    assert manager_client.post("/leads/-/override/a%00b/", {}).status_code == 404


def test_the_lead_page_says_who_said_what_why_and_until_when(manager_client, lead, rep):
    say(lead, rep, expires_at=datetime(2990, 7, 1, 22, tzinfo=UTC), reason="<b>Board</b> meets")
    page = text(manager_client, "/leads/N1/")
    assert "Rep Person says 80 until" in page
    assert "1 Jul 2990" in page
    assert "&lt;b&gt;Board&lt;/b&gt; meets" in page
    assert "Reckoned: 40" in page


def test_the_list_shows_the_override_with_a_mark_and_who_said_it(manager_client, lead, rep):
    say(lead, rep, reason='"Board" meets')
    page = text(manager_client, "/leads/")
    assert 'title="Rep Person says 80: &quot;Board&quot; meets (reckoned: 40)"' in page
    assert ", overridden</span>" in page


def test_the_list_shows_the_reckoned_score_once_the_override_is_over(manager_client, lead, rep):
    say(lead, rep, expires_at=NOON + HOUR)
    page = text(manager_client, "/leads/")
    assert "overridden" not in page
    assert "40</span>" in page


def test_the_score_page_keeps_the_history(manager_client, lead, rep, manager):
    say(lead, rep, score=11, reason="First words")
    say(lead, manager, score=22, reason="Second words", at=NOON + HOUR, expires_at=NOON + DAY)
    say(lead, rep, score=33, reason="Third words", at=NOON + 2 * DAY)
    page = text(manager_client, "/leads/-/score/N1/")
    places = [page.index(words, page.index("Overrides so far")) for words in ("Third", "Second", "First")]
    assert places == sorted(places)
    assert "by Manager Person" in page


def test_overrides_cost_the_list_one_question_however_many_leads(
    manager_client, rep, django_assert_max_num_queries
):
    say(make_lead(), rep)
    with django_assert_max_num_queries(13) as one:
        text(manager_client, "/leads/")
    for _ in range(30):
        say(make_lead(), rep)
    with django_assert_max_num_queries(len(one)):
        text(manager_client, "/leads/")
