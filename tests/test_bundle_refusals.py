"""What is wrong with a bundle is listed by file, line and column, and nothing of it is stored."""

# ruff: noqa: E501 (messages and files are shown whole)

import json
import stat
import struct
import zipfile
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from kpis.catalog import KPIS
from leads.exchange.bundle import BundleError, import_bundle
from leads.exchange.bundle import lines as bundle_lines
from leads.exchange.bundle.workspace import SCHEMA
from leads.models import Lead, Spend
from tests.bundle_helpers import WORKSPACE, all_rows, take, write_bundle

pytestmark = pytest.mark.django_db

LEADS = "id,created_at\nl1,2026-01-01\n"
MERGED = "id,created_at,status,merged_into\nl1,2026-01-01,,\ngone,2026-01-01,merged,l1\n"


def refused(tmp_path, workspace=None, **files):
    """Import a bundle that must be refused, and return its problems."""
    before = all_rows()
    with pytest.raises(BundleError) as error:
        take(tmp_path, workspace, **files)
    assert all_rows() == before
    return error.value.problems


@pytest.mark.parametrize(
    ("stem", "text", "problem"),
    [
        ("leads", "id,created_at\nl1,2026-13-01\n", "2: created_at: '2026-13-01' is not a time such as "
         "2026-01-31T09:00:00+01:00"),
        ("leads", "id,created_at\nl1,\n", "2: created_at: is required"),
        ("leads", "id,created_at\n,2026-01-01\n", "2: id: is required"),
        ("leads", "id,created_at\nl1,2026-01-01\n\nl1,2026-01-01\n", "4: id: 'l1' is a duplicate id"),
        ("leads", "id,created_at,status\nl1,2026-01-01,closed\n",
         "2: status: 'closed' is not one of open, merged, spam, test"),
        ("leads", "id,created_at,channel\nl1,2026-01-01,goggle\n", "2: channel: unknown channel 'goggle'"),
        ("leads", "id,created_at,owner\nl1,2026-01-01,nobody\n", "2: owner: unknown user 'nobody'"),
        ("leads", "id,created_at,company_size\nl1,2026-01-01,-1\n",
         "2: company_size: '-1' is not a whole number from 0 to 2147483647"),
        ("leads", "id,created_at,company_size\nl1,2026-01-01,2147483648\n",
         "2: company_size: '2147483648' is not a whole number from 0 to 2147483647"),
        ("leads", "id,created_at,company_size\nl1,2026-01-01,1.5\n",
         "2: company_size: '1.5' is not a whole number from 0 to 2147483647"),
        ("leads", f"id,created_at,phone\nl1,2026-01-01,{'1' * 1001}\n", "2: phone: is longer than 1000 characters"),
        ("leads", f"id,created_at\n{'k' * 201},2026-01-01\n", "2: id: is longer than 200 characters"),
        ("leads", "id,created_at,phone\nl1,2026-01-01,a\0b\n", "2: phone: holds a NUL character"),
        ("leads", f"id,created_at,email\nl1,2026-01-01,a@{'ß' * 900}\n",
         "2: email: has a domain that is longer than 1000 characters"),
        ("leads", "id,created_at\nl1,0001-01-01T00:00:00+14:00\n",
         "2: created_at: '0001-01-01T00:00:00+14:00' is not a time such as 2026-01-31T09:00:00+01:00"),
        ("leads", "id,created_at\nl1,9999-12-31T23:00:00-05:00\n",
         "2: created_at: '9999-12-31T23:00:00-05:00' is not a time such as 2026-01-31T09:00:00+01:00"),
        ("leads", "id,created_at,status,merged_into\nl1,2026-01-01,merged,\n",
         "2: merged_into: is required when the status is merged"),
        ("leads", "id,created_at,status,merged_into\nl2,2026-01-01,,\nl1,2026-01-01,open,l2\n",
         "3: merged_into: is only for leads with status merged"),
        ("leads", "id,created_at,status,merged_into\nl1,2026-01-01,merged,l1\n",
         "2: merged_into: 'l1' is a merged lead; its rows belong to the survivor"),
        ("leads", "id,created_at\nl1,2026-01-01,extra\n", "2: has 3 cells where the header has 2"),
        ("leads", "id,created_at\nl1\n", "2: has 1 cells where the header has 2"),
        ("leads", "id,created_at,colour\nl1,2026-01-01,red\n", None),
        ("leads", "id\nl1\n", "1: created_at: the column is missing"),
        ("leads", "id,id,created_at\nl1,l1,2026-01-01\n", "1: id: the column is there twice"),
        ("leads", "", "1: a header is required"),
        ("leads", b"id,created_at,phone\nl1,2026-01-01,\xe9\n", "2: is not UTF-8 (byte 15 is 0xe9)"),
        ("leads", 'id,created_at\n"l1,2026-01-01\n', "2: a quote opens here and never closes"),
        ("leads", 'id,created_at\n"l"1,2026-01-01\n',
         "2: text follows a closing quote; a quote inside a cell is doubled"),
        ("leads", f"id,created_at\n{'x' * 1_000_001},2026-01-01\n",
         "2: a cell has more than 1,000,000 characters; does a quote never close?"),
        ("channels", "id,name,kind,high_intent\nads,Ads,paid,yes\n", "2: high_intent: 'yes' is not true or false"),
        ("channels", "id,name,kind\nads,Ads,Paid\n", "2: kind: 'Paid' is not one of paid, organic, social, email, "
         "referral, direct, event, outbound, partner, other"),
        ("users", "id,role\nann,boss\n", "2: role: 'boss' is not one of rep, manager, admin"),
        ("spend", "id,date,side,category,amount\ns,01/02/2026,marketing,ads,1\n",
         "2: date: '01/02/2026' is not a date such as 2026-01-31"),
        ("spend", "id,date,side,category,amount\ns,2026-01-01,marketing,ads,\"1,5\"\n",
         "2: amount: '1,5' is not a number such as 1234.5"),
        ("spend", "id,date,side,category,amount\ns,2026-01-01,marketing,ads,NaN\n",
         "2: amount: 'NaN' is not a number such as 1234.5"),
        ("spend", "id,date,side,category,amount\ns,2026-01-01,marketing,ads,1e\n",
         "2: amount: '1e' is not a number such as 1234.5"),
        ("spend", "id,date,side,category,amount\ns,2026-01-01,marketing,ads,0.1234567890123\n",
         "2: amount: 0.1234567890123 has more than 12 decimals"),
        ("spend", "id,date,side,category,amount\ns,2026-01-01,marketing,ads,1000000000000\n",
         "2: amount: 1000000000000 has more than 12 digits before the point"),
        ("spend", "id,date,side,category,amount,currency\ns,2026-01-01,marketing,ads,1,eur\n",
         "2: currency: 'eur' is not a currency code of three capital letters"),
        ("exchange_rates", "currency,date,rate\nUSD,2026-01-01,0\n", "2: rate: is not more than 0"),
        ("exchange_rates", "currency,date,rate\nUSD,2026-01-01,1\nUSD,2026-01-01,2\n",
         "3: currency: 'USD' is there for the same date already"),
        ("sessions", "id,visitor,started_at,lead\ns,v,2026-01-01,l9\n", "2: lead: unknown lead 'l9'"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_reported_with_its_place(tmp_path, stem, text, problem):
    problems = refused(tmp_path, **{stem: text})
    assert len(problems) == 1
    if problem:
        assert problems == [f"{stem}.csv:{problem}"]
    else:
        assert problems[0].startswith(f"{stem}.csv:1: colour: unknown column (there are id, created_at,")


@pytest.mark.parametrize(
    ("stem", "text", "problem"),
    [
        ("opportunities", "id,lead,opened_at,status\no,l1,2026-01-01,won\n",
         "2: closed_at: is required when the status is won or lost"),
        ("touches", "lead,at\nl1,2026-01-01\n", "2: channel: is required, or else a campaign"),
        ("appointments", "id,lead,booked_at,scheduled_for,status,moved_to\na,l1,2026-01-01,2026-01-02,rescheduled,b\n",
         "2: moved_to: 'b' is neither an appointment nor a time"),
        ("events", "lead,at,kind\ngone,2026-01-01,download\n",
         "2: lead: 'gone' is a merged lead; its rows belong to the survivor"),
        ("sessions", "id,visitor,started_at,lead\ns,v,2026-01-01,gone\n",
         "2: lead: 'gone' is a merged lead; its rows belong to the survivor"),
        ("submissions", "id,lead,at\nx,l1,2026-01-01\n,l1,2026-01-01\nx,l1,2026-01-01\n", "4: id: 'x' is a duplicate id"),
        ("attempts", "id,lead,at,by,medium,outcome\na,l1,2026-01-01,eve,call,connected\n",
         "2: by: unknown user 'eve'"),
    ],
)  # fmt: skip
def test_a_bad_row_of_a_lead_is_reported(tmp_path, stem, text, problem):
    assert refused(tmp_path, leads=MERGED, **{stem: text}) == [f"{stem}.csv:{problem}"]


def test_a_row_may_not_name_a_lead_that_is_merged_already(tmp_path):
    take(tmp_path / "1", leads=MERGED)
    problems = refused(tmp_path / "2", events="lead,at,kind\ngone,2026-01-01,download\n")
    assert problems == ["events.csv:2: lead: 'gone' is a merged lead; its rows belong to the survivor"]
    again = "id,created_at,status,merged_into\nl9,2026-01-01,,\nl1,2026-01-01,merged,l9\n"
    assert refused(tmp_path / "3", leads=again) == [
        "leads.csv:3: status: other leads are merged into this one"
    ]


def test_all_problems_are_listed_in_the_order_of_the_bundle(tmp_path):
    problems = refused(
        tmp_path,
        channels="id,name,kind\nads,Ads,x\n",
        leads='created_at,id,company_size,channel\nx,l1,y,ads\n2026-01-01,"a\nb",,no\n2026-01-01,l3,z,\n',
        events="lead,at,kind\nl1,2026-01-01,ok\nl9,2026-01-01,ok\n",
    )
    assert [problem.rpartition(": ")[0] for problem in problems] == [
        "channels.csv:2: kind",
        "leads.csv:2: created_at",
        "leads.csv:2: company_size",
        "leads.csv:3: channel",
        "leads.csv:5: company_size",
        "events.csv:3: lead",
    ]


def test_the_first_thousand_are_listed_and_the_rest_counted(tmp_path):
    leads = "id,created_at\n" + "".join(f"l{number},x\n" for number in range(700))
    events = "lead,at,kind\n" + "nobody,2026-01-01,a\n" * 900
    folder = write_bundle(tmp_path, leads=leads, events=events)
    with pytest.raises(CommandError) as error:
        call_command("import_bundle", str(folder))
    text = str(error.value).splitlines()
    assert text[0] == f"Nothing was imported from {folder}."
    assert text[1].startswith("leads.csv:2: created_at: 'x' is not a time")
    assert text[1000] == "events.csv:301: lead: unknown lead 'nobody'"
    assert text[1001:] == ["and 600 more"]


def test_one_bad_row_leaves_everything_as_it_was(tmp_path):
    take(tmp_path / "1", leads=LEADS, users="id,role\nann,rep\n")
    problems = refused(
        tmp_path / "2",
        {"name": "Other", "targets": [{"kpi": "cost_per_lead", "value": 1}]},
        users="id,role,team\nbob,rep,North\n",
        leads="id,created_at,email\nl1,2026-01-01,new\nl2,2026-01-01,\n",
        events="lead,at,kind\nl1,2026-01-01,ok\nl1,soon,ok\n",
    )
    assert len(problems) == 1
    take(tmp_path / "3", leads=LEADS)  # and the next import is not in the way of the last


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"colour": "red"}, "Additional properties are not allowed ('colour' was unexpected)"),
        ({"name": 5}, "name: 5 is not of type 'string'"),
        ({"time_zone": "Mars/Base"}, "time_zone: 'Mars/Base' is not an IANA time zone"),
        ({"currency": "EUR\n"}, None),
        ({"currency": "eur"}, "currency: 'eur' does not match '^[A-Z]{3}$'"),
        ({"settings": {"gross_margin": 1.5}}, "settings.gross_margin: 1.5 is greater than the maximum of 1"),
        ({"settings": {"gross_margin": 0.1234567890123}}, "settings.gross_margin: 0.1234567890123 has more than 12 decimals"),
        ({"settings": {"key_fields": ["shoe_size"]}}, None),
        ({"targets": [{"kpi": "profit", "value": 1}]}, None),
        (
            {"targets": [{"kpi": "cost_per_lead", "value": 1}, {"kpi": "cost_per_lead", "value": 2}]},
            "targets[1].kpi: 'cost_per_lead' is there twice",
        ),
        ({"icp": {"all": [{"field": "shoe", "op": "eq", "value": 1}]}}, "icp.all[0].field: 'shoe' is not a field"),
        ({"icp": {"field": "email"}}, "icp: 'op' is a required property"),
        (
            {"scoring": {"rules": [{"slug": "a", "category": "demographic", "points": 1,
                                    "when": {"field": "score", "op": "gt", "value": 1}}]}},
            "scoring.rules[0].when.field: score may not be used here, for it would depend on itself",
        ),
        (
            {"scoring": {"thresholds": {"warm": 50, "mql": 20, "sql": 70}}},
            "scoring.thresholds: must rise: warm below mql below sql",
        ),
        (
            {"stages": {"mql": {"when": {"not": {"field": "stage", "op": "eq", "value": "mql"}}}}},
            "stages.mql.when: asks for the stage mql itself",
        ),
        (
            {"sla": [{"slug": "a", "minutes": 5, "when": {"field": "score", "op": "gt", "value": 1}}]},
            "sla[0].when.field: score may not be used here, for it would depend on itself",
        ),
        ({"sla": [{"slug": "a", "minutes": 5, "calendar": "office"}]}, "sla[0].calendar: unknown calendar 'office'"),
        (
            {"sla": [{"slug": "a", "minutes": 5, "clock": "business_hours"}]},
            "sla[0].calendar: is required for business hours",
        ),
        ({"calendars": [{"slug": "a", "hours": {"mon": []}}]}, "calendars[0].hours: never opens"),
        (
            {"calendars": [{"slug": "a", "hours": {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}}]},
            "calendars[0].hours.mon: the span from 11:00 overlaps the one before it",
        ),
        ({"icp": {"field": "email", "op": "eq", "value": "\ud800"}}, None),
        ({"name": "a\0b"}, "name: holds a character that is not text"),
    ],
)  # fmt: skip
def test_a_wrong_workspace_file_is_refused_with_the_path(tmp_path, change, problem):
    problems = refused(tmp_path, change, leads=LEADS)
    assert problems[0].startswith("workspace.json:1: ")
    assert problem is None or problems == [f"workspace.json:1: {problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "workspace.json:1: is not JSON: Expecting property name enclosed in double quotes"),
        ('{\n"name": "A",\n}', "workspace.json:3: is not JSON: Illegal trailing comma before end of object"),
        ('{"name": "A", "name": "B"}', "workspace.json:1: the key 'name' is there twice"),
        ('{"name": NaN}', "workspace.json:1: NaN is not a number"),
        ('{"a": 1e999}', "workspace.json:1: 1e999 is out of range"),
        ("[" * 100_000, "workspace.json:1: is nested too deep"),
        (
            '{"name": "A", "time_zone": "UTC", "currency": "EUR", "icp": '
            + '{"not":' * 300
            + "{}"
            + "}" * 301,
            "workspace.json:1: is nested too deep",
        ),
        ("[]", "workspace.json:1: [] is not of type 'object'"),
        (b'{"name": "\xff"}', "workspace.json:1: is not UTF-8"),
    ],
)
def test_a_workspace_file_that_is_not_json_is_refused(tmp_path, text, problem):
    folder = write_bundle(tmp_path)
    (folder / "workspace.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BundleError) as error:
        import_bundle(folder)
    if "trailing comma" in problem:  # as newer Pythons say it
        assert error.value.problems[0].startswith("workspace.json:")
    else:
        assert error.value.problems == [problem]


def refused_path(path, **kwargs):
    before = all_rows()
    with pytest.raises(BundleError) as error:
        import_bundle(path, **kwargs)
    assert all_rows() == before
    [problem] = error.value.problems
    return problem


def test_a_folder_that_is_no_bundle_is_refused(tmp_path):
    assert refused_path(tmp_path) == "workspace.json is missing: this is not a bundle"
    assert refused_path(tmp_path / "none").endswith("none: no such file or folder")
    folder = write_bundle(tmp_path / "a")
    (folder / "notes.txt").write_text("x")
    assert refused_path(folder).startswith(
        "notes.txt: no such file in a bundle (there are workspace.json, users.csv,"
    )
    (folder / "notes.txt").unlink()
    (folder / "sub").mkdir()
    assert refused_path(folder) == "sub: only files belong in a bundle"
    (folder / "sub").rmdir()
    (folder / "leads.csv").symlink_to("/etc/passwd")
    assert refused_path(folder) == "leads.csv: links are refused"


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path):
    folder = write_bundle(tmp_path)
    with (folder / "leads.csv").open("wb") as file:
        file.truncate(2_000_000_000)
    problem = "leads.csv: has 2,000,000,000 bytes, and 1,999,999,999 are the most that is read"
    assert refused_path(folder) == problem
    with pytest.raises(CommandError, match="100 are the most"):
        call_command("import_bundle", str(folder), max_file_size=100)


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle_lines, "LINE_LIMIT", 100)
    folder = write_bundle(tmp_path, leads=LEADS + "x" * 200)
    assert refused_path(folder) == "leads.csv:3: the line has more than 100 bytes"


