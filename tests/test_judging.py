"""Leads that changed are judged: soon by a worker, else by the sweep; one or all, with the same result."""

from datetime import date, timedelta
from random import Random

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads import judging, milestones, scoring, stages, tasks
from leads.models import DefinitionSet, Lead, StageEvent
from tests.bundle_helpers import take
from tests.condition_helpers import ask, viewed
from tests.factories import NOON, make_event, make_lead, make_stage_event
from tests.reference.definitions_at_random import Definitions
from tests.test_conditions_agree import CONDITIONS, INSTANTS, Known, meets

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=1)
BACK = LATER + timedelta(days=90)
VIEWS = {"slug": "views", "category": "behavioural", "per_event": "pricing_view", "points": 30}
MODEL = {"rules": [VIEWS], "thresholds": {"warm": 20, "mql": 60, "sql": 80}}


def automatic(when=None):
    return {"when": when, "mode": "automatic"}


def define(model=None, **specs):
    return DefinitionSet.objects.create(number=1, status="published", scoring=model, stages=specs)


def flags():
    return list(Lead.objects.order_by("pk").values_list("needs_judging", flat=True))


@pytest.fixture
def told(monkeypatch):
    """The ids workers are told of, a list a message."""
    messages = []
    monkeypatch.setattr(
        tasks, "send_each", lambda task, ids: messages.extend((task.name, each) for each in ids)
    )
    return messages


def test_a_changed_lead_is_marked_and_workers_are_told_once_it_is_stored(
    told, django_capture_on_commit_callbacks
):
    one, _ = make_lead(), make_lead()
    with django_capture_on_commit_callbacks(execute=True):
        judging.changed(Lead.objects.filter(pk=one.pk))
        assert flags() == [True, False]
        assert told == []
    assert told == [("leads.tasks.judge_leads", [one.pk])]


def test_many_changed_leads_are_told_of_five_hundred_at_a_time(told, django_capture_on_commit_callbacks):
    Lead.objects.bulk_create(Lead(created_at=NOON) for _ in range(1001))
    with django_capture_on_commit_callbacks(execute=True):
        judging.changed(Lead.objects.order_by("-created_at"))
    assert [len(ids) for _, ids in told] == [500, 500, 1]
    assert all(flags())


def test_nobody_is_told_of_a_change_that_was_undone(told, django_capture_on_commit_callbacks):
    lead = make_lead()
    with django_capture_on_commit_callbacks(execute=True):
        try:
            with transaction.atomic():
                judging.changed(Lead.objects.filter(pk=lead.pk))
                raise LookupError
        except LookupError:
            pass
    assert (told, flags()) == ([], [False])


