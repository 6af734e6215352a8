"""The ladder: which moves are legal, what gates ask, what automatic stages give."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads import milestones, stages
from leads.models import DefinitionSet, Lead, StageEvent
from leads.stages import StageError
from tests.condition_helpers import ask
from tests.factories import NOON, make_attempt, make_lead, make_opportunity, make_stage_event

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=1)
BACK = LATER + timedelta(days=90)
RUNGS = ["mql", "sal", "sql", "opportunity", "customer"]
EVERYTHING = [*RUNGS, "rejected", "recycled", "disqualified"]
LEGAL = {
    "lead": {"mql", "recycled", "disqualified"},
    "mql": {"sal", "rejected", "recycled", "disqualified"},
    "sal": {"sql", "rejected", "recycled", "disqualified"},
    "sql": {"opportunity", "rejected", "recycled", "disqualified"},
    "opportunity": {"customer", "rejected", "recycled", "disqualified"},
    "customer": set(),
    "rejected": {"mql", "sal", "recycled", "disqualified"},
    "recycled": {"mql", "sal", "disqualified"},
    "disqualified": {"mql"},
}
PAIRS = [(here, to) for here in LEGAL for to in EVERYTHING]


def define(**specs):
    """Publish stages, each given as a condition or, to make it automatic, as `auto(condition)`."""
    stages_of = {
        stage: spec if isinstance(spec, dict) and "mode" in spec else {"when": spec, "mode": "manual"}
        for stage, spec in specs.items()
    }
    scoring = stages_of.pop("scoring", {}).get("when")
    return DefinitionSet.objects.create(number=1, status="published", stages=stages_of, scoring=scoring)


def auto(condition=None):
    return {"when": condition, "mode": "automatic"}


def make_lead_at(stage, at=NOON, **fields):
    """Make a lead that an import brought to a stage."""
    lead = make_lead(**fields)
    if stage != "lead":
        make_stage_event(lead, stage, at)
        milestones.rebuild(Lead.objects.filter(pk=lead.pk))
    return lead


def needs(to):
    """Return what a move to this stage cannot do without."""
    return {
        "rejected": {"reason": "Too small"},
        "disqualified": {"reason": "A student"},
        "recycled": {"returns_at": BACK},
    }.get(to, {})


def history(lead):
    return list(lead.stage_events.order_by("at", "pk").values_list("from_stage", "stage", "rule"))


def refusal(lead, to, **asked):
    """Return why a move is refused, having made sure that it changed nothing."""
    before = history(lead)
    with pytest.raises(StageError) as refused:
        stages.move(lead, to, at=asked.pop("at", LATER), **asked)
    assert history(lead) == before
    assert milestones.stale() == 0
    return refused.value


# Moves by hand


@pytest.mark.parametrize(("here", "to"), PAIRS)
def test_a_person_makes_exactly_the_legal_moves(here, to, manager):
    lead = make_lead_at(here)
    if to in LEGAL[here]:
        event = stages.move(lead, to, at=LATER, by=manager, **needs(to))
        assert (event.from_stage, event.stage, event.at, event.by) == (here, to, LATER, manager)
        assert StageEvent.objects.filter(from_stage=here, stage=to).count() == 1
        assert milestones.stale() == 0
    else:
        error = refusal(lead, to, by=manager, **needs(to))
        assert (error.field, set(error.legal)) == ("to", LEGAL[here])


@pytest.mark.parametrize(
    ("here", "words"),
    [
        ("lead", "A lead can be made MQL, recycled or disqualified."),
        ("mql", "An MQL lead can be accepted (SAL), rejected, recycled or disqualified."),
        ("sal", "A SAL lead can be qualified (SQL), rejected, recycled or disqualified."),
        ("sql", "An SQL lead can be made an opportunity, rejected, recycled or disqualified."),
        ("opportunity", "An opportunity can be won (customer), rejected, recycled or disqualified."),
        ("customer", "A customer stays one: there is no move from here."),
        ("rejected", "A rejected lead can be made MQL, accepted (SAL), recycled or disqualified."),
        ("recycled", "A recycled lead can be made MQL, accepted (SAL) or disqualified."),
        ("disqualified", "Only a manager or admin can bring a disqualified lead back, as MQL."),
    ],
)
def test_a_refusal_says_what_is_legal(here, words, rep):
    lead = make_lead_at(here)
    wrong = "customer" if here != "opportunity" else "mql"
    expected = f"This lead is Customer already. {words}" if here == "customer" else words
    assert refusal(lead, wrong, by=rep).message == expected


def test_only_managers_and_admins_bring_a_disqualified_lead_back(rep, manager, admin):
    assert refusal(make_lead_at("disqualified"), "mql", by=rep).legal == []
    for person in (manager, admin):
        assert stages.move(make_lead_at("disqualified"), "mql", at=LATER, by=person).stage == "mql"


def test_a_stage_nobody_knows_is_refused(rep):
    error = refusal(make_lead(), "vip", by=rep)
    assert error.message == "“vip” is not a stage. A lead can be made MQL, recycled or disqualified."


@pytest.mark.parametrize("status", ["spam", "test", "merged"])
def test_a_lead_that_does_not_count_is_not_moved(status, rep):
    survivor = make_lead() if status == "merged" else None
    lead = make_lead(status=status, merged_into=survivor)
    error = refusal(lead, "mql", by=rep)
    assert error.message == f"This lead is marked {status}: it moves no more."
    assert error.legal == []


def test_a_double_submit_makes_one_event(rep):
    lead = make_lead_at("mql")
    stages.move(lead, "sal", at=LATER, by=rep)
    words = "This lead is SAL already. A SAL lead can be qualified (SQL), rejected, recycled or disqualified."
    assert refusal(lead, "sal", by=rep, at=LATER + timedelta(seconds=1)).message == words


@pytest.mark.parametrize(("to", "word"), [("rejected", "rejected"), ("disqualified", "disqualified")])
@pytest.mark.parametrize("reason", ["", "  \n "])
def test_some_moves_need_a_reason(to, word, reason, rep):
    error = refusal(make_lead_at("sal"), to, by=rep, reason=reason)
    assert (error.field, error.message) == ("reason", f"Say why the lead is {word}.")


def test_a_reason_is_trimmed_and_kept(rep):
    event = stages.move(make_lead_at("mql"), "rejected", at=LATER, by=rep, reason="  Too small\n")
    event.refresh_from_db()
    assert event.reason == "Too small"


@pytest.mark.parametrize(
    ("reason", "words"),
    [("a\0b", "not text"), ("a\ud800b", "not text"), ("x" * 2001, "at most 2,000 characters")],
)
def test_a_reason_that_cannot_be_kept_is_refused(reason, words, rep):
    error = refusal(make_lead_at("mql"), "rejected", by=rep, reason=reason)
    assert error.field == "reason"
    assert words in error.message


def test_a_reason_may_have_two_thousand_characters_and_blanks_around(rep):
    event = stages.move(make_lead_at("mql"), "rejected", at=LATER, by=rep, reason=f" {'x' * 2000} ")
    assert len(event.reason) == 2000


@pytest.mark.parametrize(
    ("returns_at", "words"),
    [
        (None, "Say when"),
        (LATER, "in the future"),
        (LATER - timedelta(days=1), "in the future"),
        (LATER.replace(year=2031) + timedelta(seconds=1), "within 5 years"),
    ],
)
def test_a_recycled_lead_needs_a_day_to_come_back(returns_at, words, rep):
    error = refusal(make_lead_at("mql"), "recycled", by=rep, returns_at=returns_at)
    assert error.field == "returns_at"
    assert words in error.message


def test_a_recycled_lead_may_come_back_in_five_years(rep):
    back = LATER.replace(year=2031)
    assert stages.move(make_lead_at("mql"), "recycled", at=LATER, by=rep, returns_at=back).returns_at == back


def test_five_years_after_a_29_february_is_a_1_march(rep):
    leap = NOON.replace(year=2028, month=2, day=29)
    back = NOON.replace(year=2033, month=3, day=1)
    assert stages.move(make_lead(), "recycled", at=leap, by=rep, returns_at=back).returns_at == back


def test_only_a_recycled_lead_has_a_day_to_come_back(rep):
    assert refusal(make_lead_at("mql"), "sal", by=rep, returns_at=BACK).field == "returns_at"


def test_the_current_stage_counts_deals(rep):
    lead = make_lead_at("mql")
    make_opportunity(lead, NOON + timedelta(hours=1))
    event = stages.move(lead, "rejected", at=LATER, by=rep, reason="Gone quiet")
    assert event.from_stage == "opportunity"


def test_an_event_carries_the_version_that_judged_it(rep):
    assert stages.move(make_lead(), "mql", at=LATER, by=rep).definition is None
    version = define()
    assert stages.move(make_lead(), "mql", at=LATER, by=rep).definition == version


def test_moves_stand_in_the_order_they_were_made_whatever_the_clocks_say(rep):
    lead = make_lead_at("mql")
    stages.move(lead, "sal", at=LATER, by=rep)
    second = stages.move(lead, "sql", at=LATER - timedelta(seconds=5), by=rep)
    third = stages.move(lead, "opportunity", at=LATER, by=rep)
    assert second.at == LATER + timedelta(microseconds=1)
    assert third.at == LATER + timedelta(microseconds=2)
    assert (second.from_stage, third.from_stage) == ("sal", "sql")
    assert milestones.stale() == 0


def test_a_move_at_the_very_instant_of_a_deal_comes_after_it(rep):
    lead = make_lead_at("sql")
    make_opportunity(lead, LATER)
    milestones.rebuild()
    event = stages.move(lead, "rejected", at=LATER, by=rep, reason="A mistake")
    assert (event.from_stage, event.at) == ("opportunity", LATER + timedelta(microseconds=1))
    assert stages.moving.current(lead, event.at) == "rejected"


def test_what_a_bundle_dated_in_the_future_does_not_hold_a_move_back(rep):
    lead = make_lead_at("mql")
    make_stage_event(lead, "customer", LATER + timedelta(days=30))
    milestones.rebuild()
    event = stages.move(lead, "sal", at=LATER, by=rep)
    assert event.at == LATER
    assert milestones.stale() == 0


def test_a_rung_stamps_those_below_and_the_earliest_date_stays(rep):
    lead = make_lead_at("rejected")
    stages.move(lead, "sal", at=LATER, by=rep)
    lead.refresh_from_db()
    assert (lead.mql_at, lead.sal_at, lead.sql_at) == (LATER, LATER, None)
    stages.move(lead, "rejected", at=LATER + timedelta(hours=1), by=rep, reason="No budget")
    stages.move(lead, "mql", at=LATER + timedelta(hours=2), by=rep)
    lead.refresh_from_db()
    assert (lead.mql_at, lead.sal_at) == (LATER, LATER)
    assert milestones.stale() == 0


def test_a_move_has_the_lead_judged_again(rep):
    lead = make_lead()
    stages.move(lead, "mql", at=LATER, by=rep)
    lead.refresh_from_db()
    assert lead.needs_judging


# Gates

BIG = ask("company_size", "gte", 50)
FRENCH = ask("country", "eq", "FR")
CALLED = ask("attempts", "gte", 1)


@pytest.mark.parametrize("mode", ["manual", "automatic"])
def test_a_definition_is_a_gate_whoever_moves_by_it(mode, rep):
    define(mql={"when": {"all": [BIG, FRENCH]}, "mode": mode})
    lead = make_lead(company_size=10, country="FR")
    error = refusal(lead, "mql", by=rep)
    assert error.missing == ["company size is at least 50"]
    assert error.message == "This lead does not meet what MQL asks for: company size is at least 50."
    Lead.objects.update(company_size=50)
    assert stages.move(lead, "mql", at=LATER, by=rep).unmet == []


@pytest.mark.parametrize(
    ("when", "missing"),
    [
        (None, []),
        ({}, []),
        ({"all": []}, []),
        (BIG, ["company size is at least 50"]),
        (
            {"all": [BIG, {"all": [FRENCH, CALLED]}]},
            ["company size is at least 50", "number of attempts is at least 1"],
        ),
        ({"any": [BIG, CALLED]}, ["company size is at least 50 or number of attempts is at least 1"]),
        ({"not": FRENCH}, ["not (country is FR)"]),
        ({"any": [BIG, FRENCH]}, []),
        ({"any": []}, ["never"]),
    ],
)
def test_missing_criteria_are_named_one_by_one(when, missing):
    define(sal=when)
    assert stages.unmet(make_lead(country="FR", company_size=10), "sal", LATER) == missing


def test_a_gate_is_one_query(django_assert_num_queries):
    version = define(sal={"all": [BIG, FRENCH, CALLED, ask("stage", "eq", "mql"), ask("score", "gte", 5)]})
    lead = make_lead()
    with django_assert_num_queries(1):
        assert len(stages.unmet(lead, "sal", LATER, version)) == 5


def test_a_gate_reckons_the_score_anew():
    points = {"slug": "big", "category": "firmographic", "when": BIG, "points": 60}
    model = {"rules": [points], "thresholds": {"warm": 10, "mql": 50, "sql": 80}}
    define(mql=ask("score", "gte", 50), scoring={"when": model, "mode": ""})
    assert stages.unmet(make_lead(company_size=50, score=0), "mql", LATER) == []
    assert stages.unmet(make_lead(company_size=10, score=99), "mql", LATER) == ["score is at least 50"]


def test_without_a_scoring_model_no_score_passes_a_gate():
    define(mql=ask("score", "gte", 0))
    assert stages.unmet(make_lead(score=99), "mql", LATER) == ["score is at least 0"]


def test_a_gate_is_judged_at_the_instant_of_the_move(rep):
    define(sal=CALLED)
    lead = make_lead_at("mql")
    make_attempt(lead, LATER)
    milestones.rebuild()
    assert refusal(lead, "sal", by=rep, at=LATER - timedelta(seconds=1)).missing
    assert stages.move(lead, "sal", at=LATER, by=rep).stage == "sal"


def test_stages_without_a_definition_have_no_gate(rep):
    define(mql=BIG)
    assert stages.move(make_lead_at("mql"), "sal", at=LATER, by=rep).stage == "sal"


def test_outcomes_have_no_gate(rep):
    define(mql=BIG, sal=BIG, sql=BIG)
    assert stages.move(make_lead_at("mql"), "rejected", at=LATER, by=rep, reason="Small").unmet == []


@pytest.mark.parametrize("who", ["manager", "admin"])
def test_a_manager_or_admin_overrides_with_a_reason(who, request):
    define(mql={"all": [BIG, FRENCH]})
    person = request.getfixturevalue(who)
    lead = make_lead(company_size=10)
    assert "You can override this" in refusal(lead, "mql", by=person).message
    error = refusal(lead, "mql", by=person, override=True)
    assert (error.field, len(error.missing)) == ("reason", 2)
    event = stages.move(lead, "mql", at=LATER, by=person, override=True, reason="Known from the fair")
    event.refresh_from_db()
    assert event.unmet == ["company size is at least 50", "country is FR"]
    assert event.reason == "Known from the fair"


def test_a_rep_may_not_override(rep):
    define(mql=BIG)
    error = refusal(make_lead(), "mql", by=rep, override=True, reason="I know better")
    assert (error.field, error.missing) == ("override", ["company size is at least 50"])


def test_nobody_may_not_override():
    define(mql=BIG)
    assert refusal(make_lead(), "mql", override=True, reason="Because").field == "override"


def test_an_override_of_nothing_leaves_no_trace(manager):
    define(mql=BIG)
    assert stages.move(make_lead(company_size=99), "mql", at=LATER, by=manager, override=True).unmet == []


# Automatic stages


def promote(leads=None, at=LATER, **more):
    count = stages.promote(leads, at, **more)
    assert milestones.stale() == 0
    return count


def test_leads_that_meet_an_automatic_stage_come_to_it():
    version = define(mql=auto(BIG))
    big, small = make_lead(company_size=50), make_lead(company_size=49)
    assert promote() == 1
    event = StageEvent.objects.get()
    assert (event.lead, event.stage, event.from_stage, event.rule) == (big, "mql", "lead", "mql")
    assert (event.at, event.by, event.definition) == (LATER, None, version)
    assert history(small) == []
    assert promote() == 0


def test_manual_stages_promote_nobody():
    define(mql=BIG, sal={"when": None, "mode": "manual"})
    make_lead(company_size=50)
    assert promote() == 0


def test_a_condition_of_nothing_holds_for_everybody():
    define(mql=auto(None))
    make_lead()
    assert promote() == 1


def test_a_lead_may_climb_several_rungs_at_once():
    define(mql=auto(BIG), sal=auto(ask("stage", "eq", "mql")), sql=auto(FRENCH))
    lead = make_lead(company_size=50, country="FR")
    half = make_lead(company_size=50)
    assert promote() == 5
    assert history(lead) == [("lead", "mql", "mql"), ("mql", "sal", "sal"), ("sal", "sql", "sql")]
    assert history(half) == [("lead", "mql", "mql"), ("mql", "sal", "sal")]
    assert len(set(lead.stage_events.values_list("at", flat=True))) == 3


def test_a_rule_may_skip_rungs():
    define(mql=BIG, sql=auto(FRENCH))
    lead = make_lead(country="FR")
    promote()
    assert history(lead) == [("lead", "sql", "sql")]
    lead.refresh_from_db()
    assert (lead.mql_at, lead.sal_at, lead.sql_at, lead.opportunity_at) == (LATER, LATER, LATER, None)


@pytest.mark.parametrize(
    ("here", "rises"),
    [
        ("lead", True),
        ("mql", True),
        ("sal", False),
        ("sql", False),
        ("opportunity", False),
        ("customer", False),
        ("rejected", False),
        ("recycled", False),
        ("disqualified", False),
    ],
)
def test_only_leads_below_a_rung_rise_to_it(here, rises):
    define(sal=auto())
    lead = make_lead_at(here)
    assert promote() == rises
    assert StageEvent.objects.filter(lead=lead, from_stage=here, rule="sal").exists() == rises


def test_a_deal_keeps_a_lead_from_falling_back_to_a_rung():
    define(sql=auto())
    make_opportunity(make_lead(), NOON)
    milestones.rebuild()
    assert promote() == 0


def test_a_recycled_lead_rises_again_from_its_day_on(rep):
    define(mql=auto())
    lead = make_lead()
    stages.move(lead, "recycled", at=LATER, by=rep, returns_at=BACK)
    assert promote(at=BACK - timedelta(microseconds=1)) == 0
    assert promote(at=BACK) == 1
    assert history(lead)[-1] == ("recycled", "mql", "mql")


def test_the_last_recycling_says_when_a_lead_comes_back(rep):
    define(mql=auto(BIG))
    lead = make_lead(company_size=50)
    stages.move(lead, "recycled", at=LATER, by=rep, returns_at=BACK)
    stages.move(lead, "mql", at=LATER + timedelta(hours=1), by=rep)
    stages.move(lead, "recycled", at=LATER + timedelta(hours=2), by=rep, returns_at=BACK + timedelta(days=9))
    assert promote(at=BACK) == 0
    assert promote(at=BACK + timedelta(days=9)) == 1


@pytest.mark.parametrize("status", ["spam", "test", "merged"])
def test_leads_that_do_not_count_are_not_promoted(status):
    define(mql=auto())
    make_lead(status=status, merged_into=make_lead(created_at=BACK) if status == "merged" else None)
    assert promote() == 0


def test_a_lead_of_the_future_is_not_promoted():
    define(mql=auto())
    make_lead(created_at=LATER + timedelta(seconds=1))
    assert promote() == 0


def test_only_the_leads_asked_for_are_promoted():
    define(mql=auto())
    one, other = make_lead(), make_lead()
    assert promote(Lead.objects.filter(pk=one.pk).order_by("-pk")) == 1
    assert history(other) == []
    assert promote(Lead.objects.none()) == 0


def test_promotion_tells_how_far_it_is(monkeypatch):
    monkeypatch.setattr(stages.events, "CHUNK", 2)
    define(mql=auto(), sal=auto(BIG))
    for size in (1, 2, 50):
        make_lead(company_size=size)
    told = []
    promote(tell=lambda done, total: told.append((done, total)))
    assert told[:2] == [(2, 3), (3, 3)]
    assert told[-1][0] == told[-1][1]


def test_promotion_asks_no_more_for_many_leads_than_for_two():
    define(mql=auto(BIG), sal=auto(CALLED))
    counts = []
    for number in (2, 40):
        for _ in range(number):
            make_attempt(make_lead(company_size=50), NOON)
        milestones.rebuild()
        with CaptureQueriesContext(connection) as asked:
            assert stages.promote(None, LATER) == 2 * number
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_promotion_follows_a_move_made_by_a_later_clock(rep):
    define(sql=auto(ask("stage", "eq", "sal")))
    lead = make_lead_at("mql")
    stages.move(lead, "sal", at=LATER + timedelta(seconds=3), by=rep)
    stages.promote(Lead.objects.filter(pk=lead.pk), LATER)
    stages.promote(Lead.objects.filter(pk=lead.pk), LATER + timedelta(seconds=3))
    events = lead.stage_events.order_by("at").values_list("from_stage", "stage")
    assert list(events)[1:] == [("mql", "sal"), ("sal", "sql")]
