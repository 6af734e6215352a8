"""A definition's life: one draft, saved without losing anybody's work, published once, never changed."""

import threading
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.db import connection, connections

from leads import jobs, tasks
from leads.definitions import versions
from leads.definitions.refusals import Conflict, DraftExists, Invalid, Unstorable
from leads.models import DefinitionSet, Job, Mail, User, Workspace
from leads.models.definitions import PublishedError
from tests.condition_helpers import ask
from tests.factories import NOON

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(hours=1)
NEXT_DAY = NOON + timedelta(days=1)
MODEL = {
    "rules": [
        {"slug": "french", "category": "firmographic", "points": 10, "when": ask("country", "eq", "FR")}
    ],
    "thresholds": {"warm": 25, "mql": 50, "sql": 75},
}
MQL = {"mql": {"when": ask("score", "gte", 50), "mode": "automatic"}}


@pytest.fixture
def live():
    """Version 7, live since yesterday."""
    return DefinitionSet.objects.create(
        number=7, status="published", scoring=MODEL, stages=MQL, effective_from=NOON - timedelta(days=1)
    )


@pytest.fixture
def draft(live, admin):
    return versions.start(by=admin, at=NOON)


def harder(score=55):
    return {"stages": {"mql": {"when": ask("score", "gte", score), "mode": "automatic"}}}


def save(draft, values, by=None, at=NOON, revision=None):
    return versions.save(
        draft, values, by=by, at=at, revision=draft.revision if revision is None else revision
    )


def publish(draft, **options):
    return versions.publish(draft, **{"by": None, "at": LATER, "reason": "Fewer, better leads", **options})


# starting


def test_a_draft_is_a_copy_of_what_is_live(live, admin):
    draft = versions.start(by=admin, at=NOON)
    assert (draft.number, draft.status, draft.based_on) == (8, "draft", live)
    assert (draft.scoring, draft.stages, draft.key_fields) == (live.scoring, live.stages, live.key_fields)
    assert (draft.created_at, draft.edited_by, draft.effective_from) == (NOON, admin, None)


def test_starting_twice_gives_the_one_draft(draft, rep):
    assert versions.start(by=rep, at=LATER) == draft
    assert DefinitionSet.objects.count() == 2


def test_the_very_first_draft_is_empty(admin):
    draft = versions.start(by=admin, at=NOON)
    assert (draft.number, draft.based_on, draft.icp, draft.scoring, draft.stages) == (1, None, None, None, {})


def test_an_older_version_can_be_the_basis(live, admin):
    older = DefinitionSet.objects.create(number=3, status="superseded", icp=ask("country", "eq", "FR"))
    draft = versions.start(by=admin, at=NOON, basis=older)
    assert (draft.number, draft.based_on, draft.icp, draft.scoring) == (8, older, older.icp, None)


def test_restoring_replaces_no_draft(draft, live, admin):
    with pytest.raises(DraftExists) as refusal:
        versions.start(by=None, at=LATER, basis=live)
    assert refusal.value.draft == draft
    assert refusal.value.message.startswith("Admin Person is editing version 8 already")
    assert DefinitionSet.objects.get(pk=draft.pk).edited_at == NOON


# saving


def test_saving_stores_and_counts(draft, manager):
    saved = save(draft, harder(), by=manager, at=LATER)
    assert saved.stages["mql"]["when"]["value"] == 55
    assert (saved.revision, saved.edited_by, saved.edited_at) == (1, manager, LATER)
    assert saved.scoring == MODEL


def test_a_draft_may_be_unfinished_and_wrong(draft):
    saved = save(draft, {"icp": {"all": [{"field": ""}]}, "scoring": [1, "x"], "review_days": 30})
    assert (saved.icp, saved.scoring, saved.review_days) == ({"all": [{"field": ""}]}, [1, "x"], 30)


def test_a_stale_revision_is_refused_and_says_who_changed_what(draft, manager):
    save(draft, {**harder(), "key_fields": ["email"]}, by=manager, at=LATER)
    with pytest.raises(Conflict) as refusal:
        save(draft, {"icp": ask("country", "eq", "FR"), "key_fields": ["email"], **harder(60)}, revision=0)
    assert refusal.value.message == "Manager Person changed version 8 meanwhile."
    assert (refusal.value.by, refusal.value.at) == (manager, LATER)
    assert refusal.value.parts == ["MQL", "ICP"]
    kept = DefinitionSet.draft()
    assert (kept.icp, kept.stages, kept.revision) == (None, harder()["stages"], 1)


