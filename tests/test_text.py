"""Folding: every database agrees with Python on what is the same text."""

import importlib
import unicodedata

import pytest
from django.db import connection
from django.db.models import F, Value

from leads.models import Lead
from leads.text import Fold
from tests import factories

pytestmark = pytest.mark.django_db


def folded(*texts):
    """Return each text as the database folds it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT array_agg(leads_fold(t)) FROM unnest(%s::text[]) t", [list(texts)])
            return cursor.fetchone()[0]
        return [cursor.execute("SELECT leads_fold(%s)", [text]).fetchone()[0] for text in texts]


def every_character():
    codes = (code for code in range(1, 0x110000) if unicodedata.category(chr(code)) not in ("Cn", "Cs"))
    return [chr(code) for code in codes]


def test_every_character_folds_as_in_python():
    characters = every_character()
    assert folded(*characters) == [character.casefold() for character in characters]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite folds in Python")
def test_without_icu_postgresql_folds_the_same(monkeypatch):
    migration = importlib.import_module("leads.migrations.0002_fold")
    monkeypatch.setattr(migration, "ICU", migration.ASCII_ONLY)
    with connection.schema_editor() as editor:
        migration.create(None, editor)
    characters = every_character()
    assert folded(*characters) == [character.casefold() for character in characters]


@pytest.mark.parametrize(
    ("written", "fold"),
    [
        ("GmbH & Co. KG", "gmbh & co. kg"),
        ("ÉTUDIANT", "étudiant"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευσ"),
        ("οδυσσευς", "οδυσσευσ"),
        ("İSTANBUL", "i̇stanbul"),
        ("ISPARTA", "isparta"),
        ("ışık", "ışık"),
        ("ﬁnance", "finance"),
        ("", ""),
    ],
)
def test_words_fold(written, fold):
    assert folded(written) == [fold]


def test_it_folds_columns_and_values_in_a_query():
    factories.make_lead(country="ÖSTERREICH")
    assert Lead.objects.filter(country=F("country")).annotate(fold=Fold("country")).get().fold == "österreich"
    assert Lead.objects.annotate(fold=Fold(Value("ẞ"))).get().fold == "ss"
