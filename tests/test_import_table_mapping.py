"""A mapping file that is wrong is refused with the place in it."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from leads.exchange import tables
from leads.exchange.tables import MappingError
from leads.exchange.tables.mapping import SCHEMA

ROOT = Path(__file__).parent.parent
FIELDS = {"id": "Id", "created_at": "Created"}


def refused(**changes):
    with pytest.raises(MappingError) as caught:
        tables.parse({"fields": FIELDS, **changes})
    return str(caught.value)


def refused_field(**field):
    return refused(fields={**FIELDS, "channel": field})


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize(("name", "table"), [("leads", "leads"), ("deals", "opportunities")])
def test_the_example_mappings_are_valid(name, table):
    mapping = tables.load(ROOT / f"examples/olist/{name}.json")
    assert mapping.table == table


def test_the_mappings_of_the_guide_are_valid():
    blocks = re.findall(r"```json\n(.+?)```", (ROOT / "docs/import-table.md").read_text(), re.DOTALL)
    assert [tables.parse(json.loads(block)).table for block in blocks] == ["leads", "spend"]


def test_a_column_name_is_short_for_a_field():
    short = tables.parse({"fields": {"id": "Id"}})
    long = tables.parse({"fields": {"id": {"column": "Id"}}})
    assert short == long


def test_what_holds_for_the_file_holds_for_fields_that_say_nothing_else():
    mapping = tables.parse(
        {
            "blanks": ["-"],
            "dates": ["%d/%m/%Y"],
            "fields": {"id": "Id", "created_at": {"column": "Created", "dates": ["iso"], "blanks": []}},
        }
    )
    key, created = mapping.fields["id"], mapping.fields["created_at"]
    assert (key.dates, key.blanks) == (("%d/%m/%Y",), {"-"})
    assert (created.dates, created.blanks) == (("iso",), frozenset())


def test_columns_are_listed_once_each():
    mapping = tables.parse(
        {"leave_out": {"Id": ["Total*"]}, "fields": {**FIELDS, "email": {"template": "{Id}@{Host}"}}}
    )
    assert mapping.columns == ["Id", "Created", "Host"]


def test_an_unknown_setting_is_named():
    assert refused(colour="red") == "Additional properties are not allowed ('colour' was unexpected)"
    assert refused_field(column="Source", colum="x") == (
        "fields.channel: Additional properties are not allowed ('colum' was unexpected)"
    )


def test_the_path_leads_to_the_wrong_value():
    assert (
        refused_field(column="Source", dates=["iso", 5])
        == "fields.channel.dates[1]: 5 is not of type 'string'"
    )
    assert refused(file={"skip_lines": -1}).startswith("file.skip_lines: -1 is less than")
    assert refused_field(column="Source", create={"kinds": {"fb": "sozial"}}).startswith(
        "fields.channel.create.kinds.fb: 'sozial' is not one of ['paid', 'organic'"
    )


def test_a_field_has_one_source():
    one = "fields.channel: needs exactly one of column, template, value"
    assert refused_field(column="Source", value="web") == one
    assert refused_field(blanks=["-"]) == one


def test_the_id_is_required():
    assert refused(fields={"created_at": "Created"}) == "fields: 'id' is a required property"


def test_time_zones_and_encodings_must_exist():
    assert refused(time_zone="Europe/Pari") == "time_zone: 'Europe/Pari' is not a time zone"
    assert refused_field(column="a", time_zone="x") == "fields.channel.time_zone: 'x' is not a time zone"
    assert refused(file={"encoding": "utf-7000"}) == "file.encoding: 'utf-7000' is not a text encoding"
    assert refused(file={"encoding": "hex"}) == "file.encoding: 'hex' is not a text encoding"
    workspace = {"name": "Acme", "time_zone": "Mars", "currency": "EUR"}
    assert refused(workspace=workspace) == "workspace.time_zone: 'Mars' is not a time zone"


def test_quote_and_delimiter_differ():
    assert refused(file={"quote": ";", "delimiter": ";"}) == "file.quote: is the same as the delimiter"


def test_a_file_that_is_not_json_is_refused_with_its_line(tmp_path):
    path = tmp_path / "mapping.json"
    path.write_text('{"fields": {\n"id" "Id"}}')
    with pytest.raises(MappingError, match=r"^line 2: Expecting ':' delimiter$"):
        tables.load(path)
    path.write_bytes(b'{"about": "\xff"}')
    with pytest.raises(MappingError, match=r"mapping.json is not UTF-8$"):
        tables.load(path)
    with pytest.raises(MappingError, match=r"^cannot read .*none.json: No such file"):
        tables.load(tmp_path / "none.json")
    path.write_text("[]")
    with pytest.raises(MappingError, match="is not of type 'object'"):
        tables.load(path)
