"""CSV files in the shapes they really come in."""

from decimal import Decimal

import pytest

from leads.exchange import tables
from leads.exchange.tables import MappingError, TableError
from leads.models import Campaign, Channel, Lead, Spend, Workspace
from tests.factories import NOON

pytestmark = pytest.mark.django_db

FIELDS = {"id": "Id", "created_at": "Created", "company": "Firma"}


@pytest.fixture(autouse=True)
def workspace():
    return Workspace.objects.create(pk=1, name="Acme", time_zone="Europe/Paris", currency="EUR")


@pytest.fixture
def read(tmp_path):
    def read(content, table="leads", fields=FIELDS, **mapping):
        path = tmp_path / "export.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tables.read(table, path, tables.parse({"fields": fields, **mapping}))

    return read


def problems(plan):
    return [str(problem) for problem in plan.check().problems]


TEXT = "Id;Created;Firma\nL1;2026-01-31;Müller & Söhne €\n"


@pytest.mark.parametrize(
    ("encoding", "guess"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_encodings_are_guessed_and_the_uncertain_ones_said(read, encoding, guess):
    plan = read(TEXT.encode(encoding))
    assert plan.source.encoding == guess
    assert bool(plan.notes) == (not guess.startswith("utf-8"))
    plan.apply(NOON)
    assert Lead.objects.get().company == "Müller & Söhne €"


def test_an_encoding_may_be_declared(read):
    plan = read(TEXT.replace("€", "ø").encode("latin-1"), file={"encoding": "latin-1"})
    plan.apply(NOON)
    assert Lead.objects.get().company == "Müller & Söhne ø"
    assert plan.notes == []


def test_bytes_outside_the_declared_encoding_are_refused_with_their_line(read):
    with pytest.raises(TableError, match=r"^export.csv:2: not valid utf-8: .* can't decode byte 0xfc"):
        read(TEXT.encode("cp1252"), file={"encoding": "utf-8"}).check()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_guessed(read, delimiter):
    header = ["Id", "Created", '"Firma, SARL; Ort"']
    plan = read(delimiter.join(header) + "\n", fields={"id": "Id", "created_at": "Created"})
    assert plan.source.header == ["Id", "Created", "Firma, SARL; Ort"]


def test_quoted_headers_do_not_mislead_the_guess(read):
    plan = read('"Id";"Created";"Firma"\n"L1";"2026-01-31";"a, ""b""\nc;d"\n')
    plan.apply(NOON)
    assert Lead.objects.get().company == 'a, "b"\nc;d'


def test_title_lines_are_skipped_and_lines_still_counted_from_the_top(read):
    plan = read(
        'Report\n"1 May, 2026"\n\nId,Created,Firma\n\nL1,2026-01-31,a\nL2,soon,b\n', file={"skip_lines": 2}
    )
    assert problems(plan) == ["7: Created: 'soon' is not a time written as ISO 8601"]


def test_a_row_over_several_lines_is_named_by_its_first(read):
    plan = read('Id,Created,Firma\nL1,2026-01-31,"a\nb"\nL2,soon,b\n')
    assert problems(plan) == ["4: Created: 'soon' is not a time written as ISO 8601"]


def test_columns_nobody_mapped_are_named(read):
    assert read("Id,Created,Firma,Fax,Notes\n").notes == ["columns not used: Fax, Notes"]


def test_a_missing_or_repeated_column_is_refused(read):
    with pytest.raises(TableError, match=r"^export.csv has no column 'Firma'; its columns are: Id, Created$"):
        read("Id,Created\n")
    with pytest.raises(TableError, match="has 2 columns named 'Id'"):
        read("Id,Created,Firma,Id\n")


def test_a_file_without_rows_or_without_anything(read, tmp_path):
    assert read("Id,Created,Firma\n").apply(NOON).rows == 0
    with pytest.raises(TableError, match=r"^export.csv has no header$"):
        read("")
    with pytest.raises(TableError, match=r"is not a file$"):
        tables.read("leads", tmp_path, tables.parse({"fields": FIELDS}))


def test_rows_of_another_width_are_refused(read):
    plan = read("Id,Created,Firma\nL1,2026-01-31\nL2,2026-01-31,a,b\n")
    assert problems(plan) == [
        "2: the row has 2 cells, the header 3",
        "3: the row has 4 cells, the header 3",
    ]


def test_a_quote_left_open_is_refused_where_it_opens(read):
    with pytest.raises(TableError, match=r"^export.csv:3: not readable as CSV: unexpected end of data"):
        read('Id,Created,Firma\nL1,2026-01-31,a\nL2,2026-01-31,"b\nL3,2026-01-31,c\n').check()


def test_a_mapping_made_for_another_table_is_refused(tmp_path):
    mapping = tables.parse({"table": "spend", "fields": FIELDS})
    with pytest.raises(MappingError, match=r"^table: the mapping is for spend, not for leads$"):
        tables.read("leads", tmp_path / "export.csv", mapping)


def test_spend_of_google_ads_in_english(read):
    plan = read(
        "Search keyword report\n1 October 2026 - 7 October 2026\n"
        "Day,Campaign,Ad group,Cost,Clicks\n"
        '2026-10-01,Stag Shirts — Search,T-shirts,"£1,012.40",120\n'
        "02/10/2026,Stag Shirts — Search,Outfits,3.50,9\n"
        "2026-10-02,Brand,Outfits,--,9\n"
        "Total: Account,,,£1015.90,129\n",
        table="spend",
        file={"skip_lines": 2},
        leave_out={"Day": ["Total*"]},
        dates=["iso", "%d/%m/%Y"],
        blanks=["--"],
        fields={
            "id": {"template": "google/{Campaign}/{Ad group}/{Day}"},
            "date": "Day",
            "side": {"value": "marketing"},
            "category": {"value": "ads"},
            "channel": {
                "value": "google-ads",
                "create": {"kind": "paid", "names": {"google-ads": "Google Ads"}},
            },
            "campaign": {"column": "Campaign", "create": {}},
            "amount": {"column": "Cost", "default": 0, "numbers": {"thousands": ",", "strip": "£"}},
            "currency": {"value": "GBP"},
        },
    )
    tally = plan.apply(NOON)
    assert tally.kinds == {"new": 3, "left out": 1}
    assert tally.added == {"channels": 1, "campaigns": 2}
    rows = Spend.objects.order_by("date", "key").values_list(
        "date", "amount", "channel__name", "campaign__key"
    )
    assert [(str(date), *rest) for date, *rest in rows] == [
        ("2026-10-01", Decimal("1012.4"), "Google Ads", "Stag Shirts — Search"),
        ("2026-10-02", Decimal(0), "Google Ads", "Brand"),
        ("2026-10-02", Decimal("3.5"), "Google Ads", "Stag Shirts — Search"),
    ]
    assert Channel.objects.get().kind == "paid"
    assert {campaign.channel.key for campaign in Campaign.objects.all()} == {"google-ads"}


def test_spend_of_meta_ads_in_french(read):
    plan = read(
        "Jour;Nom de la campagne;Montant dépensé (USD)\n"
        '01/08/2026;Broad;"1 234,56"\n02/08/2026;Broad;12,50 €\n',
        table="spend",
        dates=["%d/%m/%Y"],
        numbers={"decimal": ",", "thousands": " ", "strip": "€"},
        fields={
            "id": {"template": "meta/{Jour}/{Nom de la campagne}"},
            "date": "Jour",
            "side": {"value": "marketing"},
            "category": {"value": "ads"},
            "amount": "Montant dépensé (USD)",
            "note": "Nom de la campagne",
        },
    )
    plan.apply(NOON)
    assert list(Spend.objects.order_by("date").values_list("amount", "channel", "note")) == [
        (Decimal("1234.56"), None, "Broad"),
        (Decimal("12.5"), None, "Broad"),
    ]
