"""A bundle goes out: in one canonical form, from which the same workspace comes back."""

# ruff: noqa: E501, DTZ001 (files are shown whole, times as a bundle may give them)

import json
import string
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.exchange.bundle import BundleError, export_bundle, import_bundle
from leads.exchange.bundle.files import FILES
from leads.models import BehaviourEvent, Channel, Lead, SlaPolicy, Workspace
from tests.bundle_helpers import export, take, write_bundle

pytestmark = pytest.mark.django_db

HEADERS = {
    "users.csv": "id,name,email,role,team\n",
    "channels.csv": "id,name,kind,high_intent\n",
    "campaigns.csv": "id,name,channel,starts_on,ends_on,budget\n",
    "landing_pages.csv": "id,name,path,offer,high_intent,campaign\n",
    "leads.csv": "id,created_at,email,first_name,last_name,phone,job_title,seniority,job_function,company,website,"
    "company_size,industry,country,region,channel,campaign,landing_page,utm_source,utm_medium,utm_campaign,"
    "utm_term,utm_content,owner,tags,status,merged_into\n",
    "submissions.csv": "id,lead,at,landing_page,complete\n",
    "stage_events.csv": "id,lead,stage,at,by,reason\n",
    "attempts.csv": "id,lead,at,by,medium,outcome,note\n",
    "appointments.csv": "id,lead,booked_at,scheduled_for,minutes,by,status,moved_to\n",
    "opportunities.csv": "id,lead,name,opened_at,amount,currency,monthly_revenue,status,closed_at,lost_reason\n",
    "spend.csv": "id,date,side,category,channel,campaign,amount,currency,note\n",
    "exchange_rates.csv": "currency,date,rate\n",
    "sessions.csv": "id,visitor,started_at,channel,campaign,landing_page,referrer,utm_source,utm_medium,"
    "utm_campaign,high_intent,lead\n",
    "touches.csv": "id,lead,at,channel,campaign,kind\n",
    "events.csv": "id,lead,at,kind\n",
}


def test_an_empty_workspace_is_all_files_with_their_headers(tmp_path):
    files = export(tmp_path)
    workspace = json.loads(files.pop("workspace.json"))
    assert files == HEADERS
    assert workspace["icp"] is None
    assert list(workspace) == [
        "name", "time_zone", "currency", "settings", "icp", "scoring", "stages", "sla", "calendars", "targets",
    ]  # fmt: skip


def test_what_is_implied_is_written_out(tmp_path):
    take(
        tmp_path / "in",
        channels="id,name,kind\nads,Ads,paid\n",
        campaigns="id,name,channel,budget\nspring,Spring,ads,1000.500\n",
        leads="id,created_at,campaign,company_size\nl1,2026-01-01T10:00:00,spring,0\n",
        touches="lead,at,campaign\nl1,2026-01-01T10:00:00.5,spring\n",
    )
    files = export(tmp_path / "out")
    assert files["channels.csv"].splitlines()[1] == "ads,Ads,paid,false"
    assert files["campaigns.csv"].splitlines()[1] == "spring,Spring,ads,,,1000.5"
    assert (
        files["leads.csv"].splitlines()[1] == "l1,2026-01-01T09:00:00Z,,,,,,,,,,0,,,,ads,spring,,,,,,,,,open,"
    )
    assert files["submissions.csv"].splitlines()[1] == ",l1,2026-01-01T09:00:00Z,,false"
    assert files["touches.csv"].splitlines()[1] == ",l1,2026-01-01T09:00:00.500000Z,ads,spring,"


