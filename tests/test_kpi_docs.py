"""docs/kpis.md is what the catalogue says."""

from pathlib import Path

from django.conf import settings

from kpis import reference
from kpis.catalog import KPIS


def test_the_document_is_not_stale():
    written = (Path(settings.BASE_DIR) / "docs" / "kpis.md").read_text(encoding="utf-8")
    assert written == reference.text(), "run manage.py write_kpi_docs"


def test_every_kpi_is_in_the_document():
    assert all(f"`{slug}`" in reference.text() for slug in KPIS)
    assert len(KPIS) == 25
