"""Replaying a version: which past leads it would have made MQL, and when first."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads import conditions, replaying, scoring
from leads.models import DefinitionSet, Lead, Replay, ReplayedLead, Stage
from tests.condition_helpers import ask, viewed
from tests.factories import (
    make_attempt,
    make_event,
    make_lead,
    make_opportunity,
    make_stage_event,
    utc,
)
from tests.reference.conditions_at_random import EVENT_KINDS, random_condition
from tests.reference.definitions_at_random import Definitions

pytestmark = pytest.mark.django_db

NOW = utc("2026-04-01 12:00")
THRESHOLDS = {"warm": 10, "mql": 20, "sql": 30}


def version(when=None, *, stages=None, rules=(), **fields):
    scoring_model = {"rules": list(rules), "thresholds": THRESHOLDS} if rules else None
    stages = {"mql": {"when": when, "mode": "automatic"}} if stages is None else stages
    number = DefinitionSet.objects.count() + 1
    return DefinitionSet.objects.create(
        number=number, status="superseded", scoring=scoring_model, stages=stages, **fields
    )


def replayed(definition, since=None, at=NOW):
    run = replaying.replay(definition, since=since, at=at)
    return dict(run.leads.values_list("lead__key", "mql_at"))


def lead(key, created="2026-03-01 12:00", **fields):
    return make_lead(key=key, created_at=utc(created), **fields)


VIEWS = {"slug": "views", "category": "behavioural", "per_event": "pricing_view", "points": 10}


def test_a_lead_is_judged_when_it_was_created():
    lead("small", company_size=5)
    lead("large", company_size=50)
    assert replayed(version(ask("company_size", "gte", 20))) == {"large": utc("2026-03-01 12:00")}


def test_it_is_judged_again_at_each_thing_it_did():
    made = lead("a")
    make_event(made, "pricing_view", utc("2026-03-02 09:00"))
    make_event(made, "pricing_view", utc("2026-03-05 09:00"))
    make_event(made, "pricing_view", utc("2026-03-07 09:00"))
    assert replayed(version(viewed("count_gte", 2))) == {"a": utc("2026-03-05 09:00")}


def test_the_score_is_reckoned_by_the_version_as_it_was_at_that_instant():
    made = lead("a", score=99)
    make_event(made, "pricing_view", utc("2026-03-02 12:00"))
    make_event(made, "pricing_view", utc("2026-03-12 12:00"))  # 5 left of the first, and 10
    make_event(made, "pricing_view", utc("2026-03-12 18:00"))
    faded = version(ask("score", "gte", 20), rules=[{**VIEWS, "half_life_days": 10}])
    assert replayed(faded) == {"a": utc("2026-03-12 18:00")}
    assert replayed(version(ask("score", "gte", 20), rules=[VIEWS])) == {"a": utc("2026-03-12 12:00")}


def test_without_a_scoring_model_there_is_no_score_whatever_is_stored():
    lead("a", score=99)
    assert replayed(version(ask("score", "gte", 1))) == {}
    assert replayed(version(ask("score", "is_blank"))) == {"a": utc("2026-03-01 12:00")}


def test_what_happened_before_creation_counts_at_creation_and_is_no_occasion():
    made = lead("a", "2026-03-10 12:00")
    make_event(made, "pricing_view", utc("2026-03-01 12:00"))
    assert replayed(version(viewed("count_gte", 1))) == {"a": utc("2026-03-10 12:00")}


def test_time_alone_is_no_occasion():
    lead("quiet", "2026-03-01 12:00")
    active = lead("active", "2026-03-01 12:00")
    make_event(active, "email_open", utc("2026-03-20 12:00"))
    assert replayed(version(ask("age_days", "gte", 10))) == {"active": utc("2026-03-20 12:00")}


def test_attempts_are_occasions_only_where_the_condition_asks_for_them():
    made = lead("a", "2026-03-01 12:00")
    make_attempt(made, utc("2026-03-12 12:00"))
    make_attempt(made, utc("2026-03-15 12:00"))
    old = ask("age_days", "gte", 10)
    assert replayed(version(old)) == {}
    tried = version({"all": [old, ask("attempts", "gte", 2)]})
    assert replayed(tried) == {"a": utc("2026-03-15 12:00")}
    tried_rule = {"slug": "tried", "category": "behavioural", "when": ask("attempts", "gte", 1), "points": 50}
    assert replayed(version(ask("score", "gte", 20), rules=[tried_rule])) == {"a": utc("2026-03-12 12:00")}


@pytest.mark.parametrize(
    ("stage", "first"),
    [
        ("recycled", "2026-03-05 12:00"),
        ("opportunity", "2026-03-08 12:00"),
        ("customer", "2026-03-11 12:00"),
    ],
)
def test_moves_and_deals_are_occasions_where_the_condition_asks_for_the_stage(stage, first):
    made = lead("a", "2026-03-01 12:00")
    make_stage_event(made, "recycled", utc("2026-03-05 12:00"))
    make_opportunity(
        made, utc("2026-03-08 12:00"), status="won", closed_at=utc("2026-03-11 12:00"), key="deal"
    )
    assert replayed(version(ask("stage", "eq", stage))) == {"a": utc(first)}


def test_nothing_after_the_instant_counts():
    made = lead("a", "2026-03-01 12:00")
    make_event(made, "pricing_view", utc("2026-03-20 12:00"))
    lead("later", "2026-03-21 12:00")
    seen = version(viewed("count_gte", 1))
    assert replayed(seen, at=utc("2026-03-20 11:59")) == {}
    assert replayed(seen, at=utc("2026-03-20 12:00")) == {"a": utc("2026-03-20 12:00")}
    assert replayed(version(None), at=utc("2026-03-20 12:00")) == {"a": utc("2026-03-01 12:00")}


def test_only_leads_created_from_then_on_are_replayed():
    lead("old", "2026-02-28 23:59")
    lead("new", "2026-03-01 00:00")
    assert set(replayed(version(None), since=utc("2026-03-01 00:00"))) == {"new"}


def test_leads_that_count_nowhere_are_not_replayed():
    lead("spam", status="spam")
    lead("test", status="test")
    survivor = lead("survivor")
    lead("merged", status="merged", merged_into=survivor)
    assert set(replayed(version(None))) == {"survivor"}


def test_a_version_without_an_mql_stage_makes_nobody_mql():
    lead("a")
    assert replayed(version(stages={})) == {}
    assert replayed(version(stages={"sql": {"when": None, "mode": "manual"}})) == {}


def test_a_manual_stage_is_replayed_as_who_met_its_condition():
    lead("a", company_size=50)
    manual = {"mql": {"when": ask("company_size", "gte", 20), "mode": "manual"}}
    assert set(replayed(version(stages=manual))) == {"a"}


def test_progress_is_told_in_leads(monkeypatch):
    monkeypatch.setattr(replaying, "CHUNK", 2)
    for number in range(5):
        lead(f"lead-{number}", company_size=50)
    told = []
    replaying.replay(version(None), since=None, at=NOW, tell=lambda *state: told.append(state))
    assert told[-1] == (5, 5)
    assert len(told) >= 3
    assert ReplayedLead.objects.count() == 5


def test_a_finished_replay_takes_the_place_of_the_one_before():
    definition = version(None)
    lead("a")
    first = replaying.replay(definition, since=None, at=NOW)
    window = replaying.replay(definition, since=utc("2026-03-01 00:00"), at=NOW)
    second = replaying.replay(definition, since=None, at=NOW + timedelta(hours=1))
    assert set(Replay.objects.all()) == {window, second}
    assert not ReplayedLead.objects.filter(replay=first.pk).exists()


def test_a_replay_is_found_again_while_it_is_young_and_the_draft_the_same():
    definition = version(None, revision=3)
    run = replaying.replay(definition, since=None, at=NOW)
    assert replaying.latest(definition, None, after=NOW) == run
    assert replaying.latest(definition, None, after=NOW + timedelta(seconds=1)) is None
    assert replaying.latest(definition, utc("2026-01-01 00:00"), after=NOW) is None
    definition.revision = 4
    assert replaying.latest(definition, None, after=NOW) is None


@pytest.mark.parametrize(
    "broken",
    [
        {"stages": {"mql": {"when": {"field": "nonsense", "op": "eq", "value": 1}, "mode": "manual"}}},
        {
            "stages": {"mql": {"when": ask("score", "gte", 5), "mode": "manual"}},
            "scoring": {"rules": "none"},
        },
    ],
)
def test_a_wrong_version_is_refused_before_anything_is_stored(broken):
    lead("a")
    definition = DefinitionSet.objects.create(number=9, status="draft", **broken)
    with pytest.raises(conditions.ConditionError):
        replaying.replay(definition, since=None, at=NOW)
    assert not Replay.objects.exists()


def test_nothing_is_left_of_a_replay_that_was_called_off():
    lead("a")

    def call_off(done, total):
        raise KeyError

    with pytest.raises(KeyError):
        replaying.replay(version(None), since=None, at=NOW, tell=call_off)
    assert not Replay.objects.exists()


# Against looking at each lead at each of its occasions


def one_by_one(definition):
    """Judge each lead at each occasion by a query of its own."""
    gate = definition.stages.get("mql")
    if not gate:
        return {}
    return {
        made.key: first
        for made in Lead.objects.filter(status="open", created_at__lte=NOW)
        if (first := next((at for at in occasions(made, definition) if holds(definition, made, at)), None))
    }


def occasions(made, definition):
    text = repr((definition.stages["mql"], definition.scoring))
    dates = [*made.events.values_list("at", flat=True)]
    scored = "'score'" in repr(definition.stages["mql"])
    if "'attempts'" in (text if scored else repr(definition.stages["mql"])):
        dates += made.attempts.values_list("at", flat=True)
    if "'stage'" in repr(definition.stages["mql"]):
        dates += made.stage_events.values_list("at", flat=True)
        dates += made.opportunities.values_list("opened_at", flat=True)
        dates += made.opportunities.filter(status="won").values_list("closed_at", flat=True)
    return [made.created_at, *sorted(at for at in dates if made.created_at < at <= NOW)]


def holds(definition, made, at):
    score = scoring.score(definition.scoring, at) if definition.scoring else None
    when = conditions.where(definition.stages["mql"]["when"], at, score=score)
    return Lead.objects.filter(when, pk=made.pk).exists()


def random_leads(rng):
    for number in range(12):
        minutes = rng.randrange(60 * 24 * 60)
        created = utc("2026-02-01 00:00") + timedelta(minutes=minutes)
        made = make_lead(
            key=f"lead-{number}",
            created_at=created,
            country=rng.choice(["FR", "de", ""]),
            company_size=rng.choice([None, 5, 11, 200]),
            job_title=rng.choice(["CEO", "étudiant", ""]),
            email_domain=rng.choice(["gmail.com", "acme.example", ""]),
            tags=rng.choice(["vip", ""]),
        )
        spread(rng, made)


def spread(rng, made):
    def some_time():
        return made.created_at + timedelta(hours=rng.randrange(-48, 24 * 30))

    for _ in range(rng.randrange(5)):
        make_event(made, rng.choice(EVENT_KINDS), some_time())
    for _ in range(rng.randrange(3)):
        make_attempt(made, some_time(), key=f"{made.key}-attempt-{rng.random()}")
        make_stage_event(made, rng.choice(Stage.values), some_time())
    if rng.random() < 0.4:
        opened = some_time()
        won = {"status": "won", "closed_at": opened + timedelta(days=3)} if rng.random() < 0.5 else {}
        make_opportunity(made, opened, key=f"{made.key}-deal", **won)


@pytest.mark.parametrize("seed", range(30))
def test_it_finds_what_judging_lead_by_lead_finds(seed):
    rng = random.Random(seed)
    random_leads(rng)
    made = Definitions(rng, "UTC", {}, [NOW.date()])
    model = made.scoring() if rng.random() < 0.8 else None
    when = {"any": [random_condition(rng, {}, set()), ask("score", "gte", rng.choice([5, 20, 40]))]}
    if rng.random() < 0.5:
        when = random_condition(rng, {}, set())
    definition = DefinitionSet.objects.create(
        number=1, status="superseded", scoring=model, stages={"mql": {"when": when, "mode": "automatic"}}
    )
    assert replayed(definition) == one_by_one(definition)


def test_the_database_does_the_work_in_two_statements_a_chunk():
    for number in range(3):
        make_event(lead(f"lead-{number}"), "pricing_view", utc("2026-03-05 12:00"))
    definition = version(viewed("count_gte", 1))
    with CaptureQueriesContext(connection) as captured:
        replaying.replay(definition, since=None, at=NOW)
    stored = [query for query in captured if "INTO leads_replayedlead" in query["sql"]]
    assert len(stored) == 2
    assert len(captured) < 20
