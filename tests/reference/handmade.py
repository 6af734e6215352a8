"""Small bundles written by hand, row by row."""

import csv
import json
from pathlib import Path
from typing import Any

COLUMNS = {
    "users": "id role team",
    "channels": "id name kind high_intent",
    "campaigns": "id name channel",
    "landing_pages": "id name path offer high_intent",
    "leads": "id created_at email company_size industry job_title country channel campaign landing_page"
    " tags status",
    "submissions": "lead at landing_page complete",
    "stage_events": "lead stage at",
    "attempts": "id lead at medium outcome",
    "appointments": "id lead booked_at scheduled_for status",
    "opportunities": "id lead opened_at amount currency monthly_revenue status closed_at",
    "spend": "id date side category channel campaign amount currency",
    "exchange_rates": "currency date rate",
    "sessions": "id visitor started_at channel landing_page high_intent",
    "touches": "lead at channel",
    "events": "lead at kind",
}
CHANNELS = [("ads", "Ads", "paid"), ("seo", "SEO", "organic"), ("direct", "Direct", "direct")]
CHANNELS += [("cold", "Cold", "outbound")]


def write_bundle(
    folder: Path, workspace: dict[str, Any] | None = None, /, **files: list[tuple[str, ...]]
) -> Path:
    """Write rows given as tuples in the order of COLUMNS; what is missing at the end is blank."""
    folder.mkdir()
    words = {"name": "T", "time_zone": "UTC", "currency": "EUR", **(workspace or {})}
    (folder / "workspace.json").write_text(json.dumps(words))
    for name, rows in {"channels": CHANNELS, **files}.items():
        columns = COLUMNS[name].split()
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([*row, *[""] * (len(columns) - len(row))] for row in rows)
    return folder


def leads(*days: int, **columns: str) -> list[tuple[str, ...]]:
    """Return one lead per day of January at noon, with these columns."""
    names = COLUMNS["leads"].split()
    row = {**dict.fromkeys(names, ""), **columns}
    return [
        tuple({**row, "id": f"l{day}", "created_at": f"2026-01-{day:02}T12:00:00Z"}[name] for name in names)
        for day in days
    ]
