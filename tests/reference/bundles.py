"""Random bundles full of what goes wrong: edges of days, clock changes, ties, blanks, credit notes."""

import csv
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.reference.conditions_at_random import DIFFICULT_TEXTS, EVENT_KINDS, TAGS
from tests.reference.definitions_at_random import STAGES, Chooser, Definitions
from tests.reference.times import DAY, TICK, add_months, day_start, instant, month_start

# Each zone with days on which its clocks change: across noon-safe hours, at midnight, by half an
# hour, across midnight (St John's) or over a whole day (Apia).
ZONES = {
    "Europe/Paris": ["2026-03-29", "2025-10-26"],
    "America/Sao_Paulo": ["2018-02-18", "2018-11-04"],
    "America/New_York": ["2025-11-02", "2026-03-08"],
    "Asia/Kolkata": ["2026-01-01", "2025-10-01"],
    "Australia/Lord_Howe": ["2025-10-05", "2026-04-05"],
    "UTC": ["2026-02-28", "2024-02-29"],
    "Atlantic/Azores": ["2025-10-26", "2026-03-29"],
    "America/Havana": ["2025-11-02", "2025-03-09"],
    "America/St_Johns": ["2010-11-07", "2010-03-14"],
    "Pacific/Apia": ["2011-12-30"],
}
KINDS = ["paid", "organic", "social", "email", "referral", "direct", "event", "outbound", "partner", "other"]
CHANNEL_IDS = ["Zeta-ads", "alpha", "_direct", "beta, inc", "Élan", "zz", "Partner X", "mail's", "9"]
SIZES = ["", "0", "1", "10", "11", "50", "51", "200", "201", "500", "501", "1000", "1001", "5000", "5001"]
OUTCOMES = ["connected", "replied", "email_sent", "message_sent", "meeting_booked"]
OUTCOMES += ["no_answer", "voicemail", "wrong_number", "bounced", "gatekeeper"]
CATEGORIES = ["ads", "creative", "agency", "events", "salaries", "benefits", "software", "other"]
COUNTRIES = ["FR", "fr", "Côte d'Ivoire", "DE", "US"]
INDUSTRIES = ["SaaS", "saas", 'Retail "big"', "Pharma, bio", "Énergie"]
CURRENCIES = ["EUR", "USD", "GBP", "JPY"]
DOMAINS = ["gmail.com", "GMAIL.com", "Yahoo.com", "acme.example", "ÉCOLE.example", "mail.acme.example"]
Row = dict[str, str]


@dataclass
class Setting:
    """What a test may ask about: the bundle's zone, days where something changes, instants."""

    zone: ZoneInfo
    days: list[date]
    instants: list[datetime]
    rows: dict[str, list[Row]] = field(default_factory=dict)


