"""The demo workspace: the same every time, nothing from the future, every figure there and sane."""

import csv
import filecmp
from datetime import UTC, datetime, timedelta
from io import StringIO
from statistics import mean

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from kpis import report
from kpis.catalog import KPIS
from kpis.query import parse
from leads import scoring
from leads.demo import definitions
from leads.demo.bundle import write_bundle
from leads.demo.files import COLUMNS
from leads.demo.workspace import PASSWORD
from leads.management.commands.create_demo import moment
from leads.models import Channel, DefinitionSet, Lead, StageEvent, User, Workspace

UNTIL = datetime(2026, 11, 18, 9, 42, tzinfo=UTC)
PLANNED = {"scheduled_for", "starts_on", "ends_on"}  # columns that may lie ahead
SANE = {
    "lead_volume": (100, 130),
    "qualified_traffic": (200, 800),
    "visitor_conversion_rate": (3, 5),
    "landing_page_conversion_rate": (4, 10),
    "cost_per_lead": (35, 65),
    "cost_per_qualified_lead": (75, 170),
    "channel_share": (20, 40),
    "campaign_return": (0.01, 0.05),
    "key_information_completion_rate": (50, 80),
    "outside_icp_rate": (12, 40),
    "mql_to_lead_ratio": (30, 55),
    "mql_to_sql_ratio": (25, 60),
    "lead_conversion_rate": (0.5, 8),
    "lead_quality_score": (25, 55),
    "first_contact_time": (5 * 60, 60 * 60),
    "lead_response_time": (10 * 60, 6 * 3600),
    "untreated_lead_rate": (4, 15),
    "no_show_rate": (5, 30),
    "sla_compliance_rate": (45, 85),
    "cost_per_opportunity": (250, 1200),
    "pipeline_contribution": (15_000, 200_000),
    "customer_acquisition_cost": (800, 8000),
    "ltv_cac_ratio": (0.5, 10),
    "lead_source_roi": (-50, 800),
    "lead_velocity_rate": (-50, 80),
}


def write(folder, **changes):
    folder.mkdir()
    write_bundle(folder, **{"leads": 120, "seed": 1, "until": UNTIL, **changes})
    return folder


def rows(folder, table):
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def create(**options):
    out = StringIO()
    call_command("create_demo", stdout=out, **{"leads": 40, "until": UNTIL, **options})
    return out.getvalue()


def figures(start, end):
    query = parse({"from": start, "to": end, "as_of": UNTIL.isoformat()})
    return {kpi["slug"]: kpi for kpi in report.build(query)["kpis"]}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write(tmp_path_factory.mktemp("demo") / "bundle", leads=600)


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    one, same = write(tmp_path / "one"), write(tmp_path / "same")
    names = [path.name for path in one.iterdir()]
    assert len(names) == len(COLUMNS) + 1
    assert filecmp.cmpfiles(one, same, names, shallow=False) == (names, [], [])


def test_another_seed_gives_another_company(tmp_path):
    one, other = write(tmp_path / "one"), write(tmp_path / "other", seed=2)
    assert not filecmp.cmp(one / "leads.csv", other / "leads.csv", shallow=False)


def test_it_holds_as_many_leads_as_asked_for(tmp_path):
    assert [len(rows(write(tmp_path / str(n), leads=n), "leads")) for n in (1, 7, 120)] == [1, 7, 120]


def test_the_leads_spread_over_eighteen_months_up_to_the_end(bundle):
    created = [row["created_at"] for row in rows(bundle, "leads")]
    assert created == sorted(created)
    assert "2025-05-19" <= created[0] < "2025-06-01"
    assert "2026-11-16" <= created[-1] <= "2026-11-18T09:42:00Z"


def test_nothing_has_happened_after_the_end(bundle):
    for table, columns in COLUMNS.items():
        for row in rows(bundle, table):
            ahead = {
                column: row[column]
                for column in columns.split()
                if (column.endswith(("_at", "date")) or column == "at")
                and row[column] > "2026-11-18T09:42:00Z"
            }
            assert not ahead.keys() - PLANNED, (table, row)


def test_the_leads_of_the_weekend_wait_on_monday_morning(tmp_path):
    bundle = write(tmp_path / "monday", leads=900, until=datetime(2026, 11, 16, 6, tzinfo=UTC))
    tried = {row["lead"] for row in rows(bundle, "attempts")}
    weekend = {row["id"] for row in rows(bundle, "leads") if row["created_at"] > "2026-11-14"}
    assert len(weekend - tried) > len(weekend) / 2


def test_a_moved_appointment_names_the_next_one(bundle):
    appointments = {row["id"]: row for row in rows(bundle, "appointments")}
    moved = [row for row in appointments.values() if row["status"] == "rescheduled"]
    assert moved
    assert all(appointments[row["moved_to"]]["lead"] == row["lead"] for row in moved)