def zipped(tmp_path, members, **kwargs):
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("workspace.json", json.dumps(WORKSPACE))
        for member, content in members:
            archive.writestr(member, content)
    return path


@pytest.mark.parametrize(
    "name", ["../leads.csv", "/leads.csv", "a/../../leads.csv", "..\\leads.csv", "C:leads.csv"]
)
def test_a_path_that_leads_out_of_a_zip_is_refused(tmp_path, name):
    problem = refused_path(zipped(tmp_path, [(name, LEADS)]))
    assert problem.endswith(": a path that leads out of the bundle is refused")


def test_a_link_in_a_zip_is_refused(tmp_path):
    link = zipfile.ZipInfo("leads.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refused_path(zipped(tmp_path, [(link, "/etc/passwd")])) == "leads.csv: links are refused"


def test_a_zip_bomb_is_refused(tmp_path):
    problem = refused_path(zipped(tmp_path, [("leads.csv", b"0" * 20_000_000)]))
    assert problem == "leads.csv: unpacks to more than 100 times its size, as a zip bomb does"


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path):
    path = zipped(tmp_path, [("leads.csv", LEADS + "l2,2026-01-01\n" * 5_000)])
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 20)  # of what is 70,000 bytes
    path.write_bytes(data)
    with pytest.raises(BundleError, match="cannot be read"):
        import_bundle(path)
    assert not Lead.objects.exists()


