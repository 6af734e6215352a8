"""What every page owes to people who do not see it: names, labels, headings, landmarks."""

from datetime import timedelta

import pytest
from django.utils import timezone

from kpis import replay
from leads import jobs, milestones
from leads.models import DefinitionSet, Workspace
from tests.condition_helpers import ask, viewed
from tests.factories import make_lead, make_stage_event
from tests.page_checks import part_problems, problems

pytestmark = pytest.mark.django_db

WHEN = {
    "all": [
        ask("score", "gte", 50),
        {"not": {"any": [ask("country", "in", ["fr", "be"]), viewed("count_gte", 2)]}},
    ]
}
SCORING = {
    "rules": [
        {"slug": "large", "category": "firmographic", "points": 60, "when": ask("company_size", "gte", 50)},
        {"slug": "pricing", "category": "behavioural", "points": 7, "per_event": "pricing_view", "max": 14},
    ],
    "caps": {"behavioural": 30},
    "thresholds": {"warm": 25, "mql": 50, "sql": 80},
}
STAGES = {
    "mql": {"when": WHEN, "mode": "automatic"},
    "sal": {"when": ask("country", "is_set"), "mode": "manual"},
}
EDITOR = [f"/definitions/{part}/" for part in ("stages/mql", "stages/sal", "stages/sql", "scoring", "fit")]
READ = [
    *EDITOR,
    "/definitions/scoring/?rule=0",
    "/definitions/scoring/?rule=1",
    "/definitions/backtest/",
    "/definitions/prediction/",
    "/definitions/versions/",
    "/definitions/versions/1/",
    "/definitions/versions/2/",
    "/definitions/versions/1/2/",
    "/definitions/replay/",
    "/definitions/review/",
    "/definitions/agreement/1/",
    "/definitions/agreement/1/sign/sales/",
]
WITH_A_DRAFT = [
    "/definitions/versions/3/",
    "/definitions/versions/2/3/",
    "/definitions/publish/",
    "/definitions/replay/leads/",
]
LEADS = [
    "/leads/",
    "/leads/-/new/",
    "/leads/-/edit/one/",
    "/leads/-/score/one/",
    "/leads/one/",
    "/leads/two/",
]


@pytest.fixture
def versions(admin):
    """Two versions, and a lead on the ladder."""
    Workspace.objects.create(pk=1, name="Fjordwell", time_zone="UTC", currency="EUR")
    now = timezone.now()
    first = DefinitionSet.objects.create(
        number=1, status="superseded", stages={}, reason="First", effective_from=now - timedelta(days=200)
    )
    live = DefinitionSet.objects.create(
        number=2,
        status="published",
        stages=STAGES,
        scoring=SCORING,
        icp=ask("country", "eq", "de"),
        key_fields=["company", "industry"],
        reason="Large companies only",
        based_on=first,
        effective_from=now - timedelta(days=120),
        published_by=admin,
    )
    lead = make_lead(key="one", first_name="Nadia", company="Kestrel Foods", company_size=80, country="de")
    make_stage_event(lead, "mql", now - timedelta(hours=1), definition=live, rule="mql")
    make_lead(key="two")
    milestones.rebuild()
    return live


@pytest.fixture
def draft(versions, admin):
    made = DefinitionSet.objects.create(
        number=3,
        status="draft",
        stages={**STAGES, "mql": {"when": {"all": [ask("score", "gte", 90)]}, "mode": "automatic"}},
        scoring=SCORING,
        icp=versions.icp,
        key_fields=versions.key_fields,
        based_on=versions,
        edited_by=admin,
        edited_at=timezone.now(),
    )
    jobs.run(replay.start(made, 90, by=admin, at=timezone.now()).pk, timezone.now())
    return made


def wrong(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return problems(response.content.decode())


@pytest.mark.parametrize("address", [*READ, *LEADS, "/"])
def test_a_page_can_be_used_without_seeing_it(manager_client, versions, address):
    assert wrong(manager_client, address) == []


@pytest.mark.parametrize("address", [*READ, *WITH_A_DRAFT])
def test_a_page_about_a_draft_can_be_used_without_seeing_it(admin_client, draft, address):
    assert wrong(admin_client, address) == []


@pytest.mark.parametrize("address", [*EDITOR, "/definitions/versions/", "/definitions/review/", *LEADS[:2]])
def test_an_empty_page_can_be_used_without_seeing_it(admin_client, address):
    assert wrong(admin_client, address) == []


@pytest.mark.parametrize("address", ["/definitions/replay/", "/definitions/scoring/bands/"])
def test_a_panel_can_be_used_without_seeing_it(admin_client, draft, address):
    html = admin_client.get(address, HTTP_HX_REQUEST="true").content.decode()
    assert part_problems(html) == []


@pytest.mark.parametrize("html, problem", [
    ("<form><form></form></form>", "<form> stands inside another form"),
    ('<p id="a"></p><p id="a"></p>', "2 elements are called a"),
    ('<input name="x">', '<input name="x"> has no label'),
    ("<button><svg></svg></button>", "<button> has no name"),
    ('<p style="color: red"></p>', '<p style="color: red">: the content security policy blocks style'),
    ('<p aria-describedby="gone"></p>', '<p aria-describedby="gone"> refers to nothing'),
])  # fmt: skip
def test_the_check_finds_what_is_wrong(html, problem):
    assert part_problems(html) == [problem]