def test_saving_what_was_discarded_or_published_is_refused(draft, admin):
    published = publish(save(draft, harder()), by=admin)
    with pytest.raises(Conflict, match="was published meanwhile by Admin Person"):
        save(published, harder(60), revision=1)
    new = versions.start(by=admin, at=LATER)
    versions.discard(new, at=LATER)
    with pytest.raises(Conflict, match="was discarded meanwhile"):
        save(new, harder(70))
    assert DefinitionSet.current().stages == harder()["stages"]


def nested(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "values",
    [
        {"icp": {"a": "\0"}},
        {"icp": {"a\ud800": 1}},
        {"scoring": float("nan")},
        {"scoring": {"rules": [float("inf")]}},
        {"scoring": 10**400},
        {"stages": nested(60)},
        {"icp": ["x" * 500_000]},
        {"icp": {1: 2}},
        {"icp": {1, 2}},
        {"review_days": "many"},
        {"review_days": -1},
        {"review_days": 40_000},
        {"reason": 5},
        {"number": 3},
        {"status": "published"},
    ],
)
def test_what_no_database_holds_is_refused(draft, values):
    with pytest.raises(Unstorable):
        save(draft, values)
    assert DefinitionSet.draft().revision == 0


def test_the_deepest_draft_is_kept(draft):
    assert save(draft, {"icp": nested(57)}).icp == nested(57)


# discarding


def test_a_discarded_draft_is_gone_and_its_number_free(draft, admin):
    versions.discard(draft, at=LATER)
    assert DefinitionSet.draft() is None
    versions.discard(draft, at=LATER)
    assert versions.start(by=admin, at=LATER).number == 8


def test_what_is_published_cannot_be_discarded(live):
    versions.discard(live, at=NOON)
    assert DefinitionSet.current() == live


# publishing


def test_publishing_makes_the_draft_what_counts(draft, live, admin):
    published = publish(save(draft, harder()), by=admin, reason=" Raise\n the score ", judge_open=True)
    live.refresh_from_db()
    assert (live.status, live.superseded_at) == ("superseded", LATER)
    assert DefinitionSet.current() == published
    assert (published.number, published.effective_from, published.published_by) == (8, LATER, admin)
    assert (published.reason, published.judges_open_leads) == ("Raise the score", True)
    assert DefinitionSet.draft() is None


def test_publishing_has_all_leads_scored_anew(draft, admin):
    publish(save(draft, harder()), by=admin)
    job = jobs.latest("rescore", definition=8)
    assert (job.state, job.by, job.created_at) == ("waiting", admin, LATER)


@pytest.mark.parametrize(
    ("values", "reason", "path"),
    [
        ({"icp": {"any": []}}, "Why", "icp.any"),
        ({"stages": {"mql": {"when": ask("shoe", "eq", 1)}}}, "Why", "stages.mql.when.field"),
        (harder(), "  ", "reason"),
        (harder(), "x" * 301, "reason"),
        (harder(), "a\0", "reason"),
        ({}, "Why", ""),
        ({"stages": {"sal": {"when": None, "mode": "manual"}, **MQL}}, "Why", ""),  # that is how it is anyway
    ],
)
def test_what_is_wrong_or_changes_nothing_is_not_published(draft, live, values, reason, path):
    saved = save(draft, values)
    with pytest.raises(Invalid) as refusal:
        publish(saved, reason=reason)
    assert [problem.path for problem in refusal.value.problems] == [path]
    assert (DefinitionSet.current(), DefinitionSet.draft()) == (live, saved)
    assert not Job.objects.exists()


def test_what_is_only_odd_can_be_published(draft):
    odd = {"stages": {"mql": {"when": ask("channel", "eq", "not-there-yet"), "mode": "automatic"}}}
    assert publish(save(draft, odd)).status == "published"