def test_rows_are_sorted_by_id_then_those_without_by_lead_time_and_columns(tmp_path):
    take(
        tmp_path / "in",
        leads="id,created_at\na,2026-01-01\nB,2026-01-01\né,2026-01-01\n",
        events="id,lead,at,kind\n,a,2026-01-02T00:00:00Z,z\n,a,2026-01-02T00:00:00Z,Y\n,a,2026-01-01T00:00:00Z,x\n"
        ",B,2026-01-03T00:00:00Z,w\n2,a,2026-01-01T00:00:00Z,v\n10,a,2026-01-01T00:00:00Z,u\n",
    )
    files = export(tmp_path / "out")
    assert [line[0] for line in files["leads.csv"].splitlines()[1:]] == ["B", "a", "é"]
    assert files["events.csv"].splitlines()[1:] == [
        "10,a,2026-01-01T00:00:00Z,u",
        "2,a,2026-01-01T00:00:00Z,v",
        ",B,2026-01-03T00:00:00Z,w",
        ",a,2026-01-01T00:00:00Z,x",
        ",a,2026-01-02T00:00:00Z,Y",
        ",a,2026-01-02T00:00:00Z,z",
    ]


def test_only_what_needs_quotes_has_them(tmp_path):
    given = (
        'id,name,kind\nc1," a b ",paid\nc2,"x,y",paid\nc3,"say ""hi""",paid\nc4,"a\nb",paid\nc5,"a\rb",paid\n'
    )
    take(tmp_path / "in", channels=given)
    assert export(tmp_path / "out")["channels.csv"].encode() == (
        b"id,name,kind,high_intent\n"
        b'c1, a b ,paid,false\nc2,"x,y",paid,false\nc3,"say ""hi""",paid,false\n'
        b'c4,"a\nb",paid,false\nc5,"a\rb",paid,false\n'
    )


def test_definitions_are_written_in_one_order_with_exact_decimals(tmp_path):
    take(
        tmp_path / "in",
        {
            "scoring": {
                "thresholds": {"sql": 80, "mql": 50.0, "warm": 20.5},
                "rules": [
                    {"points": 1.5, "slug": "a", "category": "behavioural", "per_event": "x", "max": 0.1}
                ],
            },
            "sla": [{"minutes": 0.1, "slug": "fast"}],
            "calendars": [{"hours": {"tue": [["09:00", "10:00"]], "mon": []}, "slug": "c"}],
            "targets": [
                {"value": 1234567.1234567, "kpi": "cost_per_lead"},
                {"value": -1, "kpi": "channel_share"},
            ],
        },
    )
    text = export(tmp_path / "out")["workspace.json"]
    assert '"warm": 20.5,\n      "mql": 50,\n      "sql": 80\n' in text
    assert '"slug": "a",\n        "category": "behavioural",\n        "per_event": "x",\n' in text
    assert '"minutes": 0.1,\n' in text
    assert text.index('"mon": []') < text.index('"tue": [')
    assert text.index('"channel_share"') < text.index('"value": 1234567.1234567\n')
    assert text.endswith("\n}\n")


def test_a_policy_that_is_off_stays_here(tmp_path):
    SlaPolicy.objects.create(slug="off", position=0, minutes=5, active=False)
    assert json.loads(export(tmp_path)["workspace.json"])["sla"] == []


def test_a_zip_has_the_same_bytes_whenever_it_is_written(tmp_path):
    take(tmp_path / "in", leads="id,created_at\nl1,2026-01-01\n")
    paths = tmp_path / "a.zip", tmp_path / "b.zip"
    for path in paths:
        call_command("export_bundle", str(path))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with zipfile.ZipFile(paths[0]) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["workspace.json", *HEADERS]
    done = import_bundle(paths[0])
    assert (done.added, done.changed) == (0, 0)


def test_an_export_overwrites_nothing(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    (tmp_path / "mine.zip").write_text("x")
    for path in (tmp_path, tmp_path / "mine.txt", tmp_path / "mine.zip"):
        with pytest.raises(BundleError, match="is there already"):
            export_bundle(path)
    with pytest.raises(CommandError, match="Nothing was exported"):
        call_command("export_bundle", str(tmp_path))


def test_rows_of_the_product_itself_go_out_and_come_back(tmp_path):
    channel = Channel.objects.create(name="Ads", kind="paid")
    lead = Lead.objects.create(created_at=datetime(2026, 1, 1, tzinfo=UTC), channel=channel)
    BehaviourEvent.objects.create(lead=lead, at=lead.created_at, kind="download")
    Workspace.current().save()
    export_bundle(tmp_path / "out")
    assert import_bundle(tmp_path / "out").added == 1  # the submission every lead has
    assert import_bundle(tmp_path / "out").added == 0


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
SLUG = st.text(string.ascii_letters + string.digits + "_-é", min_size=1, max_size=6)
INSTANT = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)) | st.integers(0, 3).map(
    lambda seconds: datetime(2026, 1, 1) + timedelta(seconds=seconds)
)
AMOUNT = st.decimals(-(10**8), 10**8, places=6, allow_nan=False)
FLAG = st.sampled_from(["", "true", "false"])


