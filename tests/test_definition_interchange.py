"""A definition set as JSON: out of any version, and into the draft."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.definitions import interchange
from leads.demo.definitions import workspace
from leads.models import DefinitionSet
from tests.condition_helpers import ask
from tests.factories import NOON
from tests.test_conditions_agree import CONDITIONS
from tests.test_definition_differences import JUNK

pytestmark = pytest.mark.django_db


def demo(**fields):
    company = workspace()
    parts = {name: company[name] for name in ("icp", "scoring", "stages")}
    return DefinitionSet(number=1, **{**parts, "key_fields": ["email"], **fields})


def read(data):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return interchange.read(raw)


def said(problems):
    return [(problem.path, problem.message) for problem in problems]


def test_what_goes_out_comes_in_again():
    definition = demo()
    reading = interchange.read(interchange.dump(definition).encode())
    assert reading.refused == []
    assert DefinitionSet(**reading.values).scoring == definition.scoring
    assert reading.values == {
        name: getattr(definition, name) for name in ("icp", "scoring", "stages", "key_fields")
    }


def test_the_file_is_pretty_and_its_order_is_always_the_same():
    one = DefinitionSet(icp={"value": 0.5, "op": "gte", "field": "company_size"}, key_fields=["email"])
    assert interchange.dump(one) == (
        "{\n"
        '  "key_fields": [\n    "email"\n  ],\n'
        '  "icp": {\n    "field": "company_size",\n    "op": "gte",\n    "value": 0.5\n  },\n'
        '  "scoring": null,\n'
        '  "stages": {}\n'
        "}\n"
    )
    other = DefinitionSet(icp={"field": "company_size", "op": "gte", "value": 0.5}, key_fields=["email"])
    assert interchange.dump(one) == interchange.dump(other)


def test_the_example_in_the_docs_is_sound():
    text = Path("docs/definitions.md").read_text()
    example = text.split("```json")[1].split("```")[0]
    reading = interchange.read(example.encode())
    assert reading.problems == []
    assert set(reading.values) == {"key_fields", "icp", "scoring", "stages"}


def test_a_file_becomes_the_draft(admin):
    reading = read(
        {"icp": ask("company_size", "gte", 2.50), "stages": {"mql": None, "sal": {"mode": "manual"}}}
    )
    draft = interchange.put_into_draft(reading, by=admin, at=NOON)
    assert (draft.icp["value"], draft.stages, draft.revision) == (2.5, {"sal": {"mode": "manual"}}, 1)
    assert (draft.edited_by, draft.is_draft) == (admin, True)


def test_what_a_file_does_not_name_stays(admin):
    DefinitionSet.objects.create(number=4, status="published", icp=ask("country", "eq", "FR"))
    draft = interchange.put_into_draft(read({"key_fields": ["email"]}), by=admin, at=NOON)
    assert (draft.number, draft.icp, draft.key_fields) == (5, ask("country", "eq", "FR"), ["email"])


def test_whole_numbers_stay_whole():
    reading = read(b'{"scoring": {"thresholds": {"warm": 25.0, "mql": 50, "sql": 7.5e1}}}')
    assert list(map(repr, reading.values["scoring"]["thresholds"].values())) == ["25", "50", "75"]


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        (b'{"icp": null,\n "scoring": nul}', "", "line 2: is not JSON: Expecting value"),
        (b'{"icp": null}\n\xff', "", "line 2: is not UTF-8"),
        (b"", "", "line 1: is not JSON"),
        (b'{"icp": NaN}', "", "NaN is not a number"),
        (b'{"icp": 1e999}', "", "out of range"),
        (b'{"icp": 1e9999999999999999999}', "", "out of range"),
        (b'{"icp": {"value": 0.12345678901234567}}', "", "is not known here"),
        (b'{"icp": {"field": "score", "value": 0.12345678901234567}}', "", "has more than 15 digits"),
        (b'{"icp": null, "icp": null}', "", "'icp' is there twice"),
        (b'{"icp": "a' + b" " * 1_000_000 + b'"}', "", "is larger than 1,000,000 bytes"),
        (b"[" * 100_000, "", "nested too deep"),
        (b'{"icp": ' + b'{"not": ' * 900 + b"{}" + b"}" * 900 + b"}", "icp", "nested too deep"),
        ([], "", "must be an object with icp, scoring, stages, key_fields"),
        ({}, "", "holds none of icp"),
        ({"icp": None, "sla": []}, "sla", "is not known here"),
        ({"icp": []}, "icp", "must be an object"),
        ({"icp": {"all": [{"any": 3}]}}, "icp.all[0].any", "must be a list of conditions"),
        ({"icp": {"all": [None]}}, "icp.all[0]", "must be an object"),
        ({"icp": {"all": [], "any": []}}, "icp", "may hold only one"),
        ({"scoring": 3}, "scoring", "must be an object"),
        ({"scoring": {"rules": {}}}, "scoring.rules", "must be a list of at most 200 rules"),
        ({"scoring": {"rules": [3]}}, "scoring.rules[0]", "must be an object"),
        ({"scoring": {"rules": [{"when": 3}]}}, "scoring.rules[0].when", "must be an object"),
        ({"scoring": {"caps": []}}, "scoring.caps", "must be an object"),
        ({"scoring": {"mood": 1}}, "scoring.mood", "is not known here"),
        ({"stages": []}, "stages", "must be an object"),
        ({"stages": {"customer": {}}}, "stages.customer", "is not known here"),
        ({"stages": {"mql": 3}}, "stages.mql", "must be an object"),
        ({"key_fields": "email"}, "key_fields", "must be a list"),
        ({"key_fields": [["email"]]}, "key_fields", "must be a list"),
        ({"icp": ask("country", "eq", "a\0")}, "icp.value", "not text"),
    ],
)
def test_what_cannot_become_a_draft_is_refused_by_its_path(data, path, message):
    reading = read(data)
    matching = [each for each in reading.refused if each.path.startswith(path) and message in each.message]
    assert matching, reading.refused
    assert reading.values == {}


def test_what_is_only_wrong_is_shown_and_kept():
    company = demo()
    company.scoring["rules"][0]["points"] = "ten"
    company.icp = {"any": []}
    reading = interchange.read(interchange.dump(company).encode())
    assert reading.refused == []
    assert ("scoring.rules[0].points", "must be a number") in said(reading.problems)
    assert ("icp.any", "is empty, so it never holds") in said(reading.problems)
    assert reading.values["icp"] == {"any": []}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=st.fixed_dictionaries(
        {},
        optional={
            "icp": st.one_of(CONDITIONS, JUNK),
            "scoring": st.one_of(JUNK, st.fixed_dictionaries({"rules": st.lists(JUNK, max_size=3)})),
            "stages": st.dictionaries(st.sampled_from(["mql", "sal", "x"]), JUNK, max_size=2),
            "key_fields": JUNK,
        },
    )
)
def test_any_json_is_either_refused_or_read(data):
    reading = read(data)
    assert bool(reading.refused) or set(reading.values) == set(data)
