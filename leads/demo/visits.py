"""What people did before and after they left their name, and the visits of those who never did."""

from random import Random

from leads.demo.definitions import BEHAVIOUR, CAPS, MQL
from leads.demo.files import Files
from leads.demo.lead import Lead
from leads.demo.market import Market
from leads.demo.sources import DIRECT, EMAIL, EVENTS, Channel
from leads.demo.timeline import DAY, Timeline

MOST_VISITORS, FEWEST_VISITORS, VISITOR_ROWS = 24.0, 4.0, 500_000


def visitors_per_lead(leads: int) -> float:
    """Return how many visitors stay anonymous per lead: fewer in a very large demo, to keep it loadable."""
    return min(MOST_VISITORS, max(FEWEST_VISITORS, VISITOR_ROWS / leads))


class Visits:
    def __init__(self, timeline: Timeline, market: Market, files: Files, rng: Random) -> None:
        self.timeline, self.market, self.files, self.rng = timeline, market, files, rng
        self._sessions = self._touches = self._events = 0

    def tell(self, lead: Lead) -> None:
        """Write a lead's sessions, touches and events, and find when it became an MQL."""
        if lead.page or lead.channel.on_site:
            self._before(lead)
        else:
            kind = "event" if lead.channel.key == EVENTS else "other"
            self._touch(lead, lead.at, lead.channel.key, lead.campaign, kind)
        self._after(lead)
        lead.behaviour.sort()
        self._write_events(lead)
        lead.mql_at = mql_instant(lead)

    def anonymous(self, day: int, visitors: int) -> None:
        """Write the visits of a day's visitors who never left a name."""
        spin = self.rng.random
        for at in self.timeline.moments(day, visitors, self.rng):
            channel = self.market.by_visits(spin())
            visitor = f"V{self._sessions:08d}"
            campaign = self.market.campaign(channel.key, day, spin())
            page = self._landing(channel)
            self._session(visitor, at, channel, campaign=campaign, page=page, priced=spin() < 0.03)
            again = at + 1800 + int(spin() * 12 * DAY)
            if spin() < 0.2 and again <= self.timeline.end:
                self._session(visitor, again, channel, campaign=campaign, priced=spin() < 0.06)

    def _landing(self, channel: Channel) -> str:
        """Return the page a visit began on, or none: a visitor who never asks seldom sees the asking."""
        page = self.market.page_of[channel.key](self.rng.random())
        if page is None:
            return ""
        return page if self.rng.random() < (0.35 if self.market.pages[page].high_intent else 0.65) else ""

    def _before(self, lead: Lead) -> None:
        """Write the visits up to the form, the last of them through the lead's own channel."""
        spin, timeline = self.rng.random, self.timeline
        earliest = timeline.midnights[timeline.first]
        for _ in range(int(spin() * (1.2 + 2.2 * lead.heat))):
            at = lead.at - 1800 - int(spin() ** 2 * 40 * DAY)
            channel = lead.channel if spin() < 0.55 else self.market.by_share(spin())
            if at >= earliest and channel.on_site:
                campaign = self.market.campaign(channel.key, timeline.day_of(at), spin())
                self._visit(lead, at, channel, campaign=campaign)
        at = lead.at - 90 - int(spin() * 700)
        page = lead.page.key if lead.page else ""
        self._visit(lead, at, lead.channel, campaign=lead.campaign, page=page)
        self._touch(lead, lead.at, lead.channel.key, lead.campaign, "form")

    def _visit(self, lead: Lead, at: int, channel: Channel, *, campaign: str, page: str = "") -> None:
        """Write one visit of a lead, and the touch it is."""
        priced = self._browse(lead, at)
        visitor = lead.key.replace("L", "W")
        self._session(visitor, at, channel, campaign=campaign, page=page, priced=priced, lead=lead.key)
        kind = "email" if channel.key == EMAIL else "session"
        self._touch(lead, at, channel.key, campaign, kind)

    def _browse(self, lead: Lead, at: int) -> bool:
        """Note what the lead looked at; tell whether that was the prices."""
        spin = self.rng.random
        priced = spin() < 0.08 + 0.5 * lead.heat
        if priced:
            lead.behaviour.append((at + 60, "pricing_view"))
        if spin() < 0.06 + 0.26 * lead.heat:
            lead.behaviour.append((at + 75, "case_study_view"))
        return priced

    def _after(self, lead: Lead) -> None:
        """Note what filling the form was, the mails read later, and who came back."""
        spin, behaviour = self.rng.random, lead.behaviour
        event = lead.page.event if lead.page else lead.channel.event
        if event:
            behaviour.append((lead.at, event))
        for _ in range(int(spin() * (1.5 + 4.5 * lead.heat))):
            at = lead.at + int(spin() ** 2 * 50 * DAY) + 3600
            behaviour.append((at, "email_open"))
            if spin() < 0.22:
                behaviour.append((at + 40, "email_click"))
        if spin() < 0.5 * lead.heat:
            self._return(lead, lead.at + 3600 + int(spin() ** 2 * 45 * DAY))
        if spin() < 0.1 + 0.2 * lead.heat * (lead.channel.key in (EVENTS, EMAIL)):
            behaviour.append((lead.at + int((0.5 + spin() * 20) * DAY), "webinar"))

    def _return(self, lead: Lead, at: int) -> None:
        """Write a visit after the form: through the newsletter, or straight."""
        if at > self.timeline.end:
            return
        spin = self.rng.random
        channel = self.market.channels[EMAIL if spin() < 0.6 else DIRECT]
        campaign = self.market.campaign(channel.key, self.timeline.day_of(at), spin())
        self._visit(lead, at, channel, campaign=campaign)

    def _write_events(self, lead: Lead) -> None:
        for at, kind in lead.behaviour:
            if at <= self.timeline.end:
                self._events += 1
                self.files.events((f"E{self._events:08d}", lead.key, self.timeline.stamp(at), kind))

    def _touch(self, lead: Lead, at: int, channel: str, campaign: str, kind: str) -> None:
        self._touches += 1
        stamp = self.timeline.stamp(at)
        self.files.touches((f"T{self._touches:08d}", lead.key, stamp, channel, campaign, kind))

    def _session(
        self,
        visitor: str,
        at: int,
        channel: Channel,
        *,
        campaign: str,
        page: str = "",
        priced: bool,
        lead: str = "",
    ) -> None:
        self._sessions += 1
        self.files.sessions(
            (
                f"S{self._sessions:08d}", visitor, self.timeline.stamp(at), channel.key, campaign, page,
                channel.referrer, channel.source, channel.medium, campaign, "true" if priced else "false",
                lead,
            )
        )  # fmt: skip


def mql_instant(lead: Lead) -> int | None:
    """Return when the lead's score first reached the MQL threshold, were there no decay."""
    if lead.contact.excluded:
        return None
    missing = MQL - 0.5 - lead.contact.fit  # scores are rounded
    if missing <= 0:
        return lead.at + 2
    earned: dict[str, float] = {}
    for at, kind in lead.behaviour:
        worth, most, _ = BEHAVIOUR.get(kind, (0.0, 0.0, 1))
        earned[kind] = min(earned.get(kind, 0.0) + worth, most)
        if min(sum(earned.values()), CAPS["behavioural"]) >= missing:
            return max(at, lead.at) + 2
    return None
