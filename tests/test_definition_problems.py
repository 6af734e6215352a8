"""What is wrong with a definition: all of it, each thing where it is; and no false alarms."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.conditions import where
from leads.definitions.contradictions import contradictions, find
from leads.definitions.key_fields import KEY_FIELD_CHOICES
from leads.definitions.problems import Problem, errors, problems
from leads.demo.definitions import workspace
from leads.models import Campaign, Channel, DefinitionSet, LandingPage, Lead, User
from tests.condition_helpers import alternating, ask, viewed
from tests.test_conditions_agree import CONDITIONS, INSTANTS, known  # noqa: F401

pytestmark = pytest.mark.django_db


def stage(when, name="mql", mode="manual"):
    return DefinitionSet(number=1, stages={name: {"when": when, "mode": mode}})


def scored(*rules, **parts):
    return DefinitionSet(number=1, scoring={"rules": list(rules), **parts})


def rule(**parts):
    return {"slug": "a", "category": "demographic", "points": 5, **parts}


def found(definition):
    return {(problem.path, problem.message) for problem in problems(definition)}


def paths(definition):
    return [problem.path for problem in problems(definition)]


def said(*parts):
    """Return what is wrong with tests that must all hold."""
    return [(problem.path, problem.message) for problem in contradictions({"all": list(parts)})]


def demo():
    company = workspace()
    LandingPage.objects.create(key="quote", name="Quote", path="/quote")
    return DefinitionSet(
        number=1,
        icp=company["icp"],
        scoring=company["scoring"],
        stages=company["stages"],
        key_fields=company["settings"]["key_fields"],
    )


def test_a_sound_definition_has_no_problems():
    assert problems(demo()) == []
    assert problems(DefinitionSet(number=1)) == []


def test_everything_wrong_is_named_at_once():
    company = demo()
    company.scoring["rules"][0] = {"slug": "", "category": "mood", "points": "ten", "when": ask("x", "eq", 1)}
    company.scoring["rules"][20]["half_life_days"] = -3
    company.scoring["rules"][21]["daily_cap"] = 0
    company.scoring["thresholds"] = {"warm": 60, "mql": 50, "sql": "high"}
    company.scoring["caps"] = {"demographic": -1, "firmographic": "x"}
    company.scoring["weights"] = {"luck": 1}
    company.stages["mql"]["when"] = {
        "all": [ask("country", "gt", 1), ask("company_size", "in", [1, "x", None])]
    }
    company.stages["sal"]["mode"] = "sometimes"
    company.icp = {"any": [ask("nose", "eq", "x"), {"event": "", "op": "count_gte", "value": -1}]}
    company.key_fields = ["email", "shoe_size", "email"]
    company.review_days = 0
    assert sorted(paths(company)) == sorted(
        [
            "scoring.rules[0].slug",
            "scoring.rules[0].category",
            "scoring.rules[0].points",
            "scoring.rules[0].when.field",
            "scoring.rules[20].half_life_days",
            "scoring.rules[21].daily_cap",
            "scoring.thresholds.mql",
            "scoring.thresholds.sql",
            "scoring.caps.demographic",
            "scoring.caps.firmographic",
            "scoring.weights.luck",
            "stages.mql.when.all[0].op",
            "stages.mql.when.all[1].value[1]",
            "stages.mql.when.all[1].value[2]",
            "stages.sal.mode",
            "icp.any[0].field",
            "icp.any[1].event",
            "icp.any[1].value",
            "key_fields[1]",
            "key_fields[2]",
            "review_days",
        ]
    )


@pytest.mark.parametrize(
    ("definition", "path", "message"),
    [
        (scored(rule(), rule()), "scoring.rules[1].slug", "'a' is there twice"),
        (scored(rule(slug="x" * 101)), "scoring.rules[0].slug", "must be at most 100 characters long"),
        (
            scored(rule(per_event="x", half_life_days=-1)),
            "scoring.rules[0].half_life_days",
            "must be between",
        ),
        (
            scored(rule(per_event="x", half_life_days=0)),
            "scoring.rules[0].half_life_days",
            "must be more than 0",
        ),
        (scored(rule(max=3)), "scoring.rules[0].max", "is for rules with per_event"),
        (scored(rule(per_event="x", when={})), "scoring.rules[0].when", "does not go with per_event"),
        (scored(rule(shoe=3)), "scoring.rules[0].shoe", "is not known here"),
        (scored({}), "scoring.rules[0].points", "must be a number"),
        (scored(3), "scoring.rules[0]", "must be an object"),
        (scored(rule(when=ask("score", "gte", 1))), "scoring.rules[0].when.field", "depend on itself"),
        (
            scored(rule(when={"any": [{"not": ask("stage", "eq", "mql")}]})),
            "scoring.rules[0].when.any[0].not.field",
            "depend on itself",
        ),
        (DefinitionSet(scoring={"rules": {}}), "scoring.rules", "must be a list"),
        (DefinitionSet(scoring=[]), "scoring", "must be an object"),
        (DefinitionSet(scoring={"mood": 1}), "scoring.mood", "is not known here"),
        (scored(*(rule(slug=f"{n}") for n in range(201))), "scoring.rules", "at most 200 rules"),
        (
            scored(thresholds={"warm": 25, "mql": 50, "sql": 50}),
            "scoring.thresholds.sql",
            "must be more than MQL, which is 50",
        ),
        (scored(thresholds={"warm": 25, "mql": 50}), "scoring.thresholds.sql", "must be a number"),
        (scored(thresholds=[25]), "scoring.thresholds", "must be an object"),
        (DefinitionSet(stages=[]), "stages", "must be an object"),
        (DefinitionSet(stages={"customer": {}}), "stages.customer", "is not known here"),
        (DefinitionSet(stages={"mql": 3}), "stages.mql", "must be an object"),
        (DefinitionSet(stages={"mql": {"wehn": None}}), "stages.mql.wehn", "is not known here"),
        (DefinitionSet(key_fields="email"), "key_fields", "must be a list"),
        (DefinitionSet(key_fields=[["email"]]), "key_fields[0]", "is not a field"),
        (DefinitionSet(icp=[]), "icp", "must be an object"),
        (DefinitionSet(icp={"some": []}), "icp", "needs one of"),
        (DefinitionSet(icp={"all": 3}), "icp.all", "must be a list"),
        (DefinitionSet(icp={"all": [], "any": []}), "icp.any", "is not known here"),
        (DefinitionSet(icp=alternating(13, ask("country", "eq", "x"))), "icp", "nested more than 12 deep"),
        (DefinitionSet(icp={"all": [ask("country", "ne", "x")] * 101}), "icp.all", "at most 100"),
        (DefinitionSet(icp=ask("country", "eq", "a\0")), "icp.value", "not text"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(definition, path, message):
    matching = [each for each in errors(definition) if each.path.startswith(path)]
    assert matching, problems(definition)
    assert message in matching[0].message


@pytest.mark.parametrize(
    ("name", "when", "path"),
    [
        ("mql", ask("stage", "eq", "mql"), "stages.mql.when.value"),
        ("mql", {"all": [{"not": ask("stage", "ne", "MQL")}]}, "stages.mql.when.all[0].not.value"),
        ("sal", {"any": [ask("stage", "in", ["mql", "sal"])]}, "stages.sal.when.any[0].value[1]"),
        ("mql", ask("stage", "in", ["sql", "customer"]), "stages.mql.when.value[0]"),
        ("sal", ask("stage", "eq", "opportunity"), "stages.sal.when.value"),
    ],
)
def test_a_stage_may_not_ask_for_itself_or_only_for_what_comes_after_it(name, when, path):
    assert [problem.path for problem in errors(stage(when, name))] == [path]


@pytest.mark.parametrize(
    ("name", "when"),
    [
        ("sal", ask("stage", "eq", "mql")),
        ("mql", ask("stage", "in", ["lead", "recycled"])),
        ("mql", {"not": ask("stage", "in", ["sal", "sql"])}),
        ("mql", ask("stage", "ne", "customer")),
        ("sql", ask("stage", "in", ["sal", "opportunity"])),
    ],
)
def test_a_stage_may_ask_for_others(name, when):
    assert problems(stage(when, name)) == []


def test_what_does_not_exist_is_only_a_warning():
    search = Channel.objects.create(key="Search", name="Search", kind="paid")
    Campaign.objects.create(key="spring", name="Spring", channel=search)
    User.objects.create_user("mia")
    definition = stage(
        {
            "all": [
                ask("channel", "in", ["SEARCH", "social"]),
                ask("campaign", "eq", "autumn"),
                {"not": ask("landing_page", "eq", "demo")},
                ask("owner", "ne", "mia"),
                ask("owner", "contains", "zoe"),
            ]
        }
    )
    assert problems(definition) == [
        Problem("stages.mql.when.all[0].value[1]", "there is no channel 'social'", "warning"),
        Problem("stages.mql.when.all[1].value", "there is no campaign 'autumn'", "warning"),
        Problem("stages.mql.when.all[2].not.value", "there is no landing page 'demo'", "warning"),
    ]
    assert errors(definition) == []


def test_an_automatic_stage_without_a_condition_is_odd():
    assert [(each.path, each.level) for each in problems(stage(None, mode="automatic"))] == [
        ("stages.mql.when", "warning")
    ]
    assert problems(stage(None)) == []


def test_key_fields_are_those_that_a_bundle_knows():
    schema = json.loads(Path("leads/exchange/workspace.schema.json").read_text())
    known_fields = schema["properties"]["settings"]["properties"]["key_fields"]["items"]["enum"]
    assert list(KEY_FIELD_CHOICES) == known_fields


# contradictions

FRANCE, GERMANY = ask("country", "eq", "France"), ask("country", "eq", "Germany")
LARGE, SMALL = ask("company_size", "gte", 50), ask("company_size", "lt", 20)


@pytest.mark.parametrize(
    ("parts", "path", "message"),
    [
        ([LARGE, SMALL], "all[1].value", "contradicts “company size is at least 50”"),
        ([FRANCE, LARGE, GERMANY], "all[2].value", "contradicts “country is France”"),
        ([FRANCE, ask("country", "ne", "FRANCE")], "all[1].value", "contradicts “country is France”"),
        (
            [FRANCE, ask("country", "not_in", ["x", "france"])],
            "all[1].value",
            "contradicts “country is France”",
        ),
        ([FRANCE, {"not": FRANCE}], "all[1].not.value", "contradicts “country is France”"),
        ([{"not": FRANCE}, FRANCE], "all[1].value", "contradicts “not (country is France)”"),
        (
            [ask("country", "in", ["a", "b"]), ask("country", "in", ["c", "D"])],
            "all[1].value",
            "contradicts “country is a or b”",
        ),
        (
            [ask("country", "in", ["a", "b"]), ask("country", "ne", "a"), ask("country", "ne", "b")],
            "all[2].value",
            "contradicts “country is a or b” and “country is other than a”",
        ),
        ([ask("country", "is_blank"), FRANCE], "all[1].value", "contradicts “country is blank”"),
        ([FRANCE, ask("country", "is_blank")], "all[1].op", "contradicts “country is France”"),
        (
            [ask("country", "is_set"), ask("country", "is_blank")],
            "all[1].op",
            "contradicts “country is filled”",
        ),
        ([ask("country", "is_set"), {"not": ask("country", "is_set")}], "all[1].not.op", "contradicts"),
        ([ask("country", "in", [])], "all[0].value", "holds no value, so it never holds"),
        ([ask("country", "eq", "")], "all[0].value", "never holds: country has no such value"),
        ([ask("company_size", "between", [50, 10])], "all[0].value", "no value lies between the two"),
        ([ask("company_size", "eq", 0.5)], "all[0].value", "never holds: company size has no such value"),
        ([ask("score", "gt", 100)], "all[0].value", "never holds: score has no such value"),
        ([ask("stage", "eq", "qualified")], "all[0].value", "never holds: stage has no such value"),
        ([ask("stage", "is_blank")], "all[0].op", "never holds: stage is never blank"),
        ([LARGE, {"all": [{"all": [SMALL]}]}], "all[1].all[0].all[0].value", "contradicts"),
        (
            [ask("age_days", "lte", 3), ask("age_days", "gt", 3)],
            "all[1].value",
            "contradicts “age in days is",
        ),
        (
            [ask("created_at", "gte", "2026-03-01"), ask("created_at", "lt", "2026-02-01T10:00")],
            "all[1].value",
            "contradicts “creation is at or after 2026-03-01”",
        ),
        (
            [ask("company_size", "between", [1, 3]), ask("company_size", "not_in", [1, 2, 3])],
            "all[1].value",
            "contradicts “company size is between 1 and 3”",
        ),
        (
            [viewed("count_gte", 3, 7), viewed("count_lt", 2, 30)],
            "all[1].value",
            "contradicts “at least 3 pricing view events in the last 7 days”",
        ),
        ([viewed("count_gte", 3, 7), viewed("count_lt", 3)], "all[1].value", "contradicts"),
        ([viewed("count_gte", 3), {"not": viewed("count_gte", 3)}], "all[1].not.value", "contradicts"),
        ([viewed("count_lt", 0)], "all[0].value", "cannot be fewer than none"),
        ([ask("free_email", "eq", True), ask("free_email", "ne", True)], "all[1].value", "contradicts"),
        (
            [ask("tags", "eq", "vip"), ask("tags", "ne", "VIP")],
            "all[1].value",
            "contradicts “tags include vip”",
        ),
        ([ask("tags", "in", ["a", "b"]), ask("tags", "not_in", ["b", "a"])], "all[1].value", "contradicts"),
        (
            [ask("country", "starts_with", "fr"), ask("country", "starts_with", "ge")],
            "all[1].value",
            "contradicts “country starts with fr”",
        ),
        ([FRANCE, ask("country", "contains", "land")], "all[1].value", "contradicts “country is France”"),
        ([{"any": []}], "all[0].any", "is empty, so it never holds"),
        (
            [LARGE, {"any": [SMALL, FRANCE]}],
            "all[1].any[0].value",
            "contradicts “company size is at least 50”",
        ),
        ([LARGE, {"any": [SMALL]}], "all[1].any[0].value", "contradicts “company size is at least 50”"),
        (
            [{"not": {"any": [FRANCE, LARGE]}}, FRANCE],
            "all[1].value",
            "contradicts “not (country is France)”",
        ),
        (
            [FRANCE, LARGE, {"not": {"all": [LARGE, FRANCE]}}],
            "all[2].not.all",
            "contradicts “company size is at least 50” and “country is France”",
        ),
    ],
)
def test_what_can_never_hold_is_named_with_what_it_contradicts(parts, path, message):
    [(where_it_is, what)] = said(*parts)
    assert where_it_is == path
    assert message in what


@pytest.mark.parametrize(
    "parts",
    [
        [LARGE, ask("company_size", "lte", 50)],
        [FRANCE, ask("country", "in", ["france", "x"])],
        [ask("tags", "eq", "a"), ask("tags", "eq", "b")],
        [ask("country", "ne", "a"), ask("country", "ne", "b")],
        [{"not": FRANCE}, ask("country", "is_blank")],
        [{"not": LARGE}, {"not": SMALL}, {"not": ask("company_size", "between", [20, 49])}],  # a blank one
        [viewed("count_gte", 3, 30), viewed("count_lt", 2, 7)],
        [viewed("count_gte", 2), viewed("count_lt", 3)],
        [{"any": [FRANCE, LARGE]}, {"any": [GERMANY, SMALL]}],
        [FRANCE, {"not": {"all": [FRANCE, SMALL]}}],
        [{"not": {"any": []}}, {"not": ask("country", "in", [])}],
        [ask("country", "starts_with", "fr"), ask("country", "starts_with", "fra")],
    ],
)
def test_what_can_hold_is_no_contradiction(parts):
    assert said(*parts) == []


def test_a_contradiction_inside_what_is_shut_out_is_only_odd():
    condition = {"all": [LARGE, {"not": {"all": [FRANCE, GERMANY]}}]}
    assert contradictions(condition, "icp") == [
        Problem("icp.all[1].not.all[1].value", "contradicts “country is France”", "warning")
    ]


def test_a_contradiction_keeps_a_definition_from_being_published():
    [problem] = errors(stage({"all": [LARGE, SMALL]}))
    assert problem.path == "stages.mql.when.all[1].value"
    assert [each.path for each in errors(scored(rule(when={"all": [FRANCE, GERMANY]})))] == [
        "scoring.rules[0].when.all[1].value"
    ]


TIGHT = st.lists(CONDITIONS, min_size=2, max_size=6).map(lambda parts: {"all": parts})


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(condition=st.one_of(CONDITIONS, TIGHT), at=st.sampled_from(INSTANTS))
def test_no_lead_meets_what_is_called_contradictory(known, condition, at):  # noqa: F811
    for contradiction in find(condition):
        assert not Lead.objects.filter(where(contradiction.never, at)).exists(), contradiction.problem


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts=st.lists(CONDITIONS, min_size=2, max_size=6), at=st.sampled_from(INSTANTS))
def test_no_lead_meets_the_whole_when_a_part_that_must_hold_cannot(known, parts, at):  # noqa: F811
    condition = {"all": parts}
    must_hold = [problem for problem in contradictions(condition) if "any" not in problem.path]
    if any(problem.level == "error" for problem in must_hold):
        assert not Lead.objects.filter(where(condition, at + timedelta(0))).exists()