def test_to_change_no_lead_tells_nobody(told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        judging.changed(Lead.objects.none())
    assert told == []


def test_a_judged_lead_has_a_fresh_score_and_the_stages_it_gives():
    define(MODEL, mql=automatic(ask("score", "gte", 60)))
    lead = make_lead(needs_judging=True, score=0)
    make_event(lead, "pricing_view", NOON)
    make_event(lead, "pricing_view", LATER)
    judging.judge(Lead.objects.all(), LATER - timedelta(seconds=1))
    lead.refresh_from_db()
    assert (lead.score, lead.mql_at, lead.needs_judging) == (30, None, False)
    judging.judge(Lead.objects.all(), LATER)
    lead.refresh_from_db()
    assert (lead.score, lead.mql_at, lead.judged_at) == (60, LATER, LATER)
    assert milestones.stale() == 0


def test_the_clock_is_read_when_the_lead_is_ours():
    define(mql=automatic(viewed("count_gte", 1)))
    make_event(make_lead(), "pricing_view", LATER)
    judging.judge(Lead.objects.all(), lambda: LATER)
    assert StageEvent.objects.get().at == LATER


def test_to_judge_again_changes_nothing():
    define(mql=automatic())
    make_lead()
    judging.judge(Lead.objects.all(), LATER)
    judging.judge(Lead.objects.all(), LATER)
    assert StageEvent.objects.count() == 1


def test_the_task_judges_the_leads_it_is_told_of():
    define(mql=automatic())
    lead, other = make_lead(needs_judging=True), make_lead(needs_judging=True)
    tasks.judge_leads([lead.pk, 404])
    tasks.judge_leads([lead.pk])
    assert flags() == [False, True]
    assert list(StageEvent.objects.values_list("lead", flat=True)) == [lead.pk]
    assert other.stage_events.count() == 0


def test_the_sweep_judges_what_no_worker_was_told_of():
    define(mql=automatic())
    marked, other = make_lead(needs_judging=True), make_lead()
    tasks.sweep()
    assert marked.stage_events.count() == 1
    assert other.stage_events.count() == 0
    assert flags() == [False, False]


def test_a_move_by_hand_may_lead_to_one_by_rule(rep):
    define(sql=automatic(ask("stage", "eq", "sal")))
    lead = make_lead()
    make_stage_event(lead, "mql", NOON)
    milestones.rebuild()
    stages.move(lead, "sal", at=LATER, by=rep)
    judging.sweep(LATER)
    moves = lead.stage_events.order_by("at").values_list("from_stage", "stage")[1:]
    assert list(moves) == [("mql", "sal"), ("sal", "sql")]
    assert milestones.stale() == 0


def recycle(rep, **fields):
    lead = make_lead(**fields)
    stages.move(lead, "recycled", at=LATER, by=rep, returns_at=BACK)
    judging.sweep(LATER)
    return lead


def test_a_recycled_lead_is_looked_at_again_when_its_day_comes(rep):
    define(mql=automatic(ask("age_days", "gte", 1)))
    lead = recycle(rep)
    judging.sweep(BACK - timedelta(microseconds=1))
    assert lead.stage_events.count() == 1
    judging.sweep(BACK + timedelta(hours=3))
    assert lead.stage_events.order_by("-at").values_list("from_stage", "stage")[0] == ("recycled", "mql")


def test_a_recycled_lead_that_is_not_ripe_is_looked_at_once(rep):
    define(mql=automatic(viewed("count_gte", 1)))
    lead = recycle(rep)
    judging.sweep(BACK)
    lead.refresh_from_db()
    assert lead.judged_at == BACK
    judging.sweep(BACK + timedelta(days=1))
    lead.refresh_from_db()
    assert lead.judged_at == BACK
    make_event(lead, "pricing_view", BACK + timedelta(days=1))
    judging.changed(Lead.objects.all())
    judging.sweep(BACK + timedelta(days=1))
    assert lead.stage_events.count() == 2


def test_a_lead_that_cannot_be_judged_does_not_stop_others(monkeypatch, caplog):
    define(mql=automatic())
    leads = [make_lead(needs_judging=True) for _ in range(7)]
    poison = leads[3].pk
    rescore = scoring.rescore

    def fails(at, chosen):
        if chosen.filter(pk=poison).exists():
            with connection.cursor() as cursor:
                cursor.execute("SELECT no_such_column")
        return rescore(at, chosen)

    monkeypatch.setattr(scoring, "rescore", fails)
    judging.sweep(LATER)
    assert flags() == [False, False, False, True, False, False, False]
    assert StageEvent.objects.count() == 6
    assert f"lead {poison} could not be judged" in caplog.text
    assert isinstance(caplog.records[-1].exc_info[1], DatabaseError)


def test_chunks_are_judged_one_by_one(monkeypatch):
    monkeypatch.setattr(stages.events, "CHUNK", 2)
    define(mql=automatic())
    for _ in range(5):
        make_lead(needs_judging=True)
    judging.sweep(LATER)
    assert StageEvent.objects.count() == 5
    assert not any(flags())


def test_a_chunk_of_many_asks_no_more_than_one_of_two():
    define(MODEL, mql=automatic(ask("score", "gte", 0)))
    counts = []
    for number in (2, 40):
        for _ in range(number):
            make_lead(needs_judging=True)
        with CaptureQueriesContext(connection) as asked:
            judging.sweep(LATER)
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert StageEvent.objects.count() == 42


def test_an_import_promotes_nobody_not_even_at_the_next_sweep(tmp_path, told):
    everybody = {"stages": {"mql": {"when": None, "mode": "automatic"}}}
    bundle = {
        "leads": "id,created_at,company\nA,2026-01-01T00:00:00Z,Acme\nB,2026-01-01T00:00:00Z,Bolt\n",
        "stage_events": "id,lead,stage,at\nE,B,recycled,2026-01-02T00:00:00Z\n",
        "events": "lead,at,kind\nA,2026-01-03T00:00:00Z,pricing_view\n",
    }
    take(tmp_path / "one", everybody, **bundle)
    assert DefinitionSet.current().stages["mql"]["mode"] == "automatic"
    tasks.sweep()
    bundle["leads"] = bundle["leads"].replace("Acme", "Acme Ltd")
    take(tmp_path / "two", everybody, **bundle)
    tasks.sweep()
    tasks.rescore_all()
    tasks.sweep()
    assert told == []
    assert flags() == [False, False]
    assert list(StageEvent.objects.values_list("key", flat=True)) == ["E"]


# One lead and all leads


MODES = st.sampled_from(["automatic", "automatic", "manual"])
SPECS = st.fixed_dictionaries({"when": st.none() | CONDITIONS, "mode": MODES})
LADDERS = st.fixed_dictionaries({}, optional={"mql": SPECS, "sal": SPECS, "sql": SPECS})
BELOW = {"mql": ["lead"], "sal": ["lead", "mql"], "sql": ["lead", "mql", "sal"]}


class Ladder(Known):
    """A lead as Python remembers it, which can climb."""

    def climb(self, specs, at):
        """Return the moves that automatic stages give it."""
        rises = []
        for stage, spec in specs.items():
            here = self.stage(at)
            ripe = spec["mode"] == "automatic" and self.created_at <= at and here in BELOW[stage]
            if ripe and (spec["when"] is None or meets(self, spec["when"], at)):
                rises.append((here, stage))
                self.moves = [move for move in self.moves if move[0] > at] + [(at, stage)]
                self.won = self.won if self.won and self.won > at + timedelta(hours=1) else None
        return rises


def rises():
    events = StageEvent.objects.exclude(from_stage="").order_by("at", "pk")
    found = {}
    for key, *move in events.values_list("lead__key", "from_stage", "stage"):
        found.setdefault(key, []).append(tuple(move))
    return found


def undone(act):
    """Return what `act` gave and what it left, and leave nothing."""
    with transaction.atomic():
        given = act()
        left = rises()
        assert milestones.stale() == 0
        transaction.set_rollback(True)
    return given, left


@pytest.fixture
def known():
    random = Random(7)
    leads = {f"lead-{number}": Ladder(random, []) for number in range(20)}
    for number, (key, lead) in enumerate(leads.items()):
        lead.fields["score"] = None
        if number % 2:  # plain leads, with the whole ladder before them
            lead.moves, lead.won = [], None
        lead.store(key)
    milestones.rebuild()
    return leads


def one_by_one(at):
    for pk in Lead.objects.values_list("pk", flat=True):
        judging.judge(Lead.objects.filter(pk=pk), at)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(specs=LADDERS, at=st.sampled_from(INSTANTS))
def test_one_lead_and_all_climb_alike_and_as_python_says(known, specs, at):
    specs = {stage: specs[stage] for stage in ("mql", "sal", "sql") if stage in specs}
    with transaction.atomic():
        define(None, **specs)
        bulk = undone(lambda: stages.promote(None, at))[1]
        single = undone(lambda: one_by_one(at))[1]
        assert bulk == single
        expected = {}
        for key, lead in known.items():
            copy = Ladder.__new__(Ladder)
            copy.__dict__ = {**lead.__dict__, "moves": list(lead.moves)}
            if moves := copy.climb(specs, at):
                expected[key] = moves
        assert bulk == expected
        transaction.set_rollback(True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), at=st.sampled_from(INSTANTS))
def test_the_gate_of_one_lead_opens_exactly_for_those_a_rule_would_promote(known, manager, seed, at):
    definitions = Definitions(Random(seed), "UTC", {}, [date(2026, 3, 2)])
    gate = {"when": definitions.condition("stage"), "mode": "automatic"}
    with transaction.atomic():
        version = define(definitions.scoring(), mql=gate)
        scoring.rescore(at)
        promoted = set(undone(lambda: stages.promote(None, at))[1])
        fresh = Lead.objects.filter(created_at__lte=at)
        open_to = {lead.key for lead in fresh if not stages.unmet(lead, "mql", at, version)}
        at_lead = {key for key, lead in known.items() if lead.stage(at) == "lead"}
        assert promoted == open_to & at_lead
        for lead in fresh.filter(key__in=at_lead)[:3]:
            if lead.key in promoted:
                assert stages.move(lead, "mql", at=at, by=manager).unmet == []
            else:
                with pytest.raises(stages.StageError):
                    stages.move(lead, "mql", at=at, by=manager)
        transaction.set_rollback(True)