def test_a_broken_or_encrypted_or_nested_zip_is_refused(tmp_path):
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 nothing")
    assert refused_path(broken) == "broken.zip: not a folder and not a readable zip (File is not a zip file)"
    path = zipped(tmp_path, [("leads.csv", LEADS)])
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert refused_path(path) == "leads.csv: is encrypted"
    assert refused_path(zipped(tmp_path, [("a/b/leads.csv", LEADS)])).startswith(
        "a/b/leads.csv: no such file"
    )
    assert refused_path(zipped(tmp_path, [("inner.zip", b"PK")])).startswith("inner.zip: no such file")


def test_a_file_twice_in_a_zip_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(tmp_path, [("leads.csv", LEADS), ("leads.csv", LEADS)])
    assert refused_path(path) == "leads.csv: is in the zip twice"


def test_a_zip_that_is_damaged_inside_is_refused(tmp_path):
    path = zipped(tmp_path, [("leads.csv", LEADS + "".join(f"k{n},2026-01-01\n" for n in range(5_000)))])
    data = bytearray(path.read_bytes())
    middle = data.index(b"leads.csv") + 2_000
    data[middle : middle + 200] = bytes(200)
    path.write_bytes(data)
    with pytest.raises(BundleError, match="cannot be read"):
        import_bundle(path)
    assert not Lead.objects.exists()


def test_the_schema_lists_the_kpis_of_the_catalogue():
    schema = json.loads(SCHEMA.read_text())
    listed = schema["properties"]["targets"]["items"]["properties"]["kpi"]["enum"]
    assert sorted(listed) == sorted(KPIS)


def test_a_number_that_sqlite_would_round_is_refused_there(tmp_path):
    spend = "id,date,side,category,amount\ns,2026-01-01,marketing,ads,123456789012.345678\n"
    if connection.vendor == "sqlite":
        assert refused(tmp_path, spend=spend) == [
            "spend.csv:2: amount: 123456789012.345678 has more than 15 digits, which SQLite cannot keep exactly"
        ]
    else:
        take(tmp_path, spend=spend)
        assert Spend.objects.get().amount == Decimal("123456789012.345678")