def cell(text):
    return '"' + str(text).replace('"', '""') + '"' if text != "" else ""


@st.composite
def bundles(draw):
    """Draw a small workspace as the files of a bundle."""

    def one(values, blank=True):
        return draw(st.sampled_from([*([""] if blank else []), *values]))

    def instant():
        return draw(INSTANT).isoformat() + one(["Z", "", "+05:30"], blank=False)

    def keys(most):
        return draw(st.lists(TEXT.filter(bool), max_size=most, unique=True))

    def table(head, rows):
        return "\n".join([head, *(",".join(map(cell, row)) for row in rows)]) + "\n"

    users, channels, leads = keys(3), keys(3), keys(5)
    campaigns = keys(3) if channels else []
    merged = leads[2:] if draw(st.booleans()) else []
    alive = [lead for lead in leads if lead not in merged]
    some = range(draw(st.integers(0, 4))) if alive else []
    files = {
        "users": table(
            "id,name,role,team", [[k, draw(TEXT), one(["rep", "admin"], False), draw(TEXT)] for k in users]
        ),
        "channels": table(
            "id,name,kind,high_intent",
            [[k, "x", one(["paid", "direct"], False), draw(FLAG)] for k in channels],
        ),
        "campaigns": table(
            "id,name,channel,budget", [[k, "y", one(channels, False), draw(AMOUNT)] for k in campaigns]
        ),
        "leads": table(
            "id,created_at,email,company,company_size,channel,campaign,owner,status,merged_into",
            [
                [
                    k,
                    instant(),
                    draw(TEXT),
                    draw(TEXT),
                    one([0, 7, 2147483647]),
                    one(channels),
                    one(campaigns),
                    one(users),
                ]
                + (["merged", alive[0]] if k in merged else [one(["open", "spam", "test"]), ""])
                for k in leads
            ],
        ),
        "submissions": table("lead,at,complete", [[one(alive, False), instant(), draw(FLAG)] for _ in some]),
        "events": table("lead,at,kind", [[one(alive, False), instant(), draw(SLUG)] for _ in some]),
        "stage_events": table(
            "lead,at,stage,by,reason",
            [[one(alive, False), instant(), "mql", one(users), draw(TEXT)] for _ in some],
        ),
        "opportunities": table(
            "id,lead,opened_at,amount,status,closed_at",
            [
                [n, one(alive, False), instant(), draw(AMOUNT), one(["open", "won"], False), instant()]
                for n in some
            ],
        ),
    }
    if campaigns:
        files["touches"] = table(
            "lead,at,channel,campaign",
            [[one(alive, False), instant(), one(channels), campaigns[0]] for _ in some],
        )
    return files


class Undo(Exception):
    pass


def import_and_export(source, target):
    """Import into an empty workspace, export, import again, and forget it all."""
    try:
        with transaction.atomic():
            import_bundle(source)
            files = export(target)
            again = import_bundle(source)
            assert (again.added, again.changed) == (0, 0)
            raise Undo
    except Undo:
        return files


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(bundles())
def test_export_undoes_import(files):
    with tempfile.TemporaryDirectory() as folder:
        given, first, second = (Path(folder) / name for name in ("given", "first", "second"))
        write_bundle(given, **files)
        assert import_and_export(given, first) == import_and_export(first, second)


def test_the_docs_list_the_columns_as_they_are_declared():
    docs = (django_settings.BASE_DIR / "docs" / "bundle.md").read_text()
    for file in FILES:
        assert f"| `{file.name}` | {', '.join(file.heads.split())} |\n" in docs
