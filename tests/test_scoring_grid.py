"""Fit by engagement: A1 to C3, each figure worked out by hand."""

import pytest

from leads.models import Lead, Workspace
from leads.scoring import grid
from leads.scoring.model import read
from tests.condition_helpers import ask
from tests.factories import NOON, make_event, make_lead

pytestmark = pytest.mark.django_db


def fit(points, country=None, category="demographic", slug=None):
    when = ask("country", "eq", country) if country else None
    return {"slug": slug or f"{category}-{points}", "category": category, "when": when, "points": points}


def per_view(points, **extra):
    return {
        "slug": f"views-{points}",
        "category": "behavioural",
        "per_event": "view",
        "points": points,
        **extra,
    }


def model(*rules, **parts):
    return {"rules": list(rules), **parts}


def most(*rules, **parts):
    """Return the most fit and engagement can reach."""
    return tuple(axis.most for axis in grid.axes(read(model(*rules, **parts))))


def cell(lead, *rules, **parts):
    found = grid.cell(lead, model(*rules, **parts), NOON)
    return found.name, found.fit, found.engagement


@pytest.fixture
def lead():
    Workspace.objects.create(pk=1, name="Acme")
    return make_lead(key="N1", country="France")


# how far an axis reaches


def test_an_axis_reaches_what_its_rules_can_give_together():
    rules = fit(10), fit(-50), fit(15, category="firmographic"), fit(7, category="behavioural")
    assert most(*rules, per_view(5, max=12)) == (25, 19)


def test_a_cap_and_a_weight_hold_what_a_category_reaches():
    rules = fit(30), fit(25), fit(20, category="firmographic"), per_view(5, max=60)
    assert most(*rules, caps={"demographic": 40, "behavioural": 50}) == (60, 50)
    weights = {"demographic": 0.5, "behavioural": 1.5}
    assert most(*rules, caps={"demographic": 40}, weights=weights) == (40, 90)
    assert most(*rules, weights={"demographic": 0, "firmographic": 0, "behavioural": 0}) == (0, 0)


def test_a_rule_per_event_without_a_maximum_reaches_100():
    assert most(per_view(1)) == (0, 100)
    assert most(per_view(1), weights={"behavioural": 0.5}) == (0, 50)
    assert most(per_view(1), caps={"behavioural": 40}) == (0, 40)


def test_no_axis_reaches_more_than_100():
    assert most(fit(90), fit(90, category="firmographic"), per_view(1), per_view(2)) == (100, 100)


def test_rules_that_take_points_reach_nothing():
    assert most(fit(-10), per_view(-5, max=20), per_view(-1)) == (0, 0)


# the steps


@pytest.mark.parametrize(
    ("points", "step"), [(0, "C"), (9, "C"), (10, "B"), (19, "B"), (20, "A"), (30, "A"), (-5, "C")]
)
def test_a_begins_at_two_thirds_and_b_at_one_third(lead, points, step):
    """The most is 30: 10 and 20 are its thirds."""
    rest = [fit(30 - max(points, 0), "Spain", "firmographic")] if points < 30 else []
    assert cell(lead, fit(points), *rest, per_view(1))[0] == f"{step}3"


def test_steps_begin_at_whole_points():
    """Of 50 the thirds are 16.67 and 33.33: 2 begins at 17, 1 at 34."""
    _, axis = grid.axes(read(model(per_view(1, max=50))))
    assert (axis.high, axis.middle) == (34, 17)
    _, axis = grid.axes(read(model(per_view(1, max=0.3), per_view(2, max=29.7))))  # 30, not a hair more
    assert (axis.high, axis.middle) == (20, 10)


def test_the_step_goes_by_the_points_as_they_are_shown(lead):
    make_event(lead, "view", NOON)
    assert cell(lead, per_view(19.5, max=30)) == ("–1", 0, 20)
    assert cell(lead, per_view(19.4, max=30)) == ("–2", 0, 19)


def test_fit_is_the_person_and_the_company_and_engagement_what_they_do(lead):
    """Fit 0.5 × 12 + 8 = 14 of 0.5 × 12 + 18 = 24, where A begins at 16; engagement 2 × 7 = 14 of 14."""
    for _ in range(2):
        make_event(lead, "view", NOON)
    rules = fit(12), fit(8, category="firmographic"), fit(10, "Spain", "firmographic"), per_view(7, max=14)
    assert cell(lead, *rules, weights={"demographic": 0.5}) == ("B1", 14, 14)


def test_a_cap_holds_the_points_before_they_are_weighed(lead):
    rules = fit(30), fit(10, "Spain", "firmographic")
    assert cell(lead, *rules, caps={"demographic": 20}, weights={"demographic": 2}) == ("A–", 40, 0)


def test_an_axis_without_rules_has_no_step(lead):
    assert cell(lead) == ("––", 0, 0)
    assert cell(lead, fit(10)) == ("A–", 10, 0)


def test_points_below_zero_are_shown_as_none(lead):
    assert cell(lead, fit(-20), fit(5, "Spain", "firmographic")) == ("C–", 0, 0)


# many leads


def test_leads_are_counted_by_cell(lead):
    spanish = make_lead(country="Spain")
    make_lead(country="Spain")
    make_event(spanish, "view", NOON)
    definition = model(fit(30, "France"), per_view(10, max=10))
    assert grid.counts(Lead.objects.all(), definition, NOON) == {"A3": 1, "C1": 1, "C3": 1}
    assert grid.counts(Lead.objects.filter(country="Spain"), definition, NOON) == {"C1": 1, "C3": 1}
    assert grid.counts(Lead.objects.none(), definition, NOON) == {}


def test_leads_can_be_narrowed_to_a_cell(lead):
    make_lead(country="Spain")
    rows = grid.placed(Lead.objects.all(), model(fit(30, "France"), per_view(1)), NOON)
    assert [row.key for row in rows.filter(cell="A3")] == ["N1"]


def test_many_leads_are_placed_in_one_question(lead, django_assert_num_queries):
    for _ in range(20):
        make_lead()
    with django_assert_num_queries(1):
        grid.counts(Lead.objects.all(), model(fit(30, "France"), per_view(1)), NOON)