class Writer(Chooser):
    """One bundle in the making; every choice comes from one seeded generator."""

    def __init__(self, folder: Path, seed: int, leads: int) -> None:
        self.folder, self.leads = folder, leads
        self.rng = random.Random(seed)
        self.zone_name = self.pick(list(ZONES))
        self.zone = ZoneInfo(self.zone_name)
        self.change = date.fromisoformat(self.pick(ZONES[self.zone_name]))
        self.days = self.interesting_days()
        self.instants = [day_start(day, self.zone) for day in self.days]
        self.rows: dict[str, list[Row]] = {}

    # Times

    def interesting_days(self) -> list[date]:
        month = month_start(self.change)
        days = {self.change + DAY * n for n in (-7, -1, 0, 1, 2, 7)}
        for count in (-2, -1, 0, 1, 2):
            first = add_months(month, count)
            days |= {first - DAY, first, first + DAY}
        return sorted(days)

    def day(self) -> date:
        if self.maybe(0.6):
            return self.pick(self.days)
        return self.change + DAY * self.rng.randint(-75, 75)

    def at(self) -> datetime:
        """Return an instant: an edge and what lies a second or a tick beside it, or any."""
        if self.maybe(0.45):
            nudge = [timedelta(0), timedelta(seconds=1), TICK, timedelta(hours=1), timedelta(minutes=30)]
            return self.pick(self.instants) + self.pick(nudge) * self.pick([-1, 1])
        if self.maybe(0.2):
            return self.wall(self.change + DAY * self.pick([-1, 0, 1]))
        seconds = timedelta(seconds=self.rng.randint(0, 86399), microseconds=self.pick([0, 0, 1, 500_000]))
        return day_start(self.day(), self.zone) + seconds

    def wall(self, day: date) -> datetime:
        """Return a wall-clock time that may occur twice or never on a day of change."""
        clock = time(self.pick([0, 0, 1, 1, 2, 2, 3, 23]), self.pick([0, 1, 15, 30, 59]))
        return instant(datetime.combine(day, clock), self.zone)

    def near(self, at: datetime) -> datetime:
        """Return an instant shortly before, at, or after another."""
        if self.maybe(0.1):
            return self.at()
        steps = [0, 0, 1, 60, 299, 300, 301, 3600, 7200, 86400, 86400 * 3, 86400 * 20, -1, -3600, -86400 * 4]
        return at + timedelta(seconds=self.pick(steps)) + TICK * self.pick([0, 0, 0, 1, -1])

    def write_time(self, at: datetime) -> str:
        """Spell an instant in one of the ways ISO 8601 allows; without offset only where that is true."""
        local = at.astimezone(self.zone).replace(tzinfo=None)
        ways = [at.astimezone(UTC).isoformat().replace("+00:00", "Z")]
        ways.append(at.astimezone(timezone(timedelta(hours=self.pick([-9, 2, 5])))).isoformat())
        if instant(local, self.zone) == at:
            ways += [local.isoformat()] * 2
            if not local.second and not local.microsecond:
                ways.append(local.isoformat(timespec="minutes"))
        return self.pick(ways)

    def time_in_gap(self) -> str:
        clock = time(self.pick([0, 1, 2]), self.pick([0, 15, 30, 59]))
        return datetime.combine(self.change, clock).isoformat()

    def time(self, at: datetime | None = None) -> str:
        if at is None and self.maybe(0.1):
            return self.time_in_gap()
        return self.write_time(at or self.at())

    # Files

    def write(self) -> Setting:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.make_marketing()
        self.rows["leads"] = [self.lead(index) for index in range(self.leads)]
        self.settle_merged()
        for name, make in self.makers().items():
            self.rows[name] = [row for lead in self.alive() for row in make(lead)]
        self.rows["sessions"] = [self.session(index) for index in range(self.leads * 3)]
        self.rows["spend"] = [self.spend(index) for index in range(self.rng.randint(0, 40))]
        self.rows["exchange_rates"] = self.exchange_rates()
        for name, rows in self.rows.items():
            self.write_csv(name, rows)
        workspace = json.dumps(self.definitions().workspace(), ensure_ascii=self.maybe(), indent=1)
        (self.folder / "workspace.json").write_text(workspace, encoding="utf-8")
        return Setting(self.zone, self.days, self.instants, self.rows)

    def definitions(self) -> Definitions:
        names = {"channel": "channels", "campaign": "campaigns", "owner": "users"}
        ids = {name: self.ids(file) for name, file in names.items()}
        return Definitions(self.rng, self.zone_name, ids, self.days)

    def write_csv(self, name: str, rows: list[Row]) -> None:
        """ "Column order free, missing optional columns are blank, BOM and CRLF read"."""
        if not rows:
            return
        columns = [column for column in rows[0] if any(row[column] for row in rows)]
        self.rng.shuffle(columns)
        encoding = "utf-8-sig" if self.maybe(0.2) else "utf-8"
        with (self.folder / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
            end = self.pick(["\n", "\r\n"])
            writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator=end)
            writer.writeheader()
            writer.writerows(self.rng.sample(rows, len(rows)))

    def makers(self) -> dict[str, Callable[[Row], list[Row]]]:
        return {
            "submissions": self.submissions,
            "stage_events": self.stage_events,
            "attempts": self.attempts,
            "appointments": self.appointments,
            "opportunities": self.opportunities,
            "touches": self.touches,
            "events": self.events,
        }

    def id(self, prefix: str, index: int) -> str:
        """Return an id whose code-point order is not its alphabetical order."""
        return f"{self.pick([prefix, prefix.upper(), 'é' + prefix, '_' + prefix])}{index}"

    def ids(self, name: str) -> list[str]:
        return [row["id"] for row in self.rows[name]]

    def make_marketing(self) -> None:
        teams = ["North", "north", "Équipe, 2", ""]
        self.rows["users"] = [
            {
                "id": self.id("rep", index),
                "name": self.or_blank(["Ann", "Éric", 'Bo "B"']),
                "email": self.or_blank(["a@b.example"]),
                "role": self.pick(["rep", "manager"]),
                "team": self.pick(teams),
            }
            for index in range(4)
        ]
        used = self.rng.sample(CHANNEL_IDS, self.rng.randint(4, 8))
        self.rows["channels"] = [self.channel(id_) for id_ in used]
        self.rows["campaigns"] = [self.campaign(index) for index in range(5)]
        self.rows["landing_pages"] = [self.page(index) for index in range(5)]

    def channel(self, id_: str) -> Row:
        kind = "direct" if id_ == "_direct" else self.pick(KINDS)
        return {"id": id_, "name": f"Channel {id_}", "kind": kind, "high_intent": self.flag(0.15)}

    def flag(self, chance: float) -> str:
        return "true" if self.maybe(chance) else self.pick(["", "false"])

    def campaign(self, index: int) -> Row:
        return {
            "id": self.id("camp", index),
            "name": f"Campaign\n{index}",
            "channel": self.pick(self.ids("channels")),
            "starts_on": self.or_blank([self.day().isoformat()]),
            "ends_on": "",
            "budget": self.or_blank([self.number(0, 900)]),
        }

    def page(self, index: int) -> Row:
        return {
            "id": self.id("page", index),
            "name": f"Page {index}",
            "path": f"/p/{index}?a=1,2",
            "offer": self.or_blank(["Guide", "guide", "Démo, 30 min", "(x)"]),
            "high_intent": self.flag(0.2),
            "campaign": self.or_blank(self.ids("campaigns"), 0.3),
        }

    def source(self, blank: float = 0.25) -> Row:
        """Return a channel and a campaign, either of which may be missing or contradict the other."""
        channel = "" if self.maybe(blank) else self.pick(self.ids("channels"))
        return {"channel": channel, "campaign": self.or_blank(self.ids("campaigns"), 0.35)}

    def text(self) -> str:
        return self.or_blank(DIFFICULT_TEXTS)

    def lead(self, index: int) -> Row:
        name = self.pick(["ann", "Zoé", "x"])
        return {
            "id": self.id("lead", index),
            "created_at": self.time(),
            "email": self.or_blank([f"{name}@{self.pick(DOMAINS)}", "not-an-address"], 0.85),
            "first_name": self.text(),
            "last_name": self.text(),
            "phone": self.or_blank(["+33 1", "00331"]),
            "job_title": self.text(),
            "seniority": self.or_blank(["c_level", "manager"]),
            "job_function": self.text(),
            "company": self.text(),
            "website": self.or_blank(["https://x.example/?q=1&b=2"]),
            "company_size": self.pick(SIZES),
            "industry": self.or_blank(INDUSTRIES),
            "country": self.or_blank(COUNTRIES),
            "region": self.or_blank(["Île-de-France"]),
            **self.source(),
            "landing_page": self.or_blank(self.ids("landing_pages")),
            "utm_source": self.or_blank(["Google"]),
            "owner": self.or_blank(self.ids("users")),
            "tags": ";".join(self.rng.sample(TAGS, self.pick([0, 0, 1, 2, 3]))),
            "status": self.pick(["open", "", "open", "", "open", "", "open", "spam", "test", "merged"]),
            "merged_into": "",
        }

    def settle_merged(self) -> None:
        """Point each merged lead at a survivor; where there is none, leave it open."""
        survivors = [row["id"] for row in self.rows["leads"] if row["status"] in ("open", "")]
        for row in self.rows["leads"]:
            if row["status"] == "merged":
                row["merged_into"] = self.pick(survivors) if survivors else ""
                row["status"] = "merged" if survivors else ""

    def alive(self) -> list[Row]:
        """ "Any row that names a merged lead" is bad."""
        return [row for row in self.rows["leads"] if row["status"] != "merged"]

    def created(self, lead: Row) -> datetime:
        at = datetime.fromisoformat(lead["created_at"])
        return at.astimezone(UTC) if at.tzinfo else instant(at, self.zone)

    def about(self, lead: Row) -> datetime:
        return self.near(self.created(lead)) if self.maybe(0.7) else self.at()

    def repeated(self, rows: list[Row]) -> list[Row]:
        """Say some rows without an id twice: they are two."""
        return [row for row in rows for _ in range(2 if not row["id"] and self.maybe(0.1) else 1)]

    def optional_id(self, lead: Row, prefix: str, index: int) -> str:
        return "" if self.maybe() else f"{prefix}-{lead['id']}-{index}"

    def submissions(self, lead: Row) -> list[Row]:
        return self.repeated(
            [
                {
                    "id": self.optional_id(lead, "s", index),
                    "lead": lead["id"],
                    "at": self.time(self.about(lead)),
                    "landing_page": self.or_blank(self.ids("landing_pages")),
                    "complete": self.pick(["", "true", "false"]),
                }
                for index in self.few(3)
            ]
        )

    def stage_events(self, lead: Row) -> list[Row]:
        rows: list[Row] = []
        for index in range(self.pick([0, 0, 1, 2, 3, 6])):
            again = bool(rows) and self.maybe(0.15)  # a tie
            rows.append(
                {
                    "id": self.optional_id(lead, "e", index),
                    "lead": lead["id"],
                    "stage": self.pick(STAGES),
                    "at": rows[-1]["at"] if again else self.time(self.about(lead)),
                    "by": self.or_blank(self.ids("users")),
                    "reason": self.text(),
                }
            )
        return self.repeated(rows)

    def attempts(self, lead: Row) -> list[Row]:
        return [
            {
                "id": f"a{index}-{lead['id']}",
                "lead": lead["id"],
                "at": self.time(self.near(self.created(lead))),
                "by": self.or_blank(self.ids("users")),
                "medium": self.pick(["call", "email", "sms", "linkedin", "chat", "meeting", "other"]),
                "outcome": self.pick(OUTCOMES),
                "note": self.text(),
            }
            for index in self.few(4)
        ]

    def appointments(self, lead: Row) -> list[Row]:
        rows = [
            {
                "id": f"m{index}-{lead['id']}",
                "lead": lead["id"],
                "booked_at": self.time(self.about(lead)),
                "scheduled_for": self.time(),
                "minutes": self.or_blank(["30", "0"]),
                "by": self.or_blank(self.ids("users")),
                "status": self.pick(["scheduled", "held", "held", "no_show", "cancelled", "rescheduled"]),
                "moved_to": "",
            }
            for index in self.few(3)
        ]
        for row in rows[:-1]:
            if row["status"] == "rescheduled":
                row["moved_to"] = rows[-1]["id"]
        return rows

    def opportunities(self, lead: Row) -> list[Row]:
        return [self.opportunity(lead, index) for index in self.few(3)]

    def opportunity(self, lead: Row, index: int) -> Row:
        opened = self.about(lead)
        status = self.pick(["open", "won", "won", "won", "lost"])
        return {
            "id": f"{self.pick(['D', 'd', 'é'])}{index}-{lead['id']}",
            "lead": lead["id"],
            "name": self.text(),
            "opened_at": self.time(opened),
            "amount": self.or_blank([self.number(0, 9000), self.number(1, 99), "0"], 0.85),
            "currency": self.currency(),
            "monthly_revenue": self.or_blank(["0", self.number(0, 300)], 0.4),
            "status": status,
            "closed_at": "" if status == "open" else self.time(self.near(opened)),
            "lost_reason": self.text() if status == "lost" else "",
        }

    def currency(self) -> str:
        return "" if self.maybe(0.4) else self.pick(CURRENCIES)

    def touches(self, lead: Row) -> list[Row]:
        rows: list[Row] = []
        for index in range(self.pick([0, 0, 1, 2, 3, 4, 7])):
            source = self.source(0.2)
            if not source["channel"] and not source["campaign"]:
                source["channel"] = self.pick(self.ids("channels"))
            tie = bool(rows) and self.maybe(0.2)
            rows.append(
                {
                    "id": self.optional_id(lead, "t", index),
                    "lead": lead["id"],
                    "at": rows[-1]["at"] if tie else self.time(self.touch_time(lead)),
                    **source,
                    "kind": self.or_blank(["session", "form", "email", "event", "import", "other"]),
                }
            )
        return self.repeated(rows)

    def touch_time(self, lead: Row) -> datetime:
        at = self.about(lead)
        return at - timedelta(days=self.pick([0, 0, 1, 7, 14, 40]))

    def events(self, lead: Row) -> list[Row]:
        return self.repeated(
            [
                {
                    "id": self.optional_id(lead, "b", index),
                    "lead": lead["id"],
                    "at": self.time(self.event_time(lead)),
                    "kind": self.pick(EVENT_KINDS),
                }
                for index in range(self.pick([0, 1, 3, 8]))
            ]
        )

    def event_time(self, lead: Row) -> datetime:
        """Often exactly so many days before an instant that a report may speak of."""
        if self.maybe(0.5):
            return self.about(lead)
        days = timedelta(days=self.pick([1, 7, 30, 14, 60]))
        return self.pick(self.instants) - days + timedelta(seconds=self.pick([-1, 0, 0, 1]))

    def session(self, index: int) -> Row:
        return {
            "id": self.id("v", index),
            "visitor": f"visitor {self.rng.randint(1, self.leads)}",
            "started_at": self.time(),
            **self.source(0.3),
            "landing_page": self.or_blank(self.ids("landing_pages"), 0.6),
            "referrer": self.or_blank(["https://r.example/,x"]),
            "utm_source": self.or_blank(["Google"]),
            "high_intent": self.flag(0.2),
            "lead": self.or_blank([lead["id"] for lead in self.alive()] or [""], 0.3),
        }

    def spend(self, index: int) -> Row:
        return {
            "id": self.id("x", index),
            "date": self.day().isoformat(),
            "side": self.pick(["marketing", "marketing", "sales"]),
            "category": self.pick(CATEGORIES),
            **self.source(0.4),
            "amount": self.number(-200, 0) if self.maybe(0.15) else self.number(0, 2000),
            "currency": self.currency(),
            "note": self.text(),
        }

    def exchange_rates(self) -> list[Row]:
        # JPY never has one; the workspace's own currency needs none and ignores what is there
        days = {"USD": 8, "EUR": self.pick([0, 3]), "GBP": self.rng.randint(0, 1), "CHF": 2}
        rows = {
            (currency, self.day().isoformat()): {"rate": self.number(0.5, 2) or "1"}
            for currency, count in days.items()
            for _ in range(count)
        }
        return [
            {"currency": currency, "date": day, "rate": row["rate"] if float(row["rate"]) else "1.5"}
            for (currency, day), row in rows.items()
        ]


def write_random_bundle(folder: Path, seed: int, leads: int = 25) -> Setting:
    """Write a valid bundle into the folder; the same seed writes the same bundle."""
    return Writer(folder, seed, leads).write()
