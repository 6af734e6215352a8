"""`manage.py import_table`: what it says, and what it leaves behind."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from leads.models import Lead, Workspace

pytestmark = pytest.mark.django_db

MAPPING = {
    "workspace": {"name": "Acme", "time_zone": "Europe/Paris", "currency": "EUR"},
    "fields": {
        "id": "Id",
        "created_at": "Created",
        "company": "Firma",
        "channel": {"column": "Source", "create": {}},
    },
}
GOOD = "Id;Created;Firma;Source\nL1;2026-01-31;Ünï;web\n"
BAD = GOOD + "L2;soon;Müller, Söhne;fax\nL3;2026-01-31;;web;\n"


@pytest.fixture
def run(tmp_path):
    """Return a function that runs the command and returns all it printed."""

    def run(content, *options, mapping=MAPPING, encoding="utf-8"):
        (tmp_path / "crm.csv").write_bytes(content.encode(encoding))
        (tmp_path / "mapping.json").write_text(json.dumps(mapping))
        out = StringIO()
        arguments = [
            "leads",
            str(tmp_path / "crm.csv"),
            "--mapping",
            str(tmp_path / "mapping.json"),
            *options,
        ]
        try:
            call_command("import_table", *arguments, stdout=out, stderr=out, no_color=True)
        except CommandError as error:
            out.write(f"CommandError: {error}")
        return out.getvalue().replace(str(tmp_path), "DIR").strip().splitlines()

    return run


def test_it_imports_and_counts(run):
    assert run(GOOD) == ["crm.csv: 1 row: 1 new", "added with them: 1 channel"]
    assert run(GOOD) == ["crm.csv: 1 row: 1 unchanged"]
    assert Lead.objects.get().company == "Ünï"


def test_a_dry_run_stores_nothing_not_even_the_workspace(run):
    assert run(GOOD, "--dry-run") == [
        "crm.csv: 1 row: 1 new",
        "added with them: 1 channel",
        "nothing was stored: this was a dry run",
    ]
    assert not Lead.objects.exists()
    assert not Workspace.objects.exists()


def test_it_can_tell_the_fate_of_every_row(run):
    lines = run(BAD, "--dry-run", "--verbosity", "2")
    assert lines[:3] == ["2: new L1", "3: error L2", "4: error "]


def test_bad_rows_refuse_the_whole_file(run, tmp_path):
    assert run(BAD) == [
        "crm.csv: 3 rows: 1 new, 2 error",
        "added with them: 1 channel",
        "2 errors:",
        "  crm.csv:3: Created: 'soon' is not a time written as ISO 8601",
        "  crm.csv:4: the row has 5 cells, the header 4",
        "CommandError: nothing was imported: 2 of 3 rows are wrong",
    ]
    assert not Workspace.objects.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crm.csv", "mapping.json"]


def test_refused_rows_are_written_so_that_they_can_be_put_right_and_imported(run, tmp_path):
    mapping = {**MAPPING, "file": {"skip_lines": 1}}
    lines = run("Report\n" + BAD, "--skip-errors", mapping=mapping, encoding="cp1252")
    assert lines[0] == "read as cp1252; if letters look wrong, set file.encoding in the mapping"
    assert lines[-1] == "the refused rows are in DIR/crm.csv.errors.csv"
    refused = (tmp_path / "crm.csv.errors.csv").read_text("cp1252")
    assert refused == (
        "\nId;Created;Firma;Source;line;reason\n"
        "L2;soon;Müller, Söhne;fax;4;Created: 'soon' is not a time written as ISO 8601\n"
        "L3;2026-01-31;;web;;5;the row has 5 cells, the header 4\n"
    )
    assert Lead.objects.get().key == "L1"

    mended = refused.replace("soon", "2026-02-01").replace("web;;", "web;")
    assert run(mended, mapping=mapping)[1] == "crm.csv: 2 rows: 2 new"


def test_the_file_of_refused_rows_may_be_named(run, tmp_path):
    assert run(BAD, "--dry-run", "--errors", str(tmp_path / "bad.csv"))[-2:] == [
        "the refused rows are in DIR/bad.csv",
        "nothing was stored: this was a dry run",
    ]
    assert len((tmp_path / "bad.csv").read_text("utf-8-sig").splitlines()) == 3


def test_the_workspace_may_be_described_by_options(run):
    mapping = {"fields": MAPPING["fields"]}
    assert run(GOOD, mapping=mapping) == [
        "CommandError: DIR/mapping.json: workspace: there is none yet: give its name, time_zone and currency"
    ]
    run(GOOD, "--time-zone", "America/Sao_Paulo", "--currency", "BRL", mapping=mapping)
    workspace = Workspace.objects.get()
    assert (workspace.name, workspace.time_zone, workspace.currency) == (
        "My company",
        "America/Sao_Paulo",
        "BRL",
    )


def test_options_override_the_mappings_workspace(run):
    run(GOOD, "--currency", "USD")
    workspace = Workspace.objects.get()
    assert (workspace.name, workspace.time_zone, workspace.currency) == ("Acme", "Europe/Paris", "USD")


def test_wrong_options_files_and_mappings_are_refused(run):
    assert run(GOOD, "--time-zone", "Mars") == [
        "CommandError: DIR/mapping.json: --time-zone: 'Mars' is not a time zone"
    ]
    assert run(GOOD, "--currency", "euro") == ["CommandError: --currency: 'euro' is not a currency code"]
    assert run(BAD, "--skip-errors", "--errors", "/no/such/folder/bad.csv") == [
        "CommandError: cannot write /no/such/folder/bad.csv: No such file or directory"
    ]
    assert not Lead.objects.exists()
    assert run("Id;Created\n") == [
        "CommandError: crm.csv has no column 'Firma'; its columns are: Id, Created"
    ]
    assert run(
        GOOD, mapping={**MAPPING, "fields": {"id": "Id", "created_at": "Created", "emial": "Firma"}}
    ) == ["CommandError: DIR/mapping.json: fields.emial: no such field; did you mean email?"]
