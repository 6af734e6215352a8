"""Moves made at the same instant, over real connections: one history that hangs together."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from time import sleep

import pytest
from django.db import connection, transaction
from django.utils import timezone

from leads import judging, milestones, stages
from leads.models import DefinitionSet, Lead, StageEvent, User
from leads.stages import StageError
from tests.factories import make_event, make_lead, make_stage_event

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
]

EVERYBODY = {"when": None, "mode": "automatic"}
ROUNDS = 8


@pytest.fixture
def reps():
    return [User.objects.create_user(name, role="rep") for name in ("ines", "noor")]


@pytest.fixture(autouse=True)
def _no_workers(settings, monkeypatch):
    """Leave what is told to workers to the tests."""
    monkeypatch.setattr("leads.tasks.send_each", lambda task, ids: None)


def at_once(*acts):
    """Do these at the same time, each over a connection of its own; return what each gave or refused."""
    start = Barrier(len(acts))

    def run(act):
        try:
            start.wait(10)
            return act()
        except StageError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(30) for future in [pool.submit(run, act) for act in acts]]


def by_hand(lead, to, by, **more):
    return lambda: stages.move(lead, to, at=timezone.now(), by=by, **more)


def by_rule():
    return stages.promote(None, timezone.now())


def assert_one_history():
    for lead in Lead.objects.all():
        here = None
        times = []
        for event in lead.stage_events.order_by("at", "pk"):
            assert here is None or event.from_stage == here
            here = event.stage
            times.append(event.at)
        assert len(set(times)) == len(times)
    assert milestones.stale() == 0


def define(**specs):
    DefinitionSet.objects.create(number=1, status="published", stages=specs)


def test_of_two_reps_who_accept_a_lead_at_once_one_does(reps):
    for _ in range(ROUNDS):
        lead = make_lead()
        make_stage_event(lead, "mql", lead.created_at)
        milestones.rebuild()
        results = at_once(*(by_hand(lead, "sal", rep) for rep in reps))
        assert sum(isinstance(result, StageError) for result in results) == 1
        assert lead.stage_events.filter(stage="sal").count() == 1
    assert_one_history()


def test_one_who_accepts_and_one_who_rejects_make_one_history(reps):
    for _ in range(ROUNDS):
        lead = make_lead()
        make_stage_event(lead, "mql", lead.created_at)
        milestones.rebuild()
        at_once(by_hand(lead, "sal", reps[0]), by_hand(lead, "rejected", reps[1], reason="Too small"))
        moves = list(lead.stage_events.order_by("at").values_list("from_stage", "stage"))[1:]
        accepted_first = [("mql", "sal"), ("sal", "rejected")]
        rejected_first = [("mql", "rejected"), ("rejected", "sal")]
        assert moves in (accepted_first, rejected_first)
    assert_one_history()


def test_two_promotions_at_once_make_each_event_once():
    define(mql=EVERYBODY, sal=EVERYBODY)
    for _ in range(ROUNDS):
        Lead.objects.all().delete()
        for _ in range(20):
            make_lead()
        assert sum(at_once(by_rule, by_rule, by_rule)) == 40
        assert StageEvent.objects.count() == 40
    assert_one_history()


def test_a_rep_and_a_promotion_at_once_make_one_history(reps):
    define(mql=EVERYBODY)
    for _ in range(ROUNDS):
        lead = make_lead()
        at_once(by_hand(lead, "disqualified", reps[0], reason="A student"), by_rule)
        moves = list(lead.stage_events.order_by("at").values_list("from_stage", "stage"))
        assert moves in (
            [("lead", "disqualified")],
            [("lead", "mql"), ("mql", "disqualified")],
        )
    assert_one_history()


def while_locked(lead, act, meanwhile):
    """Do `act` while another connection, which holds the lead, does `meanwhile` and lets go."""
    held = Event()

    def holder():
        with transaction.atomic():
            Lead.objects.select_for_update().get(pk=lead.pk)
            held.set()
            sleep(0.4)
            meanwhile()

    def waiter():
        assert held.wait(10)
        return act()

    return at_once(holder, waiter)[1]


def test_a_promotion_that_waited_for_a_rejection_sees_it(reps):
    define(mql=EVERYBODY)
    lead = make_lead()
    move = by_hand(lead, "disqualified", reps[0], reason="A student")
    assert while_locked(lead, by_rule, move) == 0
    assert list(lead.stage_events.values_list("stage", flat=True)) == ["disqualified"]


def test_a_rep_who_waited_is_told_what_the_stage_is_by_then(reps):
    lead = make_lead()
    error = while_locked(lead, by_hand(lead, "mql", reps[0]), by_hand(lead, "mql", reps[1]))
    assert "This lead is MQL already." in error.message
    assert lead.stage_events.count() == 1


def test_a_lead_that_changes_while_it_is_judged_is_judged_again():
    viewed = {"event": "pricing_view", "op": "count_gte", "value": 1}
    define(mql={"when": viewed, "mode": "automatic"})
    lead = make_lead(needs_judging=True)
    mine = Lead.objects.filter(pk=lead.pk)

    def view():
        make_event(lead, "pricing_view", timezone.now())
        judging.changed(mine)

    while_locked(lead, lambda: judging.judge(mine, timezone.now), view)
    assert lead.stage_events.count() == 1
    assert not mine.get().needs_judging


def test_a_change_that_waits_for_a_judgement_marks_the_lead_anew():
    define(mql={"when": {"event": "pricing_view", "op": "count_gte", "value": 1}, "mode": "automatic"})
    lead = make_lead(needs_judging=True)
    mine = Lead.objects.filter(pk=lead.pk)

    def change():
        with transaction.atomic():
            make_event(lead, "pricing_view", timezone.now())
            judging.changed(mine)

    while_locked(lead, change, lambda: judging.judge(mine, timezone.now))
    assert mine.get().needs_judging
    judging.sweep(timezone.now)
    assert lead.stage_events.count() == 1
    assert not mine.get().needs_judging


def test_two_workers_judge_the_same_leads_once():
    define(mql=EVERYBODY, sql=EVERYBODY)
    for _ in range(30):
        make_lead(needs_judging=True)
    at_once(*[lambda: judging.sweep(timezone.now)] * 3)
    assert StageEvent.objects.count() == 60
    assert not Lead.objects.filter(needs_judging=True).exists()
    assert_one_history()
