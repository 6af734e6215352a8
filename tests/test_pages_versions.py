"""The pages of versions: read by managers, changed by admins, safe against bad input."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from leads import jobs
from leads.definitions import versions
from leads.models import DefinitionSet, Job, Mail, SignOff, Workspace
from tests.condition_helpers import ask
from tests.factories import NOON, make_lead, make_stage_event

pytestmark = pytest.mark.django_db

MQL = {"mql": {"when": ask("company_size", "gte", 50), "mode": "automatic"}}
MODEL = {
    "rules": [
        {"slug": "french", "category": "firmographic", "points": 10, "when": ask("country", "eq", "FR")},
        {"slug": "views", "category": "behavioural", "points": -5, "per_event": "view", "max": 20},
    ],
    "thresholds": {"warm": 25, "mql": 50, "sql": 75},
}


@pytest.fixture
def older(admin):
    return DefinitionSet.objects.create(
        number=1,
        status="superseded",
        icp=ask("country", "eq", "FR"),
        effective_from=NOON - timedelta(days=30),
        superseded_at=NOON,
        published_by=admin,
        reason="The first of all",
    )


@pytest.fixture
def live(older, admin):
    return DefinitionSet.objects.create(
        number=2,
        status="published",
        stages=MQL,
        scoring=MODEL,
        effective_from=NOON,
        published_by=admin,
        reason="Size matters",
    )


@pytest.fixture
def draft(live, admin):
    return versions.start(by=admin, at=NOON)


def change(draft, **values):
    values = values or {"stages": {"mql": {**MQL["mql"], "when": ask("company_size", "gte", 20)}}}
    return versions.save(draft, values, by=None, at=NOON, revision=draft.revision)


def page(client, name, *args, status=200):
    response = client.get(reverse(f"definitions:{name}", args=args))
    assert response.status_code == status, response.content.decode()[:2000]
    return " ".join(response.content.decode().split())


def post(client, name, *args, status=302, **data):
    response = client.post(reverse(f"definitions:{name}", args=args), data)
    assert response.status_code == status, response.content.decode()[:2000]
    return response if status == 302 else " ".join(response.content.decode().split())


def publish(client, draft, status=302, **data):
    given = {"reason": "Smaller ones too", "applies_to": "new", "start": "now", "revision": draft.revision}
    return post(client, "publish", status=status, **{**given, **data})


# who may do what

READ = [("history",), ("version", 2), ("compare", 1, 2), ("download", 2), ("choose",)]
CHANGE = [("start",), ("discard",), ("publish",), ("restore", 1), ("upload",)]


@pytest.mark.parametrize("address", READ)
def test_reps_do_not_see_versions(rep_client, live, address):
    page(rep_client, *address, status=403)


@pytest.mark.parametrize("address", READ[:-1])
def test_managers_read_versions(manager_client, live, address):
    page(manager_client, *address)


@pytest.mark.parametrize("address", CHANGE)
def test_only_admins_change_them(manager_client, draft, address):
    post(manager_client, *address, status=403)
    assert DefinitionSet.draft() == draft
    assert DefinitionSet.objects.count() == 3


@pytest.mark.parametrize("address", [*CHANGE[:2], *CHANGE[3:]])
def test_nothing_changes_by_looking(admin_client, draft, address):
    page(admin_client, *address, status=405)
    assert DefinitionSet.draft() == draft


def test_managers_are_offered_no_changes(manager_client, draft):
    for text in (page(manager_client, "history"), page(manager_client, "version", 3)):
        assert "Draft v3" in text
        for action in ("Discard", "Publish v3", "Restore", "Upload"):
            assert action not in text


# reading


def test_without_versions_an_admin_can_start(admin_client):
    assert "There is no version yet" in page(admin_client, "history")
    post(admin_client, "start")
    assert DefinitionSet.draft().number == 1
    assert "Draft v1" in page(admin_client, "history")


def test_the_history_says_who_when_why_and_how_many(admin_client, older, live):
    for number in range(3):
        make_stage_event(make_lead(key=f"{number}"), "mql", NOON, definition=older if number else live)
    make_stage_event(make_lead(status="spam"), "mql", NOON, definition=older)  # counts nowhere
    text = page(admin_client, "history")
    assert "The first of all" in text and "Size matters" in text
    assert '2<span class="label-phone"> leads made MQL' in text
    assert reverse("definitions:compare", args=[1, 2]) in text
    assert "Restore as draft" in text


def test_the_history_asks_the_database_no_more_with_more_versions(
    admin_client, live, django_assert_max_num_queries
):
    for number in range(10, 40):
        DefinitionSet.objects.create(number=number, status="superseded", effective_from=NOON)
    with django_assert_max_num_queries(15):
        page(admin_client, "history")


def test_a_version_is_read_in_plain_language(manager_client, live, admin):
    SignOff.objects.create(definition=live, side="sales", by=admin, at=NOON)
    text = page(manager_client, "version", 2)
    assert "A lead becomes MQL by itself when" in text
    assert "Company size is at least 50" in text
    assert "A person makes a lead SAL, whenever they see fit." in text
    assert 'French</span><br><span class="meta">when country is FR' in text
    assert "for each view, at most 20" in text and "−5" in text
    assert "Warm from 25, MQL from 50, SQL-ready from 75" in text
    assert "No ICP is set." in text and "Job title" in text
    assert "Admin Person signed" in text


def test_a_broken_draft_can_be_read(admin_client, draft):
    change(
        draft,
        icp=[1],
        scoring={"rules": [3, {"category": "behavioural", "points": "x"}], "thresholds": 3, "caps": []},
        stages={"mql": {"when": {"all": ["x", {"field": 3}]}, "mode": 5}, "sal": 3},
        key_fields={"a": 1},
    )
    assert "to solve before this can be published" in page(admin_client, "version", 3)
    page(admin_client, "compare", 2, 3)
    page(admin_client, "history")
    assert "disabled" in page(admin_client, "publish")
    page(admin_client, "affected")
    assert json.loads(admin_client.get(reverse("definitions:download", args=[3])).content)["icp"] == [1]


def test_two_versions_are_compared(manager_client, draft):
    change(draft)
    text = page(manager_client, "compare", 2, 3)
    assert '<dt>MQL</dt><dd><ul class="plain"><li>company size at least 50 → at least 20</li>' in text
    assert "Nothing: both say the same" in page(manager_client, "compare", 2, 2)


def test_the_selects_lead_to_the_comparison(manager_client, live):
    address = reverse("definitions:choose")
    response = manager_client.get(address, {"old": 1, "new": 2})
    assert response.url == reverse("definitions:compare", args=[1, 2])
    for odd in ({}, {"old": "x", "new": 1}, {"old": "1" * 30, "new": 1}, {"old": "²", "new": 1}):
        assert manager_client.get(address, odd).status_code == 400


@pytest.mark.parametrize("number", [9, 10**12, 10**30])
def test_versions_that_are_not_there_are_not_found(admin_client, live, number):
    for name in ("version", "download"):
        page(admin_client, name, number, status=404)
    page(admin_client, "compare", 2, number, status=404)
    post(admin_client, "restore", number, status=404)


def test_a_version_is_downloaded(manager_client, live):
    response = manager_client.get(reverse("definitions:download", args=[2]))
    assert response.headers["Content-Disposition"] == 'attachment; filename="definitions-version-2.json"'
    assert json.loads(response.content) == {
        "icp": None,
        "scoring": MODEL,
        "stages": MQL,
        "key_fields": ["company_size", "industry", "job_title"],
    }


# the draft


def test_a_draft_is_started_where_one_is(admin_client, live):
    here = reverse("definitions:scoring")
    assert post(admin_client, "start", next=here).url == here
    assert post(admin_client, "start", next="https://evil.example/").url == reverse("definitions:home")
    assert post(admin_client, "start", next="//evil.example/").url == reverse("definitions:home")
    assert DefinitionSet.objects.filter(status="draft").count() == 1


def test_an_older_version_is_restored_as_a_draft(admin_client, live, older):
    post(admin_client, "restore", 1)
    draft = DefinitionSet.draft()
    assert (draft.number, draft.icp, draft.based_on) == (3, older.icp, older)


def test_restoring_beside_a_draft_is_refused(admin_client, draft):
    text = post(admin_client, "restore", 1, status=409)
    assert "Admin Person is editing version 3 already" in text
    assert DefinitionSet.draft().based_on.number == 2


def test_discarding_twice_is_discarding_once(admin_client, draft):
    for _ in range(2):
        post(admin_client, "discard")
    assert DefinitionSet.draft() is None


# files


def upload(client, content, status=302, **data):
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    file = SimpleUploadedFile("leads.json", raw, "application/json")
    return post(client, "upload", status=status, file=file, **data)


def test_a_file_starts_a_draft(admin_client, live):
    response = upload(admin_client, {"icp": {"any": []}}, revision="")
    assert response.url == reverse("definitions:version", args=[3])
    assert DefinitionSet.draft().icp == {"any": []}
    assert "is empty, so it never holds" in page(admin_client, "version", 3)


def test_a_file_that_cannot_be_read_is_refused(admin_client, live):
    text = upload(admin_client, b'{"icp":\n nul}', status=400)
    assert "<b>leads.json</b> was not taken over" in text
    assert "line 2: is not JSON" in text
    text = upload(admin_client, {"icp": None, "sla": []}, status=400)
    assert "<code>sla</code> is not known here" in text
    assert "Choose a JSON file." in post(admin_client, "upload", status=400)
    assert DefinitionSet.draft() is None


def test_a_file_does_not_replace_what_its_uploader_did_not_see(admin_client, draft):
    change(draft)
    for seen in ("0", "", "x"):
        text = upload(admin_client, {"key_fields": []}, status=409, revision=seen)
        assert "changed the draft meanwhile" in text
    upload(admin_client, {"key_fields": []}, revision="1")
    assert DefinitionSet.draft().key_fields == []


# publishing


def test_the_publish_page_shows_what_changes_for_whom(admin_client, draft, rep, manager):
    change(draft)
    text = page(admin_client, "publish")
    assert "company size at least 50 → at least 20" in text
    assert "Tell 1 rep and 1 manager" in text


def test_it_counts_whom_the_draft_would_promote(admin_client, draft):
    change(draft)
    for size in (10, 20, 30):
        make_lead(key=f"{size}", company_size=size)
    make_stage_event(make_lead(key="yes", company_size=60), "mql", NOON)
    make_stage_event(make_lead(key="no", company_size=99), "disqualified", NOON)
    assert '<b class="tnum">2</b> open leads that are not yet MQL' in page(admin_client, "affected")
    change(DefinitionSet.draft(), stages={})
    assert "no lead becomes MQL by itself" in page(admin_client, "affected")


def test_it_counts_by_the_drafts_own_score(admin_client, draft):
    make_lead(country="FR", score=0)
    make_lead(country="DE", score=90)
    when = {"mql": {"when": ask("score", "gte", 10), "mode": "automatic"}}
    change(draft, stages=when)
    assert '<b class="tnum">1</b> open lead that' in page(admin_client, "affected")
    change(DefinitionSet.draft(), scoring=None)
    assert "none would become it today" in page(admin_client, "affected")


def test_publishing_leads_to_the_version_and_its_job(admin_client, draft, admin, rep):
    changed = change(draft)
    response = publish(admin_client, changed, applies_to="open", tell="on")
    assert response.url == reverse("definitions:version", args=[3])
    current = DefinitionSet.current()
    assert (current.number, current.reason, current.judges_open_leads) == (3, "Smaller ones too", True)
    assert current.published_by == admin
    assert Mail.objects.get().to == rep.email
    text = page(admin_client, "version", 3)
    assert "All leads are being scored anew" in text
    jobs.run(Job.objects.get().pk, timezone.now())
    assert "0 scores changed, 0 leads moved up" in page(admin_client, "version", 3)


def test_what_was_typed_is_kept_when_something_is_wrong(admin_client, draft):
    changed = change(draft)
    for data in ({"reason": " "}, {"reason": "x" * 301}, {"start": "later"}, {"applies_to": "dogs"}):
        text = publish(admin_client, changed, status=400, **{"applies_to": "open", **data})
        assert "Publish v3" in text
    text = publish(admin_client, changed, status=400, start="later", effective_from="soon", reason="Mine")
    assert 'value="soon"' in text and 'value="Mine"' in text and "Enter a date and a time." in text
    text = publish(admin_client, changed, status=400, start="later", effective_from="2020-01-01T10:00")
    assert "must be in the future" in text
    assert DefinitionSet.draft() == draft


@pytest.mark.parametrize("odd", ["\0", "9" * 400, "-1", "x", ""])
def test_odd_revisions_and_dates_are_refused(admin_client, draft, odd):
    changed = change(draft)
    publish(admin_client, changed, status=400, revision=odd)
    publish(admin_client, changed, status=400, start="later", effective_from=odd)
    assert DefinitionSet.draft() == draft


def test_a_draft_somebody_changed_meanwhile_is_looked_at_again(admin_client, draft):
    changed = change(draft)
    change(changed, key_fields=["email"])
    text = publish(admin_client, changed, status=409)
    assert "changed version 3 meanwhile" in text and "added: e-mail" in text
    assert 'name="revision" value="2"' in text
    assert DefinitionSet.draft() == draft


def test_a_draft_with_errors_links_to_them(admin_client, draft):
    changed = change(draft, stages={"mql": {"when": ask("shoe", "eq", 1), "mode": "manual"}})
    text = publish(admin_client, changed, status=400)
    assert "1 problem" in text
    assert f'href="{reverse("definitions:stage", args=["mql"])}#' in text


def test_publishing_twice_publishes_once(admin_client, draft):
    changed = change(draft)
    publish(admin_client, changed)
    assert publish(admin_client, changed).url == reverse("definitions:history")
    assert Job.objects.count() == 1


def test_a_draft_that_changes_nothing_cannot_be_published(admin_client, draft):
    assert "Nothing changes: the draft is the same" in publish(admin_client, draft, status=400)


def test_a_date_is_in_the_workspaces_zone(admin_client, draft):
    Workspace.objects.create(pk=1, name="Acme", time_zone="Europe/Paris")
    changed = change(draft)
    publish(admin_client, changed, start="later", effective_from="2090-07-01T09:00")
    scheduled = DefinitionSet.draft()
    assert scheduled.effective_from.isoformat() == "2090-07-01T07:00:00+00:00"
    text = page(admin_client, "publish")
    assert 'value="2090-07-01T09:00"' in text
    assert "Scheduled" in page(admin_client, "history")
    assert "Editing it calls that off." in page(admin_client, "version", 3)


# in a browser


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_discarding_asks_first_and_nothing_is_blocked(page, enter, blocked, admin):
    DefinitionSet.objects.create(number=1, status="published", stages=MQL, effective_from=NOON)
    change(versions.start(by=admin, at=NOON))
    home = enter(admin)
    page.goto(home + reverse("definitions:publish"))
    page.get_by_text("none would become it today").wait_for()
    page.get_by_text("Discard", exact=True).click()
    page.get_by_role("button", name="Discard draft v2").click()
    page.get_by_role("heading", name="All versions").wait_for()
    assert DefinitionSet.draft() is None
    assert blocked() == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_of_a_version_follows_the_rescoring_to_its_end(page, enter, blocked, admin):
    DefinitionSet.objects.create(number=1, status="published", stages=MQL, effective_from=NOON)
    job = Job.objects.create(kind="rescore", params={"definition": 1}, created_at=timezone.now())
    page.goto(enter(admin) + reverse("definitions:version", args=[1]))
    with page.expect_response("**/jobs/**"):
        page.get_by_text("All leads are being scored anew").wait_for()
    page.get_by_text("Waiting for a worker").wait_for()
    jobs.run(job.pk, timezone.now())
    page.get_by_text("0 scores changed").wait_for()
    assert page.get_by_text("All leads are being scored anew").count() == 0
    assert blocked() == []