def test_the_bad_month_missed_more_meetings(tmp_path):
    """The seventh month before November is April."""
    bundle = write(tmp_path / "large", leads=4000)
    met = {True: [], False: []}
    for row in rows(bundle, "appointments"):
        if row["status"] in ("held", "no_show"):
            met[row["scheduled_for"].startswith("2026-04")].append(row["status"] == "held")
    assert mean(met[True]) < mean(met[False]) - 0.05


def test_the_command_can_write_the_bundle_only(tmp_path):
    create(bundle=tmp_path / "new" / "demo")
    assert len(rows(tmp_path / "new" / "demo", "leads")) == 40


def test_it_does_not_write_over_something(tmp_path):
    (tmp_path / "leads.csv").write_text("mine")
    with pytest.raises(CommandError, match="is not empty"):
        create(bundle=tmp_path)
    assert (tmp_path / "leads.csv").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("option", ["--leads=0", "--leads=x", "--until=2026-13-01", "--until=1900-01-01"])
def test_a_bad_option_is_refused_by_name(option):
    with pytest.raises(CommandError, match=option.split("=")[0]):
        call_command("create_demo", option)


def test_a_day_lasts_until_its_last_second_in_the_demos_time_zone():
    assert moment("2026-01-31") == datetime(2026, 1, 31, 22, 59, 59, tzinfo=UTC)
    assert moment("2026-01-31T10:00") == datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert moment("2026-01-31T10:00Z") == datetime(2026, 1, 31, 10, tzinfo=UTC)


@pytest.mark.django_db
def test_it_fills_an_empty_workspace_and_opens_one_log_in_per_role():
    said = create()
    assert Workspace.current().name == "Fjordwell"
    assert Lead.objects.count() == 40
    for name in ("rep", "manager", "admin"):
        user = User.objects.get(username=name)
        assert user.role == name
        assert user.check_password(PASSWORD)
        assert name in said
    assert PASSWORD in said
    assert User.objects.get(username="manager").name == "Hanna Feld"
    assert not User.objects.get(username="tomas").has_usable_password()


@pytest.mark.django_db
def test_its_definitions_have_a_history_and_moves_name_the_version_of_their_day():
    create(leads=200)
    first, second, third = DefinitionSet.objects.order_by("number")
    assert third == DefinitionSet.current()
    needed = [version.stages["mql"]["when"]["all"][0]["value"] for version in (first, second, third)]
    assert needed == [45, 50, 50]
    assert first.superseded_at == second.effective_from
    assert second.superseded_at == third.effective_from == UNTIL - timedelta(days=115)
    for event in StageEvent.objects.filter(stage="mql").select_related("definition"):
        version = event.definition
        assert version.effective_from <= event.at
        assert version.superseded_at is None or event.at < version.superseded_at


@pytest.mark.django_db
def test_it_refuses_a_workspace_with_data():
    Channel.objects.create(key="mine", name="Mine", kind="paid")
    with pytest.raises(CommandError, match="empty workspace only, and there are channels"):
        create()
    assert not Lead.objects.exists()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_an_account_that_exists_stays_as_it_is():
    User.objects.create_user("admin", "me@company.example", "my own secret", name="Me", role="rep")
    said = create()
    mine = User.objects.get(username="admin")
    assert (mine.name, mine.email, mine.role) == ("Me", "me@company.example", "rep")
    assert mine.check_password("my own secret")
    assert "admin" not in said
    assert User.objects.get(username="manager").check_password(PASSWORD)


@pytest.mark.django_db
def test_who_became_an_mql_agrees_with_the_scoring_model():
    create(leads=300)
    model = DefinitionSet.current().scoring
    never = Lead.objects.counted().filter(mql_at=None).annotate(best=scoring.score(model, UNTIL))
    high = never.filter(best__gte=definitions.MQL)
    assert not high.exclude(job_title__in=["Student", "Job seeker"]).exists()
    became = Lead.objects.exclude(mql_at=None).annotate(then=scoring.score(model, F("mql_at")))
    assert became.exists()
    assert not became.filter(then__lt=definitions.MQL - 10).exists()  # some points had decayed by then


@pytest.mark.django_db
def test_every_figure_is_there_and_sane():
    create(leads=500)
    found = figures("2026-08-21", "2026-11-18")
    assert found.keys() == KPIS.keys() == SANE.keys()
    odd = {
        slug: found[slug]["value"]
        for slug, (low, high) in SANE.items()
        if found[slug]["value"] is None or not low <= found[slug]["value"] <= high
    }
    assert not odd
