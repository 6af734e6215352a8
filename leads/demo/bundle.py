"""Write the demo workspace as a bundle."""

import json
from collections import deque
from collections.abc import Callable, Container
from datetime import datetime, timedelta
from pathlib import Path

from leads.demo import cast, definitions, money
from leads.demo.cast import Rep
from leads.demo.chance import Spread, Wheel, stream
from leads.demo.contacts import Contact, Contacts
from leads.demo.files import Files
from leads.demo.lead import Lead
from leads.demo.market import Market, month_start
from leads.demo.sales import Sales
from leads.demo.sources import CHANNELS, DIRECT, GOOGLE, META, OPEN, PAGES
from leads.demo.timeline import DAY, Timeline
from leads.demo.visits import Visits, visitors_per_lead

Progress = Callable[[int, int], None]

UNKNOWN, NO_OWNER, REPEATS = 0.24, 0.02, 0.1  # of direct leads, of all
MERGED, SPAM, TEST = 0.01, 0.017, 0.02  # cumulated
TERMS = Wheel(
    (
        ("industrial heat pump", 30),
        ("replace gas boiler", 24),
        ("heat pump hotel", 14),
        ("process cooling", 18),
        ("cold storage refrigeration", 14),
    )
)


def write_bundle(
    folder: Path,
    *,
    leads: int,
    seed: int,
    until: datetime,
    progress: Progress | None = None,
    without: Container[str] = (),
) -> None:
    """Write a bundle with that many leads, `without` some accounts; equal arguments give equal bytes."""
    text = json.dumps(definitions.workspace(), indent=2, ensure_ascii=False)
    (folder / "workspace.json").write_text(text + "\n", encoding="utf-8")
    with Files(folder) as files:
        Writer(files, leads, seed, until).write(progress, without)