def test_of_two_who_publish_one_wins(draft, admin, manager):
    saved = save(draft, harder())
    publish(saved, by=admin)
    with pytest.raises(Conflict, match="Version 8 was published meanwhile by Admin Person"):
        publish(saved, by=manager)
    assert DefinitionSet.current().published_by == admin
    assert Job.objects.count() == 1


def test_nobody_publishes_what_they_did_not_see(draft, manager):
    save(draft, harder(), by=manager)
    with pytest.raises(Conflict, match="Manager Person changed version 8 meanwhile"):
        publish(draft, revision=0)
    assert DefinitionSet.draft() == draft


def test_a_number_that_an_import_overtook_moves_up(draft, live):
    DefinitionSet.objects.filter(pk=live.pk).update(status="superseded", superseded_at=NOON)
    imported = DefinitionSet.objects.create(number=9, status="published", scoring=MODEL)
    assert publish(save(draft, harder())).number == 10
    imported.refresh_from_db()
    assert (imported.number, imported.status) == (9, "superseded")
    assert jobs.latest("rescore", definition=10)


def test_a_published_version_never_changes(live):
    for name, value in {"icp": {}, "scoring": None, "stages": {}, "key_fields": []}.items():
        changed = DefinitionSet.objects.get(pk=live.pk)
        setattr(changed, name, value)
        with pytest.raises(PublishedError):
            changed.save()
        with pytest.raises(PublishedError):
            changed.save(update_fields=[name])
    back = DefinitionSet.objects.get(pk=live.pk)
    back.status = "draft"
    with pytest.raises(PublishedError):
        back.save()
    assert DefinitionSet.current().scoring == MODEL


def test_the_rest_of_a_published_version_can_be_noted(live, admin):
    live.reviewed_at, live.reviewed_by = LATER, admin
    live.save()
    live.icp = {}
    live.save(update_fields=["reviewed_at"])
    assert DefinitionSet.current().icp is None


# telling


def test_reps_and_managers_are_told_what_changes(draft, rep, manager, admin, settings):
    settings.SITE_URL = "https://leads.example.com"
    Workspace.objects.create(pk=1, name="Acme", time_zone="Europe/Paris")
    User.objects.create_user("quiet", role="rep")
    User.objects.create_user("gone", "gone@example.com", role="rep", is_active=False)
    publish(save(draft, {**harder(), "key_fields": ["email"]}), by=admin, tell=True, reason="Too many MQLs")
    assert sorted(Mail.objects.values_list("to", flat=True)) == ["manager@example.com", "rep@example.com"]
    [first, _] = Mail.objects.order_by("pk")
    assert first.subject == "Version 8 of the lead definitions is live"
    assert first.body.splitlines() == [
        "Version 8 of the lead definitions is in force since 2 March 2026, 14:00 CET.",
        "Published by Admin Person: Too many MQLs",
        "",
        "MQL",
        "- score at least 50 → at least 55",
        "",
        "Key fields",
        "- added: e-mail",
        "- removed: company size",
        "- removed: industry",
        "- removed: job title",
        "",
        "It applies to new leads, and to others when they change.",
        "Leads that are MQL already keep their stage. Past reports keep the version of their day.",
        "",
        "All of it in plain words: https://leads.example.com/definitions/agreement/8/",
    ]


def test_nobody_is_told_unasked(draft, rep):
    publish(save(draft, harder()))
    assert not Mail.objects.exists()


# scheduling


def schedule(draft, **options):
    given = {"by": None, "at": NOON, "effective_from": NEXT_DAY, "reason": "Fewer, better leads", **options}
    return versions.schedule(draft, **given)


def test_a_scheduled_draft_is_published_when_its_time_has_come(draft, live, admin):
    schedule(save(draft, harder()), by=admin, judge_open=True)
    assert versions.publish_due(NEXT_DAY - timedelta(seconds=1)) is None
    assert DefinitionSet.current() == live
    published = versions.publish_due(NEXT_DAY)
    assert DefinitionSet.current() == published
    assert (published.effective_from, published.published_by) == (NEXT_DAY, admin)
    assert (published.reason, published.judges_open_leads) == ("Fewer, better leads", True)
    assert versions.publish_due(NEXT_DAY) is None


def test_the_sweep_publishes_what_is_due(draft):
    schedule(save(draft, harder()))  # for a day that is long over
    tasks.sweep()
    assert DefinitionSet.current() == draft


