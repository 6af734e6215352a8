"""Conditions as a language: what is refused, how large one may be, how it reads."""

import pytest
from django.db.models import Case, F, When

from leads.conditions import ConditionError, check, sentence, where
from leads.models import Lead
from tests.condition_helpers import alternating, ask, viewed
from tests.factories import NOON, make_lead

# refusals


@pytest.mark.parametrize(
    ("condition", "path", "message"),
    [
        ([], "", "must be an object"),
        ("country", "", "must be an object"),
        ({"every": []}, "", "needs one of all, any, not, field, event"),
        ({"all": {}}, "all", "must be a list of conditions"),
        ({"all": [], "any": []}, "any", "is not known here"),
        ({"all": [None]}, "all[0]", "must be an object"),
        ({"not": []}, "not", "must be an object"),
        ({"all": [{}, {"any": [ask("nose", "eq", "x")]}]}, "all[1].any[0].field", "'nose' is not a field"),
        (ask("merged_into", "eq", "x"), "field", "'merged_into' is not a field"),
        (ask(["country"], "eq", "x"), "field", "is not a field"),
        (ask("country", "is", "x"), "op", "must be one of contains, ends_with, eq"),
        ({"field": "country"}, "op", "must be one of"),
        (ask("country", ["eq"], "x"), "op", "must be one of"),
        (ask("country", "gt", "x"), "op", "must be one of"),
        (ask("company_size", "contains", 5), "op", "must be one of"),
        (ask("tags", "starts_with", "x"), "op", "must be one of"),
        (ask("free_email", "in", [True]), "op", "must be one of eq, is_blank, is_set, ne"),
        (ask("country", "eq"), "value", "must be text"),
        (ask("country", "eq", 5), "value", "must be text"),
        (ask("country", "eq", ["x"]), "value", "must be text"),
        (ask("country", "in", "x"), "value", "must be a list"),
        (ask("country", "in", ["x", 5]), "value[1]", "must be text"),
        (ask("country", "is_set", "x"), "value", "take no value"),
        (ask("country", "is_blank", False), "value", "take no value"),
        (ask("country", "eq", "x\0"), "value", "holds a character that is not text"),
        (ask("country", "eq", "\ud800"), "value", "holds a character that is not text"),
        (ask("country", "eq", "x" * 1001), "value", "at most 1000 characters"),
        (ask("tags", "eq", "a;b"), "value", "must be one tag"),
        (ask("tags", "in", [""]), "value[0]", "must be one tag"),
        (ask("company_size", "eq", "50"), "value", "must be a number"),
        (ask("company_size", "eq", True), "value", "must be a number"),
        (ask("company_size", "gte", float("nan")), "value", "must be between"),
        (ask("company_size", "gte", float("inf")), "value", "must be between"),
        (ask("company_size", "gte", 10**400), "value", "must be between"),
        (ask("company_size", "between", [1]), "value", "two values"),
        (ask("company_size", "between", 5), "value", "must be a list"),
        (ask("company_size", "between", [1, "2"]), "value[1]", "must be a number"),
        (ask("age_days", "gte", 10**6), "value", "must be between -100,000 and 100,000"),
        (ask("created_at", "gte", 2026), "value", "must be a date or time"),
        (ask("created_at", "gte", "yesterday"), "value", "is not an ISO 8601 time"),
        (ask("created_at", "gte", "2026-02-30"), "value", "is not an ISO 8601 time"),
        (ask("free_email", "eq", "yes"), "value", "must be true or false"),
        (ask("free_email", "eq", 1), "value", "must be true or false"),
        ({**ask("country", "eq", "x"), "within_days": 3}, "within_days", "is not known here"),
        ({"event": "x", "op": "gte", "value": 1}, "op", "must be count_gte or count_lt"),
        ({"event": "x", "op": "count_gte"}, "value", "must be a number"),
        ({"event": "x", "op": "count_gte", "value": -1}, "value", "must be between 0"),
        ({"event": "x", "op": "count_gte", "value": 1.5}, "value", "must be a whole number"),
        ({"event": "x", "op": "count_gte", "value": True}, "value", "must be a number"),
        ({"event": "", "op": "count_gte", "value": 1}, "event", "must not be blank"),
        ({"event": 5, "op": "count_gte", "value": 1}, "event", "must be text"),
        (
            {"event": "x", "op": "count_gte", "value": 1, "within_days": "7"},
            "within_days",
            "must be a number",
        ),
        (
            {"event": "x", "op": "count_gte", "value": 1, "within_days": -1},
            "within_days",
            "must be between 0",
        ),
        ({"event": "x", "op": "count_gte", "value": 1, "field": "country"}, "event", "is not known here"),
    ],
)
def test_what_is_wrong_is_refused_by_its_path(condition, path, message):
    with pytest.raises(ConditionError) as refusal:
        check(condition)
    assert refusal.value.path == path
    assert message in str(refusal.value)
    with pytest.raises(ConditionError):
        where(condition, NOON)