class Writer:
    def __init__(self, files: Files, leads: int, seed: int, until: datetime) -> None:
        self.files, self.total = files, leads
        self.timeline = Timeline(until, stream(seed, "timeline"))
        self.market = Market(self.timeline)
        self.visits = Visits(self.timeline, self.market, files, stream(seed, "visits"))
        self.sales = Sales(self.timeline, files, stream(seed, "sales"))
        self.contacts = Contacts(stream(seed, "contacts"))
        self.money = money.Money(self.timeline, self.market, files, stream(seed, "money"), leads)
        self.rng = stream(seed, "leads")
        self._teams = {
            team: Wheel((rep, rep.load) for rep in cast.REPS if rep.team == team)
            for team in (cast.DACH, cast.NORDICS, cast.ISLES)
        }
        self._spread = Spread(self.rng)
        self._leads = self._submissions = 0
        self._recent: deque[tuple[str, Contact]] = deque(maxlen=200)

    def write(self, progress: Progress | None, without: Container[str]) -> None:
        self._users(without)
        self._sources()
        self.money.tell()
        leads = self.timeline.counts(self.total)
        visitors = self.timeline.counts(round(self.total * visitors_per_lead(self.total)))
        for day in range(self.timeline.first, self.timeline.last + 1):
            for at in self.timeline.moments(day, leads[day], self.rng):
                self._lead(day, at)
            self.visits.anonymous(day, visitors[day])
            if progress:
                progress(self._leads, self.total)

    def _users(self, without: Container[str]) -> None:
        reps = [(rep.key, rep.name, "rep", rep.team) for rep in cast.REPS]
        for key, name, role, team in (*reps, *((*one, "") for one in cast.STAFF)):
            if key not in without:
                self.files.users((key, name, f"{key}@fjordwell.example", role, team))

    def _sources(self) -> None:
        for channel in CHANNELS:
            self.files.channels((channel.key, channel.name, channel.kind, "false"))
        budgets = money.budgets(self.market, self.total)
        for campaign in self.market.campaigns:
            begin = month_start(self.timeline, campaign.begin)
            end = "" if campaign.end == OPEN else month_start(self.timeline, campaign.end) - timedelta(days=1)
            self.files.campaigns(
                (campaign.key, campaign.name, campaign.channel, begin, end, budgets[campaign.key] or "")
            )
        for page in PAGES:
            high = "true" if page.high_intent else "false"
            self.files.landing_pages((page.key, page.name, page.path, page.offer, high, ""))

    def _lead(self, day: int, at: int) -> None:
        """Write one captured contact and all that came of it."""
        self._leads += 1
        fate, spin = self.rng.random(), self.rng.random()
        if fate < MERGED and self._recent:
            survivor, contact = self._recent[int(spin * len(self._recent))]
            self._row(self._new(day, at, contact), "merged", survivor)
            return
        lead = self._new(day, at, None)
        if MERGED <= fate < TEST:
            self._row(lead, "spam" if fate < SPAM else "test", "")
            return
        self._row(lead, "", "")
        self._recent.append((lead.key, lead.contact))
        self.visits.tell(lead)
        self.sales.work(lead)
        self._repeat(lead)

    def _new(self, day: int, at: int, contact: Contact | None) -> Lead:
        spin, market = self.rng.random, self.market
        of_channel, of_page, of_heat = self._spread()
        channel = market.by_share(of_channel)
        page = market.page_of[channel.key](of_page)
        heat = channel.heat + (spin() + 2 * of_heat - 1.5) * 0.25 - (0.07 if self.timeline.bad[day] else 0)
        heat = min(max(heat + (0.08 if page in ("quote", "site-survey") else 0), 0.02), 0.98)
        contact = contact or self.contacts.new(heat, short_form=channel.key == META)
        return Lead(
            key=f"L{self._leads:07d}",
            at=at,
            day=day,
            channel=channel,
            campaign=market.campaign(channel.key, day, spin()),
            page=market.pages[page] if page else None,
            contact=contact,
            heat=heat,
            rep=self._rep(contact, at),
        )

    def _rep(self, contact: Contact, at: int) -> Rep:
        """Return the rep of the country's team whose turn it is; mostly not one on leave."""
        wheel = self._teams[contact.country.team]
        rep = wheel(self.rng.random())
        away = cast.LEAVE_ENDS * DAY < self.timeline.end - at < cast.LEAVE_BEGINS * DAY
        if away and rep.key == cast.ON_LEAVE and self.rng.random() < cast.COVERED:
            return next(one for one in cast.REPS if one.team == rep.team and one is not rep)
        return rep

    def _row(self, lead: Lead, status: str, survivor: str) -> None:
        one, channel, spin = lead.contact, lead.channel, self.rng.random
        tracked = channel.key != DIRECT or spin() > UNKNOWN
        tags = "trade-fair" if lead.campaign.startswith("fair") else "newsletter" if spin() < 0.22 else ""
        source = channel.source if lead.page else ""
        self.files.leads(
            (
                lead.key, self.timeline.stamp(lead.at), one.email, one.first_name, one.last_name, one.phone,
                one.job_title, one.seniority, one.job_function, one.company, one.website, one.company_size,
                one.industry, one.country.name, one.region, channel.key if tracked else "", lead.campaign,
                lead.page.key if lead.page else "", source, channel.medium if source else "",
                lead.campaign if source else "", TERMS(spin()) if channel.key == GOOGLE else "", "",
                lead.rep.key if spin() > NO_OWNER else "", tags, status, survivor,
            )
        )  # fmt: skip

    def _repeat(self, lead: Lead) -> None:
        """Write the forms of someone who filled another one later; the rest have just their first."""
        spin = self.rng.random
        if spin() > REPEATS:
            return
        again = lead.at + int((0.02 + spin() ** 2 * 60) * DAY)
        if again > self.timeline.end:
            return
        page = PAGES[int(spin() * len(PAGES))].key
        for at, where in ((lead.at, lead.page.key if lead.page else ""), (again, page)):
            self._submissions += 1
            stamp = self.timeline.stamp(at)
            self.files.submissions((f"F{self._submissions:07d}", lead.key, stamp, where, ""))
