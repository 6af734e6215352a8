"""What changed between two versions, in words; and rules, stages and conditions in words."""

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.definitions.differences import differences
from leads.definitions.words import (
    category_words,
    field_label,
    operator_label,
    rule_name,
    rule_sentence,
    stage_sentence,
)
from leads.demo.definitions import workspace
from leads.models import DefinitionSet
from tests.condition_helpers import ask, viewed
from tests.test_conditions_agree import CONDITIONS

LARGE, FRANCE = ask("company_size", "gte", 50), ask("country", "eq", "France")
LEADERS = ask("seniority", "in", ["Owner", "Director"])
COUNTRIES = ask("country", "in", ["France", "Germany"])


def mql(when, mode="manual"):
    return DefinitionSet(stages={"mql": {"when": when, "mode": mode}})


def told(old, new):
    return [(each.part, each.text) for each in differences(old, new)]


def changed(old, new):
    """Return what changed from one MQL condition to another."""
    parts, texts = zip(*told(mql(old), mql(new)), strict=True)
    assert set(parts) == {"MQL"}
    return list(texts)


def rescored(**changes):
    """Return the differences after changing the demo's scoring by path."""
    old = workspace()["scoring"]
    new = deepcopy(old)
    for path, value in changes.items():
        *outer, last = path.split("__")
        target = new
        for key in outer:
            target = target[int(key) if key.isdigit() else key]
        if value is None:
            target.pop(last)
        else:
            target[last] = value
    return told(DefinitionSet(scoring=old), DefinitionSet(scoring=new))


def test_the_same_has_no_differences():
    assert told(mql(LARGE), mql(LARGE)) == []
    assert told(DefinitionSet(), DefinitionSet(stages={"mql": {"when": None, "mode": "manual"}})) == []
    assert told(DefinitionSet(scoring={}), DefinitionSet(scoring={})) == []


@pytest.mark.parametrize(
    ("old", "new", "texts"),
    [
        (LARGE, ask("company_size", "gte", 20), ["company size at least 50 → at least 20"]),
        (LARGE, ask("company_size", "lt", 50), ["company size at least 50 → less than 50"]),
        (FRANCE, ask("country", "eq", "Ireland"), ["country is France → Ireland"]),
        (FRANCE, ask("country", "is_set"), ["country is France → country is filled"]),
        (
            ask("company_size", "between", [11, 50]),
            ask("company_size", "between", [20, 1000]),
            ["company size between 11 and 50 → between 20 and 1,000"],
        ),
        (COUNTRIES, ask("country", "in", ["Ireland", "Germany"]), ["country: + Ireland, − France"]),
        (COUNTRIES, ask("country", "in", ["Germany", "France"]), ["country: listed in another way"]),
        (
            {"not": COUNTRIES},
            {"not": ask("country", "in", ["France"])},
            ["not: country: − Germany"],
        ),
        (
            ask("country", "not_in", ["France"]),
            ask("country", "not_in", ["France", "Italy"]),
            ["country none of: + Italy"],
        ),
        (FRANCE, COUNTRIES, ["country is France → any of France, Germany"]),
        (LARGE, {"not": LARGE}, ["company size is at least 50 → not (company size is at least 50)"]),
        (
            viewed("count_gte", 3, 7),
            viewed("count_gte", 2, 14),
            [
                "at least 3 pricing view events in the last 7 days"
                " → at least 2 pricing view events in the last 14 days"
            ],
        ),
        ({"all": [LARGE]}, {"all": [LARGE, FRANCE]}, ["added: country is France"]),
        ({"all": [LARGE, FRANCE]}, LARGE, ["removed: country is France"]),
        (LARGE, FRANCE, ["removed: company size is at least 50", "added: country is France"]),
        (None, LARGE, ["added: company size is at least 50"]),
        (
            {"all": [LARGE, {"any": [FRANCE]}]},
            {"all": [LARGE, {"any": [FRANCE, viewed("count_gte", 1)]}]},
            ["added to one of: at least 1 pricing view event ever"],
        ),
        (
            {"all": [LARGE, {"any": [FRANCE, ask("region", "eq", "a")]}]},
            {"all": [LARGE, {"any": [FRANCE, ask("region", "eq", "b")]}]},
            ["in one of: region is a → b"],
        ),
        (
            {"all": [LARGE, {"any": [FRANCE, ask("region", "eq", "a")]}]},
            {"all": [LARGE, {"all": [FRANCE, ask("region", "eq", "a")]}]},
            ["one of → all of: country is France; region is a"],
        ),
        (
            {"all": [FRANCE, LARGE]},
            {"any": [FRANCE, LARGE]},
            ["all of → one of: country is France; company size is at least 50"],
        ),
        (
            {"all": [{"not": {"any": [FRANCE, LARGE]}}]},
            {"all": [{"not": {"any": [FRANCE]}}]},
            ["removed from none of: company size is at least 50"],
        ),
        (
            {"all": [LARGE, {"any": [FRANCE, ask("region", "eq", "a")]}]},
            LARGE,
            ["removed: one of (country is France; region is a)"],
        ),
        ({"all": [LARGE]}, LARGE, ["written in another way"]),
        ({"all": [LARGE, FRANCE]}, {"all": [FRANCE, LARGE]}, ["written in another way"]),
    ],
)
def test_what_changed_in_a_condition(old, new, texts):
    assert changed(old, new) == texts


