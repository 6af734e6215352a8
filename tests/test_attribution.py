"""Who earned a won deal: each model on paths small enough to reckon by hand."""

from decimal import Decimal

import pytest

from kpis import listings
from kpis.attribution import MODELS, Context, Conversion, Step, credit
from kpis.markov import Chain
from leads.models import Campaign, Touch
from tests.kpi_helpers import at, channel, deal, lead, rows, workspace

CREATED, OPENED, CLOSED = "2026-01-11", "2026-01-21", "2026-01-31"


def credits(model, *path, amount=100, **context):
    """Return what a model credits for (day of January, channel) touches."""
    conversion = Conversion(
        amount=Decimal(amount),
        channel="own",
        created_at=at(CREATED),
        opened_at=at(OPENED),
        closed_at=at(CLOSED),
        path=[Step(at(f"2026-01-{day:02}"), key) for day, key in path],
    )
    found = credit(conversion, model, Context(**context))
    assert sum(found.values()) == amount
    return {key: pytest.approx(float(part), rel=1e-12) for key, part in found.items()}


def test_the_leads_own_channel_takes_all_by_default():
    assert credits("lead_source", (1, "ads"), (2, "mail")) == {"own": 100}


def test_first_and_last_touch_take_all():
    path = ((1, "ads"), (2, "mail"), (3, "fairs"))
    assert credits("first", *path) == {"ads": 100}
    assert credits("last", *path) == {"fairs": 100}


def test_direct_visits_are_passed_over_unless_there_is_nothing_else():
    direct = frozenset({"typed", "typed-too"})
    path = ((1, "ads"), (2, "mail"), (3, "typed"))
    assert credits("last_non_direct", *path, direct=direct) == {"mail": 100}
    assert credits("last_non_direct", (1, "typed"), (2, "typed-too"), direct=direct) == {"typed-too": 100}


def test_every_touch_has_an_equal_part_in_linear_and_the_last_takes_the_remainder():
    assert credits("linear", (1, "ads"), (2, "mail"), (3, "ads"), (4, "fairs")) == {
        "ads": 50,
        "mail": 25,
        "fairs": 25,
    }
    assert credits("linear", (1, "a"), (2, "b"), (3, "c")) == dict.fromkeys("abc", 100 / 3)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", {"a": 100}),
        ("ab", {"a": 50, "b": 50}),
        ("abc", {"a": 40, "b": 20, "c": 40}),
        ("abcd", {"a": 40, "b": 10, "c": 10, "d": 40}),
    ],
)
def test_u_shaped_stresses_both_ends(path, expected):
    assert credits("u_shaped", *enumerate(path, 1)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        # first, last up to creation on the 11th, last up to opening on the 21st, the rest
        (((1, "a"), (11, "b"), (21, "c"), (22, "d")), {"a": 30, "b": 30, "c": 30, "d": 10}),
        (((1, "a"), (5, "b"), (11, "c"), (15, "d"), (21, "e")), {"a": 30, "c": 30, "e": 30, "b": 5, "d": 5}),
        (((1, "a"), (12, "b"), (22, "c")), {"a": 60, "b": 30, "c": 10}),  # a is first and last up to creation
        (((1, "a"), (22, "b")), {"a": 90, "b": 10}),  # a has all three roles
        (((1, "a"), (12, "b")), {"a": 200 / 3, "b": 100 / 3}),  # no rest: 60 and 30 of 90
        (((12, "a"), (21, "b"), (22, "c")), {"a": 300 / 7, "b": 300 / 7, "c": 100 / 7}),  # none at creation
        (((22, "a"), (23, "b")), {"a": 75, "b": 25}),  # only the first: 30 and 10 of 40
        (((22, "a"),), {"a": 100}),
    ],
)
def test_w_shaped_gives_each_role_its_part_and_scales_what_is_missing(path, expected):
    assert credits("w_shaped", *path) == expected


