"""From a form to a condition and back: nothing is lost, and each button does what it says."""

import json

import pytest
from django.template.loader import render_to_string
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads import conditions
from leads.conditions import ConditionError, where
from leads.conditions.fields import FIELDS
from leads.definitions import editing
from leads.definitions.editing import Action, condition
from leads.models import Lead
from leads.views.editor import reading
from leads.views.editor.choices import GROUPS, Choices
from leads.views.editor.parts import StagePart
from tests.condition_helpers import ask, viewed
from tests.editor_helpers import sent_by
from tests.factories import NOON, make_event, make_lead

pytestmark = pytest.mark.django_db

SCORE = ask("score", "gte", 50)
COUNTRY = ask("country", "in", ["Ireland", "Norway"])
STUDENT = ask("job_title", "contains", "student")


def drawn(raw):
    root = reading.rows(raw, "stages.mql.when", [], frozenset(), Choices())
    context = {"row": root, "part": StagePart("mql"), "editable": True, "outer": True}
    return render_to_string(root.template, context)


def changed(raw, do="", inputs=None):
    """Post a condition as it is drawn, with other values in some inputs, after a button's action."""
    return condition(sent_by(drawn(raw)) | (inputs or {}), Action.read(do))


@pytest.mark.parametrize(
    "raw",
    [
        {"all": [SCORE, COUNTRY]},
        {"any": [SCORE, {"all": [COUNTRY, STUDENT]}]},
        {"all": [SCORE, {"not": {"any": [STUDENT, COUNTRY]}}]},
        {"all": [{"not": {"all": [STUDENT, COUNTRY]}}]},
        {"not": STUDENT},
        {"not": {"not": STUDENT}},
        {"not": {"not": {"all": [STUDENT, SCORE]}}},
        {"not": {"any": []}},
        {"any": []},
        SCORE,
        viewed("count_gte", 2, 14),
        viewed("count_lt", 1),
        {"all": [ask("company_size", "between", [20, 50.5]), ask("phone", "is_set")]},
        {"all": [ask("country", "eq", ""), ask("country", "not_in", []), ask("company_size", "in", [1, 2])]},
        {"all": [ask("free_email", "eq", False), ask("created_at", "gte", "2026-01-01T10:00")]},
        {"all": [ask("job_title", "eq", "  two  spaces "), ask("job_title", "eq", "two\nlines")]},
        {"all": [ask("channel", "eq", "gone"), ask("stage", "in", ["sal", "sql"])]},
    ],
)
def test_a_condition_that_is_drawn_and_posted_stays_as_it_was(raw):
    assert changed(raw) == raw


def test_what_a_person_wrote_by_hand_and_no_widget_shows_is_kept():
    odd = {"all": [{"field": "country", "op": "eq", "value": {"a": 1}}, {"some": "thing"}, 5]}
    assert changed(odd) == odd


def test_what_was_typed_wrongly_is_kept_to_be_put_right():
    raw = {"all": [ask("score", "gte", "fifty")]}
    assert changed(raw) == raw
    assert changed(raw, inputs={"c.0.value": "55"}) == {"all": [ask("score", "gte", 55)]}


TEXTS = st.text(max_size=8).filter(lambda text: text.isprintable() or text == "\n")
NUMBERS = st.one_of(st.integers(-1000, 1000), st.floats(-1e6, 1e6, allow_nan=False))
TESTS = st.one_of(
    st.builds(ask, st.just("country"), st.sampled_from(["eq", "ne", "contains"]), TEXTS),
    st.builds(ask, st.just("industry"), st.sampled_from(["in", "not_in"]), st.lists(TEXTS, max_size=3)),
    st.builds(ask, st.sampled_from(["score", "attempts"]), st.sampled_from(["gte", "lt", "eq"]), NUMBERS),
    st.builds(ask, st.just("company_size"), st.just("between"), st.lists(NUMBERS, min_size=2, max_size=2)),
    st.builds(ask, st.sampled_from(["country", "score", "owner"]), st.sampled_from(["is_set", "is_blank"])),
    st.builds(ask, st.just("free_email"), st.just("eq"), st.booleans()),
    st.builds(ask, st.just("created_at"), st.just("lt"), st.sampled_from(["2026-03-01", "2026-03-02T12"])),
    st.builds(viewed, st.sampled_from(["count_gte", "count_lt"]), st.integers(0, 3), st.none() | NUMBERS),
)  # fmt: skip
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
        st.just({}),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(CONDITIONS)
def test_every_valid_condition_means_the_same_after_a_round_through_the_form(raw):
    try:
        conditions.check(raw)
    except ConditionError:
        return
    after = changed(raw)
    conditions.check(after)
    if not Lead.objects.exists():
        for country, size in (("Ireland", 30), ("", None), ("a", 0)):
            lead = make_lead(country=country, company_size=size, job_title=country, score=size)
            make_event(lead, "pricing_view", NOON)
    met = [set(Lead.objects.filter(where(each, NOON)).values_list("pk", flat=True)) for each in (raw, after)]
    assert met[0] == met[1]
    assert conditions.sentence(raw) == conditions.sentence(after)