def test_what_changed_in_who_promotes():
    assert told(mql(LARGE), mql(LARGE, "automatic")) == [("MQL", "promotion: by a person → automatic")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"rules__0__points": 12}, ("Scoring", "“Director or owner” 10 → 12 points")),
        ({"rules__4__points": -20}, ("Scoring", "“Free mail” −12 → −20 points")),
        ({"rules__1__when__value": "Boss"}, ("Scoring", "“Manager”: seniority is Manager → Boss")),
        ({"rules__1__slug": "boss"}, ("Scoring", "“Manager” is called “Boss”")),
        (
            {"rules__1__category": "behavioural"},
            ("Scoring", "“Manager” counted under Who they are → What they do"),
        ),
        ({"rules__16__max": 20}, ("Scoring", "“Pricing view” at most 14 points → at most 20 points")),
        ({"rules__16__max": None}, ("Scoring", "“Pricing view” at most 14 points → no limit")),
        (
            {"rules__16__half_life_days": 30},
            ("Scoring", "“Pricing view” halves every 60 days → halves every 30 days"),
        ),
        ({"rules__16__daily_cap": None}, ("Scoring", "“Pricing view” at most 2 a day → no daily limit")),
        (
            {"rules__16__per_event": "visit"},
            ("Scoring", "“Pricing view” for each pricing view → for each visit"),
        ),
        ({"caps__demographic": 40}, ("Scoring", "Who they are: at most 30 points → at most 40 points")),
        ({"caps__behavioural": None}, ("Scoring", "What they do: at most 50 points → no limit")),
        ({"weights__firmographic": 1.5}, ("Scoring", "Their company: counted 1 → 1.5 times")),
        ({"thresholds__mql": 55}, ("Thresholds", "MQL from 50 → 55 points")),
        ({"weights__firmographic": None}, ("Scoring", "written in another way")),
    ],
)
def test_what_changed_in_the_score(changes, expected):
    assert rescored(**changes) == [expected]


def test_rules_come_and_go():
    old = workspace()["scoring"]
    new = deepcopy(old)
    del new["rules"][0]
    new["rules"].append({"slug": "big", "category": "firmographic", "points": 3, "when": LARGE})
    assert told(DefinitionSet(scoring=old), DefinitionSet(scoring=new)) == [
        ("Scoring", "removed: “Director or owner”, +10 when seniority is Owner or Director"),
        ("Scoring", "added: “Big”, +3 when company size is at least 50"),
    ]


