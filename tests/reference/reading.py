"""A bundle folder as plain objects."""

import csv
import json
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.times import read_instant

NONE = "(none)"
Row = dict[str, str]


@dataclass
class StageEvent:
    stage: str
    at: datetime


@dataclass
class Attempt:
    at: datetime
    outcome: str


@dataclass
class Appointment:
    booked_at: datetime
    scheduled_for: datetime
    status: str


@dataclass
class Deal:
    id: str
    opened_at: datetime
    closed_at: datetime | None
    status: str
    amount: Fraction | None
    monthly_revenue: Fraction | None
    currency: str


@dataclass
class Submission:
    at: datetime
    landing_page: str
    complete: bool


@dataclass
class Touch:
    at: datetime
    channel: str
    campaign: str


@dataclass
class Event:
    at: datetime
    kind: str


@dataclass
class Lead:
    id: str
    created_at: datetime
    row: Row
    channel: str
    campaign: str
    landing_page: str
    owner: str
    company_size: int | None
    tags: list[str]
    status: str
    stage_events: list[StageEvent] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass
class Session:
    visitor: str
    started_at: datetime
    channel: str
    campaign: str
    landing_page: str
    high_intent: bool


@dataclass
class Spend:
    day: date
    side: str
    channel: str
    campaign: str
    amount: Fraction
    currency: str