def test_a_touch_loses_half_its_weight_with_every_half_life_before_closing():
    path = ((17, "ads"), (24, "mail"), (31, "fairs"))  # two, one and no half-lives: 1/4, 1/2, 1
    assert credits("time_decay", *path, amount=70) == {"ads": 10, "mail": 20, "fairs": 40}
    path = ((29, "ads"), (31, "mail"))
    assert credits("time_decay", *path, amount=30, half_life=Decimal(2)) == {"ads": 10, "mail": 20}


def chain(*paths):
    made = Chain()
    for path, converts in paths:
        made.add(path, converts=converts)
    return made


def test_markov_divides_by_what_would_be_lost_without_a_channel():
    known = chain((["a", "b"], True), (["a"], False), (["b"], False))
    # from the start to a 2/3 and b 1/3, from a to b 1/2, from b to won 1/2: in all 1/3; without a 1/6
    assert known.removal_effect("a") == pytest.approx(0.5)
    assert known.removal_effect("b") == pytest.approx(1)
    assert credits("markov", (1, "a"), (2, "b"), amount=90, chain=known) == {"a": 30, "b": 60}


def test_markov_counts_a_channel_once_however_often_it_was_touched():
    known = chain((["a", "b", "a"], True), (["b"], False))
    assert credits("markov", (1, "a"), (2, "b"), (3, "a"), chain=known).keys() == {"a", "b"}


def test_markov_divides_equally_where_nothing_would_be_lost():
    known = chain((["x"], True))
    assert credits("markov", (1, "a"), (2, "b"), chain=known) == {"a": 50, "b": 50}


@pytest.mark.django_db
class TestPaths:
    """Paths as they are read from the database."""

    @pytest.fixture(autouse=True)
    def _workspace(self):
        workspace()

    def touch(self, made, when, chosen, campaign=None):
        return Touch.objects.create(lead=made, at=at(when), channel=chosen, campaign=campaign)

    def earned(self, model):
        found = rows("lead_source_roi", "channel", attribution=model)
        return {key: gain for key, (gain, cost) in found.items()}

    def test_touches_count_from_before_creation_up_to_closing(self):
        ads, mail, fairs = channel("ads"), channel("mail"), channel("fairs")
        made = lead("2026-01-15", channel=fairs)
        deal(made, 100, won="2026-02-01 12:00")
        self.touch(made, "2025-12-01", ads)
        self.touch(made, "2026-02-01 12:00:00", mail)
        self.touch(made, "2026-02-01 12:00:01", fairs)
        assert self.earned("first") == {"ads": 100}
        assert self.earned("last") == {"mail": 100}
        assert self.earned("lead_source") == {"fairs": 100}

    def test_without_touches_the_leads_own_channel_takes_all(self):
        deal(lead(channel=channel("ads")), 100, won="2026-02-01")
        deal(lead(), 10, won="2026-02-01")
        for model in MODELS:
            assert self.earned(model) == {"ads": 100, "(none)": 10}, model

    def test_touches_of_one_instant_go_by_channel_then_campaign(self):
        ads, mail = channel("ads"), channel("mail")
        made = lead()
        deal(made, 100, won="2026-02-01")
        self.touch(made, "2026-01-20", mail)
        self.touch(made, "2026-01-20", ads, Campaign.objects.create(key="b", name="B", channel=ads))
        assert self.earned("first") == {"ads": 100}
        assert self.earned("last") == {"mail": 100}

    def test_the_chain_knows_leads_that_bought_nothing(self):
        ads, mail = channel("ads"), channel("mail")
        winner, loser = lead(), lead()
        lead(channel=mail)  # never touched: its own channel led nowhere
        deal(winner, 90, won="2026-02-01")
        self.touch(winner, "2026-01-20", ads)
        self.touch(winner, "2026-01-21", mail)
        self.touch(loser, "2026-01-20", ads)
        assert self.earned("markov") == {"ads": 30, "mail": 60}

    def test_credits_of_every_model_sum_to_what_was_won(self):
        made = lead(channel=channel("ads"))
        deal(made, 100, won="2026-02-01")
        self.touch(made, "2026-01-20", channel("mail"))
        found = listings.credits(None, None, at("2026-03-01"))
        assert found["total"] == 100
        expected = {model: {"ads" if model == "lead_source" else "mail": 100} for model in MODELS}
        assert found["models"] == expected