def test_what_changed_elsewhere():
    old = DefinitionSet(icp=None, scoring=None, review_days=90)
    new = DefinitionSet(icp=LARGE, scoring={"rules": []}, key_fields=["email", "industry"], review_days=30)
    assert told(old, new) == [
        ("Scoring", "leads are scored from now on"),
        ("Thresholds", "Warm from none → 25 points"),
        ("Thresholds", "MQL from none → 50 points"),
        ("Thresholds", "SQL-ready from none → 75 points"),
        ("ICP", "set for the first time"),
        ("ICP", "added: company size is at least 50"),
        ("Key fields", "added: e-mail"),
        ("Key fields", "removed: company size"),
        ("Key fields", "removed: job title"),
        ("Review", "every 90 → 30 days"),
    ]


JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "mql", "field", "all"])),
    lambda part: st.one_of(
        st.lists(part, max_size=3),
        st.dictionaries(
            st.sampled_from(["all", "any", "not", "field", "event", "op", "value", "rules", "slug", "caps"]),
            part,
            max_size=3,
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(old=st.one_of(CONDITIONS, JUNK), new=st.one_of(CONDITIONS, JUNK))
def test_there_are_differences_exactly_when_it_is_not_the_same(old, new):
    for name in ("icp", "scoring", "key_fields"):
        one, other = DefinitionSet(**{name: old}), DefinitionSet(**{name: new})
        assert bool(differences(one, other)) is (old != new)
    assert bool(differences(mql(old), mql(new))) is (old != new)


@settings(max_examples=200, deadline=None)
@given(condition=CONDITIONS)
def test_a_copy_has_no_differences(condition):
    assert differences(mql(condition), mql(deepcopy(condition))) == []


@settings(max_examples=200, deadline=None)
@given(junk=JUNK)
def test_anything_can_be_put_in_words(junk):
    assert rule_sentence(junk)
    assert rule_name(junk)
    assert stage_sentence("mql", junk)
    category_words(junk, "demographic")


# words


@pytest.mark.parametrize(
    ("rule", "name", "sentence"),
    [
        (
            {
                "slug": "director-or-owner",
                "points": 12,
                "when": ask("seniority", "in", ["Owner", "Director"]),
            },
            "Director or owner",
            "+12 when seniority is Owner or Director",
        ),
        (
            {
                "slug": "pricing_view",
                "points": 7,
                "per_event": "pricing_view",
                "max": 14,
                "half_life_days": 60,
                "daily_cap": 2,
            },
            "Pricing view",
            "+7 for each pricing view, at most 14, halves every 60 days, at most 2 a day",
        ),
        ({"slug": "known", "points": -0.5, "when": None}, "Known", "−0.5 for every lead"),
        ({"slug": "", "points": None, "when": {"field": ""}}, "Rule without a name", "+? when an unfinished"),
    ],
)
def test_a_rule_in_words(rule, name, sentence):
    assert rule_name(rule) == name
    assert rule_sentence(rule).startswith(sentence)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (
            {"when": LARGE, "mode": "automatic"},
            "A lead becomes MQL by itself as soon as company size is at least 50.",
        ),
        ({"when": LARGE, "mode": "manual"}, "A person makes a lead MQL, once company size is at least 50."),
        ({"when": None, "mode": "automatic"}, "Every lead becomes MQL by itself."),
        (None, "A person makes a lead MQL."),
    ],
)
def test_a_stage_in_words(spec, sentence):
    assert stage_sentence("mql", spec) == sentence


def test_fields_and_operators_have_labels():
    assert (field_label("company_size"), field_label("shoe")) == ("company size", "shoe")
    assert operator_label("gte", "company_size") == "is at least"
    assert operator_label("gte", "created_at") == "is at or after"
    assert operator_label("not_in", "tags") == "include none of"
    assert operator_label("in") == "is any of"
    assert operator_label("odd", "shoe") == "odd"
