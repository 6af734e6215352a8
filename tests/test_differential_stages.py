"""Automatic stages, replays and restated figures against the naive second reading, over random bundles."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from kpis import report
from kpis.query import parse
from leads import judging, milestones, replaying, stages
from leads.exchange.bundle import export_bundle, import_bundle
from leads.models import DefinitionSet, Lead, Replay, ReplayedLead, StageEvent
from tests import reference
from tests.reference import climbing, kpis, ladder, scoring
from tests.reference.bundles import write_random_bundle
from tests.reference.kpis import share
from tests.reference.reading import Bundle
from tests.test_differential import Asker, kpi_differences, parameters, report_differences, seeds

OFF_EDGE = timedelta(minutes=97, microseconds=137)  # from what random bundles put beside edges


@pytest.fixture(params=seeds())
def imported(request, tmp_path, db):
    folder = tmp_path / "bundle"
    setting = write_random_bundle(folder, request.param)
    import_bundle(folder)
    return folder, setting, Random(f"stages {request.param}")


def moves():
    found = {}
    events = StageEvent.objects.exclude(from_stage="").order_by("at", "pk")
    for key, *move in events.values_list("lead__key", "from_stage", "stage"):
        found.setdefault(key, []).append(tuple(move))
    return found


def climbed(bundle, at):
    found = {lead.id: climbing.climb(bundle, lead, at) for lead in bundle.leads}
    return {key: rises for key, rises in found.items() if rises}


def test_leads_come_to_the_stages_that_a_second_reading_gives_them(imported):
    folder, setting, rng = imported
    bundle = Bundle(folder)
    assert moves() == {}
    expected = {}
    for at in sorted(rng.sample(setting.instants, 3)):
        judging.judge(Lead.objects.all(), at + OFF_EDGE)
        for key, rises in climbed(bundle, at + OFF_EDGE).items():
            expected.setdefault(key, []).extend(rises)
        assert moves() == expected
        scores = {lead.id: scoring.score_of(bundle, lead, at + OFF_EDGE) for lead in bundle.leads}
        assert dict(Lead.objects.values_list("key", "score")) == scores
    assert milestones.stale() == 0


def test_figures_after_moves_made_here_agree_with_the_second_reading(imported, tmp_path, manager):
    _, setting, rng = imported
    for at in sorted(rng.sample(setting.instants, 2)):
        judging.judge(Lead.objects.all(), at)  # right at edges of days
        for lead in rng.sample(list(Lead.objects.order_by("key")), 8):
            move_at_random(rng, lead, at + timedelta(minutes=rng.randint(0, 90)), manager)
    assert milestones.stale() == 0
    exported = tmp_path / "exported"
    export_bundle(exported)
    asker = Asker(exported, setting, rng.random())
    for _ in range(3):
        asked = asker.ask()
        assert not list(report_differences(exported, asked)), parameters(asked)


def move_at_random(rng, lead, at, by):
    """Move a lead to some stage that is legal, over the heads of all gates."""
    legal = stages.legal_here(lead, at, by)
    if not legal:
        return
    to = rng.choice(legal)
    back = at + timedelta(days=rng.randint(1, 9)) if to == "recycled" else None
    stages.move(lead, to, at=at, by=by, reason="Agreed", override=True, returns_at=back)


def made_mql(run):
    return dict(ReplayedLead.objects.filter(replay=run).values_list("lead__key", "mql_at"))


def test_a_replay_makes_mql_whom_a_second_reading_makes_it_and_when(imported):
    folder, setting, rng = imported
    bundle = Bundle(folder)
    until = rng.choice([*setting.instants, setting.instants[-1] + timedelta(days=400)])
    run = replaying.replay(DefinitionSet.current(), since=None, at=until)
    expected = {lead.id: climbing.first_mql(bundle, lead, until) for lead in bundle.leads}
    assert made_mql(run) == {key: at for key, at in expected.items() if at}


class Restated:
    """The second reading's ladder, with another way to come to MQL."""

    def __init__(self, made):
        self.made, self.reached = made, ladder.reached

    def __call__(self, lead, rung, as_of):
        if rung != "mql":
            return self.reached(lead, rung, as_of)
        at = self.made.get(lead.id)
        return at if at and at <= as_of else None


def step_from_mql(step):
    """Return how many took a step: those who came to the rung above MQL and are MQL."""

    def taken(q, lower, higher):
        figure = step(q, lower, higher)
        if lower == "mql" and q.basis == "period":
            return share(q.of_those_reached(q.reached(higher), "mql"), q.reached("mql"))
        return figure

    return taken


def replayed_at_random(setting, rng, now):
    """Store a replay that makes half of the leads MQL at some instant: before or after all they did."""
    run = Replay.objects.create(definition=DefinitionSet.current(), at=now, finished_at=now)
    for lead in Lead.objects.order_by("key"):
        if rng.random() < 0.5:
            at = rng.choice([lead.created_at, lead.sal_at, lead.sql_at, *setting.instants])
            ReplayedLead.objects.create(replay=run, lead=lead, mql_at=at or lead.created_at)
    return run


def test_restated_figures_agree_with_a_second_reading_of_the_replay(imported, monkeypatch):
    folder, setting, rng = imported
    now = setting.instants[-1] + timedelta(days=rng.choice([0, 40]))
    run = replayed_at_random(setting, rng, now)
    monkeypatch.setattr(ladder, "reached", Restated(made_mql(run)))
    monkeypatch.setattr(kpis, "step", step_from_mql(kpis.step))
    asker = Asker(folder, setting, rng.random())
    whole = {"from_": setting.days[0], "to": setting.days[-1], "as_of": now, "filters": {}}
    for odd in ({}, whole, whole):
        asked = asker.ask() | odd
        query = replace(parse(parameters(asked)), restated=run.definition.number)
        expected = reference.report(folder, **asked)
        found = report.build(query, now)
        for ours, theirs in zip(found["kpis"], expected["kpis"], strict=True):
            assert not list(kpi_differences(ours, theirs)), parameters(asked)