@pytest.mark.parametrize(
    ("options", "path"),
    [({"effective_from": NOON}, "effective_from"), ({"reason": ""}, "reason")],
)
def test_a_date_in_the_past_and_a_blank_reason_are_refused(draft, options, path):
    with pytest.raises(Invalid) as refusal:
        schedule(save(draft, harder()), **options)
    assert [problem.path for problem in refusal.value.problems] == [path]
    assert DefinitionSet.draft().effective_from is None


def test_what_is_wrong_cannot_be_scheduled(draft):
    with pytest.raises(Invalid):
        schedule(save(draft, {"icp": {"any": []}}))


def test_editing_calls_the_date_off_and_says_so(draft, rep, admin):
    scheduled = schedule(save(draft, harder()), by=admin, tell=True)
    [told] = Mail.objects.all()
    assert told.subject == "Version 8 of the lead definitions takes effect on 3 March 2026, 12:00 UTC"
    assert "will take effect on 3 March 2026, 12:00 UTC." in told.body
    saved = save(scheduled, harder(60), at=LATER)
    assert (saved.effective_from, saved.published_by) == (None, None)
    assert Mail.objects.count() == 2
    assert Mail.objects.get(subject__contains="does not come yet").to == rep.email
    assert versions.publish_due(NEXT_DAY) is None


def test_discarding_calls_the_date_off_too(draft, rep):
    versions.discard(schedule(save(draft, harder()), tell=True), at=LATER)
    assert Mail.objects.filter(subject__contains="does not come yet").count() == 1


def test_what_became_invalid_stays_a_draft_and_its_author_is_told(draft, live, admin):
    scheduled = schedule(save(draft, harder()), by=admin)
    DefinitionSet.objects.filter(pk=scheduled.pk).update(icp={"any": []})
    assert versions.publish_due(NEXT_DAY) is None
    kept = DefinitionSet.draft()
    assert (kept.effective_from, DefinitionSet.current()) == (None, live)
    [told] = Mail.objects.all()
    assert (told.to, "icp.any" in told.body) == (admin.email, True)
    versions.publish_due(NEXT_DAY)
    assert Mail.objects.count() == 1
    assert outbox.outbox == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer anyway")
def test_of_two_who_publish_at_the_same_time_one_wins():
    DefinitionSet.objects.create(number=1, status="published", stages=MQL)
    draft = save(versions.start(by=None, at=NOON), harder())
    ready, results = threading.Barrier(4), []

    def attempt():
        ready.wait()
        try:
            results.append(publish(draft).number)
        except Conflict as refusal:
            results.append(refusal.message)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost = "Version 2 was published meanwhile: edit a new draft."
    assert sorted(map(str, results)) == ["2", lost, lost, lost]
    assert Job.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer anyway")
def test_of_many_who_start_at_the_same_time_all_get_the_one_draft():
    ready, numbers = threading.Barrier(4), []

    def attempt():
        ready.wait()
        try:
            numbers.append(versions.start(by=None, at=NOON).number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers == [1, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer anyway")
@pytest.mark.parametrize("act", [publish, schedule], ids=["publish", "schedule"])
def test_what_is_saved_while_a_draft_is_published_is_not_published_unseen(act, monkeypatch):
    DefinitionSet.objects.create(number=1, status="published", stages=MQL)
    draft = save(versions.start(by=None, at=NOON), harder())
    looked, saved, refusals = threading.Event(), threading.Event(), []
    errors = versions.errors

    def errors_meanwhile(definition):
        looked.set()
        saved.wait(0.5)
        return errors(definition)

    def attempt():
        assert looked.wait(10)
        try:
            save(draft, harder(99))
        except Conflict as refusal:
            refusals.append(refusal)
        finally:
            saved.set()
            connections.close_all()

    monkeypatch.setattr(versions, "errors", errors_meanwhile)
    saver = threading.Thread(target=attempt)
    saver.start()
    act(draft, revision=draft.revision)
    saver.join()
    stored = DefinitionSet.objects.get(pk=draft.pk)
    if act is publish:
        assert stored.stages == harder()["stages"]
        assert len(refusals) == 1
    else:
        assert stored.stages == harder(99)["stages"]
        assert stored.effective_from is None