def test_fields_can_be_forbidden():
    condition = {"any": [ask("country", "eq", "x"), {"not": ask("score", "gte", 5)}]}
    check(condition)
    with pytest.raises(ConditionError) as refusal:
        check(condition, forbid=frozenset({"score", "stage"}))
    assert refusal.value.path == "any[1].not.field"


def nested(levels):
    condition = ask("country", "eq", "France")
    for _ in range(levels):
        condition = {"not": condition}
    return condition


def test_a_condition_that_is_too_deep_or_too_large_is_refused():
    for condition in (
        nested(12),
        nested(5_000),
        {"all": [ask("country", "ne", "x")] * 101},
        {"all": [{"any": [ask("country", "ne", "x")] * 60}] * 2},
        ask("country", "in", ["x"] * 1_001),
        {"any": [ask("country", "in", [f"{n}" for n in range(900)])] * 3},
        ask("company_size", "in", list(range(101))),
    ):
        with pytest.raises(ConditionError):
            check(condition)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "condition",
    [
        nested(11),
        alternating(12, ask("stage", "ne", "mql")),
        alternating(12, ask("channel", "ne", "x")),
        {"all": [ask("company", "not_in", ["x"])] * 100},
        {"not": {"any": [ask("channel", "contains", "x")] * 100}},
        {"any": [ask("age_days", "in", list(range(1, 101)))] * 10},
        {"any": [{"all": [viewed("count_gte", 2, 7), ask("stage", "eq", "mql")]}] * 25},
        {"all": [{"any": [{"all": [ask("company_size", "between", [1, 9])] * 10}] * 10}]},
    ],
    ids=["deep", "deep stage", "deep reference", "texts", "references", "ages", "facts", "numbers"],
)
def test_the_largest_conditions_still_run(condition):
    make_lead(country="France")
    check(condition)
    met = where(condition, F("created_at"))
    Lead.objects.exclude(met).annotate(met=Case(When(met, then=1))).filter(met=1).update(score=5)


# in English


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (None, "always"),
        ({"any": []}, "never"),
        (
            {
                "all": [
                    ask("company_size", "gte", 50),
                    ask("country", "in", ["France", "Germany"]),
                    {"not": {"any": [ask("free_email", "eq", True), ask("tags", "eq", "student")]}},
                ]
            },
            "company size is at least 50 and country is France or Germany"
            " and not (e-mail domain is a free provider's or tags include student)",
        ),
        (
            {
                "all": [
                    ask("stage", "ne", "lead"),
                    {"any": [ask("score", "gt", 60), viewed("count_gte", 3, 7)]},
                ]
            },
            "stage is other than lead and"
            " (score is more than 60 or at least 3 pricing view events in the last 7 days)",
        ),
        (viewed("count_lt", 1), "fewer than 1 pricing view event ever"),
        (
            ask("created_at", "between", ["2026-01-01", "2026-02-01"]),
            "creation is between 2026-01-01 and 2026-02-01",
        ),
        (ask("created_at", "lt", "2026-01-01"), "creation is before 2026-01-01"),
        (ask("owner", "is_blank"), "owner is blank"),
        (ask("free_email", "ne", True), "e-mail domain is not a free provider's"),
        (ask("tags", "not_in", ["a", "b"]), "tags are filled and do not include a or b"),
        (ask("country", "in", []), "country is nothing"),
        (
            {"any": [ask("country", "eq", "x"), {"all": [ask("region", "is_set")]}]},
            "country is x or region is filled",
        ),
    ],
)
def test_it_reads_as_a_sentence(condition, words):
    assert sentence(condition) == words
