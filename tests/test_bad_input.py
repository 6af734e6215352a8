"""Whatever is typed, posted or uploaded: an answer that says what is wrong, and pages that still open."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.conditions.fields import FIELDS
from leads.definitions import versions
from leads.definitions.words import OPERATORS
from leads.models import DefinitionSet
from tests.condition_helpers import ask
from tests.factories import make_event, make_lead

pytestmark = pytest.mark.django_db

PAGES = [
    "/definitions/stages/mql/",
    "/definitions/scoring/",
    "/definitions/scoring/?rule=0",
    "/definitions/scoring/?rule=1",
    "/definitions/scoring/matches/",
    "/definitions/scoring/bands/",
    "/definitions/parts/mql/counts/",
    "/definitions/parts/icp/counts/",
    "/definitions/fit/",
    "/definitions/versions/",
    "/definitions/versions/2/",
    "/definitions/versions/1/2/",
    "/definitions/versions/2.json",
    "/definitions/publish/",
    "/definitions/publish/affected/",
    "/definitions/agreement/2/",
    "/definitions/backtest/",
]
MODEL = {
    "rules": [
        {"slug": "big", "category": "firmographic", "points": 20, "when": ask("company_size", "gte", 100)},
        {"slug": "webinar", "category": "behavioural", "points": 8, "per_event": "webinar", "daily_cap": 2},
    ],
    "thresholds": {"warm": 10, "mql": 20, "sql": 60},
}
STAGES = {"mql": {"when": {"all": [ask("score", "gte", 50)]}, "mode": "automatic"}}

NASTY = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "²",
        "٣",
        "9" * 5000,
        "1e999",
        "-1",
        "NaN",
        "<script>\"'",
        "=1+1",
        "0000-01-01",
        "9999-12-31",
    ]
)
TEXTS = NASTY | st.text(max_size=8) | st.sampled_from([*FIELDS, *OPERATORS, "webinar", "2026-02-30"])
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**29, 10**400, -(10**30), 1e308, 0.1, True])
JSON = st.recursive(
    st.none() | TEXTS | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
TESTS = st.fixed_dictionaries(
    {"field": st.sampled_from([*FIELDS]) | JSON},
    optional={"op": st.sampled_from([*OPERATORS]) | JSON, "value": JSON},
) | st.fixed_dictionaries(
    {"event": JSON},
    optional={"op": st.sampled_from(["count_gte", "count_lt"]) | JSON, "value": JSON, "within_days": JSON},
)
CONDITIONS = st.recursive(
    TESTS | JSON,
    lambda inner: (
        st.dictionaries(st.sampled_from(["all", "any"]), st.lists(inner, max_size=4), min_size=1, max_size=1)
        | st.fixed_dictionaries({"not": inner})
    ),
    max_leaves=8,
)
RULES = (
    st.fixed_dictionaries(
        {"slug": TEXTS | JSON, "category": st.sampled_from(["behavioural", "firmographic"]) | JSON},
        optional={
            "points": JSON | st.integers(-50, 50),
            "when": CONDITIONS,
            "per_event": JSON | st.just("webinar"),
            "max": JSON,
            "half_life_days": JSON,
            "daily_cap": JSON,
        },
    )
    | JSON
)
SCORING = st.fixed_dictionaries(
    {"rules": st.lists(RULES, max_size=3) | JSON},
    optional={
        name: st.dictionaries(st.sampled_from(["behavioural", "mql", "warm", "sql"]), JSON) | JSON
        for name in ("caps", "weights", "thresholds")
    },
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "icp": CONDITIONS,
        "scoring": SCORING | JSON,
        "stages": st.dictionaries(
            st.sampled_from(["mql", "sal", "sql"]),
            st.fixed_dictionaries({"when": CONDITIONS, "mode": JSON | st.just("automatic")}) | JSON,
        )
        | JSON,
        "key_fields": st.lists(TEXTS) | JSON,
    },
)
PARTS = st.sampled_from(
    [
        "mql",
        "sal",
        "icp",
        "key-fields",
        "thresholds",
        "category-behavioural",
        "rule-0",
        "rule-1",
        "rule-2",
        "rule-999",
    ]
)
PLACES = st.sampled_from(
    ["c", "c.0", "c.1", "c.0.0", "c.0.1", "c." + "9" * 5000, "c.²", "c.٣", "0", "9" * 5000, "fit"]
)
ACTIONS = st.builds(
    "{} {} {}".format,
    st.sampled_from(["add", "group", "drop", "up", "down", "take", "copy", "remove", "event", "fit", ""]),
    PLACES | st.sampled_from(["behavioural"]),
    TEXTS,
)
INPUTS = {
    "kind": st.sampled_from(["all", "any", "none", "not_all"]) | TEXTS,
    "size": st.sampled_from(["0", "1", "2", "101", "9999"]) | TEXTS,
    "bare": TEXTS,
    "field": st.sampled_from([*FIELDS, "!event"]) | TEXTS,
    "was": st.sampled_from([*FIELDS, "!event"]) | TEXTS,
    "op": st.sampled_from([*OPERATORS]) | TEXTS,
    "shape": st.sampled_from(["one", "many", "pair", "none"]),
    "value": TEXTS,
    "values": st.builds(json.dumps, JSON) | TEXTS,
    "low": TEXTS,
    "high": TEXTS,
    "new": TEXTS,
    "event": TEXTS,
    "within": TEXTS,
    "raw": st.builds(json.dumps, CONDITIONS)
    | st.sampled_from(["[" * 40 + "]" * 40, '{"not":' * 900 + "1" + "}" * 900]),
}
WORDS = ["mode", "name", "slug", "category", "points", "per_event", "max", "half_life_days", "daily_cap"]
WORDS += ["key_field", "review_days", "cap", "weight", "warm", "mql", "sql"]
FORMS = st.fixed_dictionaries(
    {},
    optional={
        f"{place}.{name}": values for place in ("c", "c.0", "c.1", "c.0.0") for name, values in INPUTS.items()
    }
    | dict.fromkeys(WORDS, TEXTS)
    | {"do": ACTIONS},
)
MINE = st.builds(json.dumps, CONDITIONS | RULES | JSON)
many = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


@pytest.fixture
def draft(admin):
    at = timezone.now()
    make_event(make_lead(created_at=at, country="France", company_size=20), "webinar", at)
    DefinitionSet.objects.create(
        number=1,
        status="published",
        stages=STAGES,
        scoring=MODEL,
        icp=ask("country", "is_set"),
        effective_from=at,
    )
    return versions.start(by=admin, at=at)


def anew(draft):
    """Put the draft back to what the live version says."""
    live = DefinitionSet.current()
    DefinitionSet.objects.filter(pk=draft.pk).update(
        revision=0,
        stages=live.stages,
        scoring=live.scoring,
        icp=live.icp,
        key_fields=live.key_fields,
        review_days=92,
    )


def assert_all_is_well(client, response):
    assert response.status_code < 500
    statuses = {page: client.get(page).status_code for page in PAGES}
    assert {page: status for page, status in statuses.items() if status >= 500} == {}


@many
@given(part=PARTS, inputs=FORMS, is_htmx=st.booleans())
def test_no_form_of_the_editor_breaks_it(admin_client, draft, part, inputs, is_htmx):
    anew(draft)
    headers = {"HX-Request": "true"} if is_htmx else {}
    assert_all_is_well(
        admin_client,
        admin_client.post(f"/definitions/parts/{part}/", inputs | {"revision": "0"}, headers=headers),
    )


@many
@given(part=PARTS, mine=MINE, revision=st.sampled_from(["0", "7", "²"]))
def test_no_part_that_is_kept_after_a_conflict_breaks_the_editor(admin_client, draft, part, mine, revision):
    anew(draft)
    sent = {"mine": mine, "revision": revision}
    assert_all_is_well(admin_client, admin_client.post(f"/definitions/parts/{part}/", sent))


@many
@given(action=ACTIONS)
def test_no_action_on_the_rules_breaks_the_editor(admin_client, draft, action):
    anew(draft)
    sent = {"do": action, "revision": "0"}
    assert_all_is_well(admin_client, admin_client.post("/definitions/scoring/rules/", sent))


@many
@given(content=st.builds(json.dumps, FILES) | st.builds(json.dumps, JSON))
def test_no_file_breaks_the_editor(admin_client, draft, content):
    anew(draft)
    file = SimpleUploadedFile("set.json", content.encode())
    sent = {"file": file, "revision": "0"}
    assert_all_is_well(admin_client, admin_client.post("/definitions/versions/upload/", sent))


def test_a_file_with_more_rules_than_a_version_may_have_is_refused(admin_client, draft):
    content = json.dumps({"scoring": {"rules": [{"slug": "a"}] * 201}}).encode()
    sent = {"file": SimpleUploadedFile("set.json", content), "revision": "0"}
    response = admin_client.post("/definitions/versions/upload/", sent)
    assert response.status_code == 400
    assert "must be a list of at most 200 rules" in response.content.decode()


def test_a_draft_with_rules_past_all_reason_can_still_be_looked_at(admin_client, draft):
    rules = MODEL["rules"] * 1100  # no database counts as much in one query
    DefinitionSet.objects.filter(pk=draft.pk).update(scoring=MODEL | {"rules": rules})
    assert admin_client.get("/definitions/scoring/matches/").status_code == 200