class Bundle:
    """Everything a bundle folder says, with the defaults of the specification filled in."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.workspace: dict[str, Any] = json.loads(
            (self.folder / "workspace.json").read_text(encoding="utf-8-sig")
        )
        self.zone = ZoneInfo(self.workspace["time_zone"])
        self.currency: str = self.workspace["currency"]
        self.settings: dict[str, Any] = self.workspace.get("settings") or {}
        self.icp = self.workspace.get("icp")
        self.scoring = self.workspace.get("scoring")
        self.policies: list[dict[str, Any]] = self.workspace.get("sla") or []
        self.calendars = {c["slug"]: c for c in self.workspace.get("calendars") or []}
        self.targets = {t["kpi"]: number(t["value"]) for t in self.workspace.get("targets") or []}
        self.users = self.table("users")
        self.channels = self.table("channels")
        self.campaigns = self.table("campaigns")
        self.pages = self.table("landing_pages")
        self.rates = self._rates()
        self.leads = [self._lead(row) for row in self.rows("leads")]
        self._read_what_hangs_on_leads()
        self.sessions = [self._session(row) for row in self.rows("sessions")]
        self.spend = [self._spend(row) for row in self.rows("spend")]
        self.cache: dict[Any, Any] = {}  # what is slow to work out twice

    def setting(self, name: str, default: Any) -> Any:
        value = self.settings.get(name)
        return default if value is None else value

    def rows(self, name: str) -> list[Row]:
        """ "Column order free, missing optional columns are blank, absent file = empty"."""
        path = self.folder / f"{name}.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [Blank(row) for row in csv.DictReader(file)]

    def table(self, name: str) -> dict[str, Row]:
        return {row["id"]: row for row in self.rows(name)}

    def time(self, text: str) -> datetime:
        return read_instant(text, self.zone)

    def own_channel(self, row: Row) -> str:
        """Rule 14: "a spend row, lead, session or touch with a campaign and no channel has the
        campaign's channel"."""
        if row["campaign"] and not row["channel"]:
            return self.campaigns[row["campaign"]]["channel"]
        return row["channel"]

    def _rates(self) -> dict[str, list[tuple[date, Fraction]]]:
        rates: dict[str, list[tuple[date, Fraction]]] = {}
        for row in self.rows("exchange_rates"):
            rate = (date.fromisoformat(row["date"]), Fraction(row["rate"]))
            rates.setdefault(row["currency"], []).append(rate)
        return {currency: sorted(rows) for currency, rows in rates.items()}

    def convert(self, amount: Fraction, currency: str, day: date) -> Fraction | None:
        """Rule 8: "a row in another currency is converted with the latest rate on or before its
        date … without one the row is left out" (None)."""
        if currency in ("", self.currency):
            return amount
        rates = self.rates.get(currency, [])
        place = bisect_right(rates, day, key=lambda rate: rate[0])
        return amount * rates[place - 1][1] if place else None

    def _lead(self, row: Row) -> Lead:
        return Lead(
            id=row["id"],
            created_at=self.time(row["created_at"]),
            row=row,
            channel=self.own_channel(row),
            campaign=row["campaign"],
            landing_page=row["landing_page"],
            owner=row["owner"],
            company_size=int(row["company_size"]) if row["company_size"] else None,
            tags=row["tags"].split(";") if row["tags"] else [],
            status=row["status"] or "open",  # "blank = open"
        )

    def _read_what_hangs_on_leads(self) -> None:
        leads = {lead.id: lead for lead in self.leads}
        makers: dict[str, tuple[str, Callable[[Row], Any]]] = {
            "stage_events": ("stage_events", lambda r: StageEvent(r["stage"], self.time(r["at"]))),
            "attempts": ("attempts", lambda r: Attempt(self.time(r["at"]), r["outcome"])),
            "appointments": ("appointments", self._appointment),
            "opportunities": ("deals", self._deal),
            "touches": ("touches", self._touch),
            "events": ("events", lambda r: Event(self.time(r["at"]), r["kind"])),
        }
        for file, (attribute, make) in makers.items():
            for row in self.rows(file):
                getattr(leads[row["lead"]], attribute).append(make(row))
        self._read_submissions(leads)

    def _read_submissions(self, leads: dict[str, Lead]) -> None:
        for row in self.rows("submissions"):
            lead = leads[row["lead"]]
            # "complete (blank = judged from the lead's fields at import)"
            complete = row["complete"] == "true" if row["complete"] else self.is_complete(lead)
            lead.submissions.append(Submission(self.time(row["at"]), row["landing_page"], complete))
        for lead in self.leads:
            # "A lead (not merged) without a row has one, at its creation, with its landing page"
            if not lead.submissions and lead.status != "merged":
                lead.submissions.append(
                    Submission(lead.created_at, lead.landing_page, self.is_complete(lead))
                )

    def is_complete(self, lead: Lead) -> bool:
        """ "Key fields: a setting (default company_size, industry, job_title) … 0 is filled, blank
        is not"."""
        fields = self.setting("key_fields", ["company_size", "industry", "job_title"])
        return all((lead.channel if name == "channel" else lead.row[name]) != "" for name in fields)

    def _appointment(self, row: Row) -> Appointment:
        return Appointment(self.time(row["booked_at"]), self.time(row["scheduled_for"]), row["status"])

    def _deal(self, row: Row) -> Deal:
        return Deal(
            id=row["id"],
            opened_at=self.time(row["opened_at"]),
            closed_at=self.time(row["closed_at"]) if row["closed_at"] else None,
            status=row["status"],
            amount=Fraction(row["amount"]) if row["amount"] else None,
            monthly_revenue=Fraction(row["monthly_revenue"]) if row["monthly_revenue"] else None,
            currency=row["currency"],
        )

    def _touch(self, row: Row) -> Touch:
        return Touch(self.time(row["at"]), self.own_channel(row), row["campaign"])

    def _session(self, row: Row) -> Session:
        return Session(
            visitor=row["visitor"],
            started_at=self.time(row["started_at"]),
            channel=self.own_channel(row),
            campaign=row["campaign"],
            landing_page=row["landing_page"],
            high_intent=row["high_intent"] == "true",
        )

    def _spend(self, row: Row) -> Spend:
        return Spend(
            day=date.fromisoformat(row["date"]),
            side=row["side"],
            channel=self.own_channel(row),
            campaign=row["campaign"],
            amount=Fraction(row["amount"]),
            currency=row["currency"],
        )


class Blank(dict[str, str]):
    """A CSV row in which a column that is not there is blank."""

    def __missing__(self, key: str) -> str:
        return ""


def number(value: Any) -> Fraction:
    """Return a JSON number as its decimal digits say it, not as the nearest binary one."""
    return Fraction(str(value))
