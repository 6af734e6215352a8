"""The bundle's files, written row by row."""

import csv
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

Write = Callable[[Iterable[Any]], Any]

COLUMNS = {
    "users": "id name email role team",
    "channels": "id name kind high_intent",
    "campaigns": "id name channel starts_on ends_on budget",
    "landing_pages": "id name path offer high_intent campaign",
    "leads": "id created_at email first_name last_name phone job_title seniority job_function company website"
    " company_size industry country region channel campaign landing_page utm_source utm_medium utm_campaign"
    " utm_term utm_content owner tags status merged_into",
    "submissions": "id lead at landing_page complete",
    "stage_events": "id lead stage at by reason",
    "attempts": "id lead at by medium outcome note",
    "appointments": "id lead booked_at scheduled_for minutes by status moved_to",
    "opportunities": "id lead name opened_at amount currency monthly_revenue status closed_at lost_reason",
    "spend": "id date side category channel campaign amount currency note",
    "exchange_rates": "currency date rate",
    "sessions": "id visitor started_at channel campaign landing_page referrer utm_source utm_medium"
    " utm_campaign high_intent lead",
    "touches": "id lead at channel campaign kind",
    "events": "id lead at kind",
}


class Files:
    """One open CSV file per table; each attribute writes a row of it."""

    users: Write
    channels: Write
    campaigns: Write
    landing_pages: Write
    leads: Write
    submissions: Write
    stage_events: Write
    attempts: Write
    appointments: Write
    opportunities: Write
    spend: Write
    exchange_rates: Write
    sessions: Write
    touches: Write
    events: Write

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()

    def __enter__(self) -> "Files":
        for table, columns in COLUMNS.items():
            path = self._folder / f"{table}.csv"
            file = self._open.enter_context(path.open("w", encoding="utf-8", newline=""))
            write = csv.writer(file, lineterminator="\n").writerow
            write(columns.split())
            setattr(self, table, write)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