def test_every_field_of_the_language_is_offered_once():
    offered = [field for fields in GROUPS.values() for field in fields]
    assert sorted(offered) == sorted(FIELDS)


def test_a_new_condition_is_unfinished_until_a_field_is_chosen():
    added = changed({"all": [SCORE]}, "add c")
    assert added == {"all": [SCORE, {"field": ""}]}
    assert changed(added) == added
    assert "Choose a field" in drawn(added)


def test_a_chosen_field_brings_an_operation_that_fits_it():
    raw = {"all": [{"field": ""}]}
    assert changed(raw, inputs={"c.0.field": "country"}) == {"all": [{"field": "country", "op": "in"}]}
    assert changed({"all": [SCORE]}, inputs={"c.0.field": "company_size"}) == {
        "all": [{"field": "company_size", "op": "gte"}]
    }


def test_a_number_becomes_behaviour_that_happened_at_least_once():
    turned = changed({"all": [SCORE]}, inputs={"c.0.field": editing.EVENT})
    assert turned == {"all": [{"event": "", "op": "count_gte", "value": 1}]}
    filled = {"c.0.event": "webinar", "c.0.value": "2", "c.0.within": "30"}
    assert changed(turned, inputs=filled) == {
        "all": [{"event": "webinar", "op": "count_gte", "value": 2, "within_days": 30}]
    }


def test_values_are_added_once_and_taken_one_by_one():
    raw = {"all": [COUNTRY]}
    more = changed(raw, inputs={"c.0.new": " Spain "})
    assert more["all"][0]["value"] == ["Ireland", "Norway", "Spain"]
    assert changed(more, inputs={"c.0.new": "Spain"}) == more
    assert changed(more, "take c.0 1")["all"][0]["value"] == ["Ireland", "Spain"]
    assert changed({"all": [ask("country", "in", ["Ireland"])]}, "take c.0 0") == {
        "all": [{"field": "country", "op": "in"}]
    }


def test_an_operation_for_one_value_keeps_the_first_of_many_and_the_other_way_round():
    one = changed({"all": [COUNTRY]}, inputs={"c.0.op": "eq"})
    assert one == {"all": [ask("country", "eq", "Ireland")]}
    assert changed(one, inputs={"c.0.op": "not_in"}) == {"all": [ask("country", "not_in", ["Ireland"])]}
    assert changed(one, inputs={"c.0.op": "is_blank"}) == {"all": [ask("country", "is_blank")]}
    pair = changed({"all": [ask("company_size", "gte", 20)]}, inputs={"c.0.op": "between"})
    assert pair == {"all": [ask("company_size", "between", [20, None])]}


def test_groups_are_added_with_a_condition_in_them_and_change_their_kind():
    raw = changed({"all": [SCORE]}, "group c")
    assert raw == {"all": [SCORE, {"any": [{"field": ""}]}]}
    none = changed({"all": [SCORE, {"any": [STUDENT, COUNTRY]}]}, inputs={"c.1.kind": "none"})
    assert none == {"all": [SCORE, {"not": {"any": [STUDENT, COUNTRY]}}]}
    assert changed(none, inputs={"c.1.kind": "not_all"})["all"][1] == {"not": {"all": [STUDENT, COUNTRY]}}
    assert changed(none, inputs={"c.1.kind": "all"})["all"][1] == {"all": [STUDENT, COUNTRY]}
    assert changed({"not": STUDENT}, inputs={"c.kind": "any"}) == {"any": [STUDENT]}


def test_lines_are_moved_and_removed():
    raw = {"all": [SCORE, COUNTRY, {"any": [STUDENT, SCORE]}]}
    assert changed(raw, "down c.0")["all"][:2] == [COUNTRY, SCORE]
    assert changed(raw, "up c.0") == raw
    assert changed(raw, "up c.2.1")["all"][2] == {"any": [SCORE, STUDENT]}
    assert changed(raw, "drop c.2.0")["all"][2] == {"any": [SCORE]}
    assert changed(raw, "drop c.2") == {"all": [SCORE, COUNTRY]}
    assert changed(raw, "drop c.9") == raw


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"c.kind": "all", "c.size": "99999999999999999999"},
        {"c.kind": "all", "c.size": "-1"},
        {"c.kind": "nonsense", "c.size": "1", "c.0.field": "nonsense", "c.0.op": "x"},
        {"c.raw": "{"},
        {"c.raw": "[" * 100_000},
        {"c.raw": '"a\\u0000b\\ud800"'},
        {"c.field": "score", "c.was": "score", "c.op": "gte", "c.value": "9" * 9000},
    ],
)
def test_whatever_is_posted_becomes_json_that_can_be_stored_and_drawn(data):
    made = condition(data, Action.read("take c.0 99999999999 drop"))
    assert "\\u0000" not in json.dumps(made)
    assert "\\ud800" not in json.dumps(made)
    drawn(made)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        (" -3 ", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        ("1_000", "1_000"),
        ("7,5", "7,5"),
        ("nan", "nan"),
        ("١", "١"),
    ],
)
def test_a_number_is_read_where_one_is_written(text, value):
    assert editing.number(text) == value
