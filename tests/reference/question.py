"""What is asked: a period, an instant to speak of, filters; and which rows that lets in."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from tests.reference import ladder
from tests.reference.reading import NONE, Bundle, Deal, Lead, Session, Spend, Submission
from tests.reference.times import DAY, day_start

BANDS = [
    (1, 10, "1-10"),
    (11, 50, "11-50"),
    (51, 200, "51-200"),
    (201, 500, "201-500"),
    (501, 1000, "501-1000"),
    (1001, 5000, "1001-5000"),
]
DIMENSIONS = [
    "channel",
    "campaign",
    "landing_page",
    "offer",
    "owner",
    "team",
    "country",
    "industry",
    "company_size",
]
Filters = dict[str, list[str]]
Keys = dict[str, str]


@dataclass
class Question:
    bundle: Bundle
    from_: date
    to: date
    as_of: datetime
    filters: Filters
    basis: str = "period"
    attribution: str = "lead_source"
    cost: str = "shared"

    @property
    def start(self) -> datetime:
        return day_start(self.from_, self.bundle.zone)

    @property
    def end(self) -> datetime:
        """Rule 1: "P = `[from 00:00, to+1 day 00:00)` in the workspace time zone"."""
        return day_start(self.to + DAY, self.bundle.zone)

    def during(self, from_: date, to: date) -> "Question":
        return replace(self, from_=from_, to=to)

    def narrowed(self, dimension: str, key: str) -> "Question":
        """Rule 12: "a filter gives the figure its row in the breakdown would have", and the reverse."""
        return replace(self, filters={**self.filters, dimension: [key]})

    def without(self, dimension: str) -> "Question":
        return replace(self, filters={k: v for k, v in self.filters.items() if k != dimension})

    def known(self, at: datetime | None) -> bool:
        """Rule 2: "what happened at it or before counts"."""
        return at is not None and at <= self.as_of

    def inside(self, at: datetime | None) -> bool:
        return at is not None and self.start <= at < self.end and at <= self.as_of

    def passes(self, keys: Keys) -> bool:
        """Rule 12: "the same name twice means any of them, different names mean all"."""
        return all(keys[name] in wanted for name, wanted in self.filters.items())

    def leads(self) -> list[Lead]:
        """Rule 3: "leads marked merged, spam or test count nowhere"; rule 2: "a lead created after
        as_of does not exist, with all its rows"."""
        return [lead for lead in self.all_leads() if self.passes(lead_keys(self.bundle, lead))]

    def all_leads(self) -> list[Lead]:
        return [lead for lead in self.bundle.leads if lead.status == "open" and self.known(lead.created_at)]

    def created(self) -> list[Lead]:
        """`leads(P)`"""
        return [lead for lead in self.leads() if self.inside(lead.created_at)]

    def reached(self, rung: str) -> list[Lead]:
        """`mql(P)` … `cust(P)`"""
        return [lead for lead in self.leads() if self.inside(ladder.reached(lead, rung, self.as_of))]

    def at_stage(self, rung: str) -> list[Lead]:
        """`reached`, with creation as the step before the ladder."""
        return self.created() if rung == "lead" else self.reached(rung)

    def of_those_reached(self, leads: list[Lead], rung: str) -> list[Lead]:
        """Rule 5, cohort: "what *those same leads* did up to as_of"."""
        return [lead for lead in leads if ladder.reached(lead, rung, self.as_of)]

    def sessions(self) -> list[Session]:
        """Rule 3: "sessions count whatever their lead is"."""
        rows = [session for session in self.bundle.sessions if self.inside(session.started_at)]
        return [session for session in rows if self.passes(session_keys(self.bundle, session))]

    def spend(self, *sides: str) -> list[Spend]:
        """Rule 2: "a spend row counts from the first instant of its day"."""
        return [
            row
            for row in self.bundle.spend
            if row.side in sides
            and self.from_ <= row.day <= self.to
            and self.known(day_start(row.day, self.bundle.zone))
            and self.passes(spend_keys(row))
        ]

    def submissions(self) -> list[Submission]:
        """Rule 11: "submissions go by their own landing page and offer"."""
        found = []
        for lead in self.all_leads():
            for submission in lead.submissions:
                keys = {**lead_keys(self.bundle, lead), **page_keys(self.bundle, submission.landing_page)}
                if self.inside(submission.at) and self.passes(keys):
                    found.append(submission)
        return found

    def won_deals(self) -> list[tuple[Lead, Deal]]:
        """Deals won in P, of the leads that pass the filters."""
        return [
            (lead, deal)
            for lead in self.leads()
            for deal in lead.deals
            if ladder.is_won(deal, self.as_of) and self.inside(deal.closed_at)
        ]


def band(size: int | None) -> str:
    """Rule 10: "bands 1-10, 11-50, … 5001+"; 0 lies in none."""
    if size is None or size < 1:
        return NONE
    return next((name for low, high, name in BANDS if low <= size <= high), "5001+")


def page_keys(bundle: Bundle, page: str) -> Keys:
    offer = bundle.pages[page]["offer"] if page else ""
    return {"landing_page": page or NONE, "offer": offer or NONE}


def lead_keys(bundle: Bundle, lead: Lead) -> Keys:
    """Rule 11: "leads and what hangs on them carry every dimension"."""
    return {
        "channel": lead.channel or NONE,
        "campaign": lead.campaign or NONE,
        **page_keys(bundle, lead.landing_page),
        "owner": lead.owner or NONE,
        "team": (bundle.users[lead.owner]["team"] if lead.owner else "") or NONE,
        "country": lead.row["country"] or NONE,
        "industry": lead.row["industry"] or NONE,
        "company_size": band(lead.company_size),
    }


def session_keys(bundle: Bundle, session: Session) -> Keys:
    """Rule 11: "sessions channel, campaign, landing_page, offer"."""
    return {
        "channel": session.channel or NONE,
        "campaign": session.campaign or NONE,
        **page_keys(bundle, session.landing_page),
    }


def spend_keys(row: Spend) -> Keys:
    """Rule 11: "spend channel, campaign"."""
    return {"channel": row.channel or NONE, "campaign": row.campaign or NONE}


def all_keys(bundle: Bundle, dimension: str) -> list[str]:
    """Return every value a dimension has anywhere: the rows a breakdown may show."""
    keys = {lead_keys(bundle, lead)[dimension] for lead in bundle.leads}
    if dimension in ("landing_page", "offer"):
        keys |= {page_keys(bundle, page)[dimension] for page in bundle.pages}
    if dimension in ("channel", "campaign"):
        keys |= set(bundle.channels if dimension == "channel" else bundle.campaigns)
    return sorted(keys | {NONE})
