"""What marketing and sales cost, and what currencies were worth."""

from datetime import date, timedelta
from math import sin
from random import Random

from leads.demo.files import Files
from leads.demo.market import Market
from leads.demo.sources import EMAIL, EVENTS, GOOGLE, LINKEDIN, META, ORGANIC, OUTBOUND, PARTNERS
from leads.demo.timeline import Timeline

RATES = {"GBP": 1.17, "CHF": 1.05, "SEK": 0.089}
AD_COST = {GOOGLE: 42.0, META: 33.0, LINKEDIN: 76.0}  # euros per lead
BILLED_IN = {GOOGLE: "GBP"}
# Day of the month, side, category, channel, euros per lead of the month (all leads, or the channel's), note.
MONTHLY = (
    (1, "marketing", "software", "", 1.4, "Marketing automation"),
    (2, "marketing", "software", EMAIL, 7.0, "Mail delivery"),
    (8, "marketing", "agency", ORGANIC, 9.5, "Search content"),
    (12, "marketing", "creative", "", 3.0, "Photo, film and case studies"),
    (15, "marketing", "agency", "", 5.0, "Agency retainer"),
    (20, "marketing", "other", PARTNERS, 21.0, "Referral fees"),
    (25, "marketing", "salaries", "", 7.0, "Marketing team"),
    (1, "sales", "software", "", 0.9, "CRM seats"),
    (18, "sales", "other", OUTBOUND, 30.0, "Contact lists"),
    (25, "sales", "salaries", "", 10.5, "Sales team"),
    (25, "sales", "benefits", "", 2.3, "Sales team"),
)
EVENT_COST = 52.0  # euros per lead of the channel
CREDIT_NOTE_MONTH, CREDIT_NOTE = 11, -0.2


class Money:
    """Spend grows with the number of leads, so a demo of any size has the same unit costs."""

    def __init__(self, timeline: Timeline, market: Market, files: Files, rng: Random, leads: int) -> None:
        self.timeline, self.market, self.files, self.rng = timeline, market, files, rng
        scale = leads / sum(timeline.weights)
        self._expected = [weight * scale for weight in timeline.weights]
        self._rows = 0

    def tell(self) -> None:
        self._rates()
        for day in range(self.timeline.first, self.timeline.last + 1):
            self._ads(day)
            self._monthly(day)

    def _ads(self, day: int) -> None:
        """Write the day's ads, which hardly know weekends and never know how many leads came of them."""
        around = self._expected[max(self.timeline.first, day - 6) : day + 1]
        expected = sum(around) / len(around)
        for channel, cost in AD_COST.items():
            running = self.market.running(channel, day)
            weights = sum(campaign.weight for campaign in running)
            for campaign in running:
                euros = expected * self.market.share(channel) * cost * campaign.weight / weights
                euros *= self.rng.uniform(0.8, 1.2)
                currency = BILLED_IN.get(channel, "")
                amount = euros / RATES.get(currency, 1)
                self._row(
                    day, "marketing", "ads", channel=channel, amount=amount, campaign=campaign.key,
                    currency=currency,
                )  # fmt: skip

    def _monthly(self, day: int) -> None:
        """Write what is booked once a month, for the leads of the month behind."""
        expected = sum(self._expected[max(self.timeline.first, day - 30) : day + 1])
        for booked, side, category, channel, rate, note in MONTHLY:
            if booked == self.timeline.dates[day].day:
                leads = expected * (self.market.share(channel) if channel else 1)
                amount = leads * rate * self.rng.uniform(0.95, 1.05)
                self._row(day, side, category, channel=channel, amount=amount, note=note)
        if self.timeline.dates[day].day == 11:
            self._event(day, expected)
        if self.timeline.months[day] == CREDIT_NOTE_MONTH and self.timeline.dates[day].day == 27:
            note = "Credit note, campaign stopped early"
            self._row(day, "marketing", "agency", channel="", amount=expected * CREDIT_NOTE, note=note)

    def _event(self, day: int, expected: float) -> None:
        """Share the month's event costs among the webinars and fairs that run."""
        running = self.market.running(EVENTS, day)
        weights = sum(campaign.weight for campaign in running)
        for campaign in running:
            amount = expected * self.market.share(EVENTS) * EVENT_COST * campaign.weight / weights
            self._row(
                day, "marketing", "events", channel=EVENTS, amount=amount, campaign=campaign.key,
                note=campaign.name,
            )  # fmt: skip

    def _row(
        self,
        day: int,
        side: str,
        category: str,
        *,
        channel: str,
        amount: float,
        campaign: str = "",
        currency: str = "",
        note: str = "",
    ) -> None:
        self._rows += 1
        date, euros = self.timeline.dates[day].isoformat(), f"{amount:.2f}"
        self.files.spend(
            (f"P{self._rows:06d}", date, side, category, channel, campaign, euros, currency, note)
        )

    def _rates(self) -> None:
        """Write a rate a week, from before the first spend."""
        monday = self.timeline.dates[self.timeline.first] - timedelta(days=7)
        monday -= timedelta(days=monday.weekday())
        while monday <= self.timeline.dates[self.timeline.last]:
            for currency, rate in RATES.items():
                self.files.exchange_rates((currency, monday.isoformat(), self._rate(rate, monday)))
            monday += timedelta(days=7)

    def _rate(self, rate: float, day: date) -> str:
        swing = 0.02 * sin(day.toordinal() / 61 + rate * 7)
        return f"{rate * (1 + swing + self.rng.uniform(-0.003, 0.003)):.5f}"


def budgets(market: Market, leads: int) -> dict[str, int]:
    """Return what each paid campaign was given for its whole time, a little above what it costs."""
    monthly = leads / 18
    given: dict[str, int] = {}
    for campaign in market.campaigns:
        cost = AD_COST.get(campaign.channel, EVENT_COST if campaign.channel == EVENTS else 0)
        months = min(campaign.end, 18) - campaign.begin
        share = market.share(campaign.channel) * campaign.weight / 8
        given[campaign.key] = max(100, round(monthly * months * share * cost / 100) * 100) if cost else 0
    return given
