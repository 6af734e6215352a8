"""Write docs/kpis.md from the catalogue."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from kpis import reference


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "kpis.md"
        path.write_text(reference.text(), encoding="utf-8")
        self.stdout.write(f"Wrote {path.name}: {path.stat().st_size:,} bytes")
