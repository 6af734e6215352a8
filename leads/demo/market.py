"""The sources of leads, looked up by day."""

from datetime import date, timedelta

from leads.demo.chance import Wheel
from leads.demo.sources import (
    ALWAYS,
    CHANNELS,
    EMAIL,
    EVENTS,
    FAIRS,
    PAGE_ODDS,
    PAGES,
    TRACKED,
    Campaign,
)
from leads.demo.timeline import Timeline


class Market:
    def __init__(self, timeline: Timeline) -> None:
        self.channels = {channel.key: channel for channel in CHANNELS}
        self.pages = {page.key: page for page in PAGES}
        self.campaigns = [*ALWAYS, *_newsletters(timeline), *_webinars(timeline), *_fairs(timeline)]
        self.by_share = Wheel((channel, channel.share) for channel in CHANNELS)
        self.by_visits = Wheel((channel, channel.share * channel.visits) for channel in CHANNELS)
        self.page_of = {key: Wheel(odds) for key, odds in PAGE_ODDS.items()}
        self._months = [max(0, month) for month in timeline.months]
        self._wheels = [
            {channel.key: self._wheel(channel.key, month) for channel in CHANNELS}
            for month in range(max(self._months) + 1)
        ]

    def running(self, channel: str, day: int) -> list[Campaign]:
        """Return the channel's campaigns that run on the day."""
        return self._in_month(channel, self._months[day])

    def campaign(self, channel: str, day: int, spin: float) -> str:
        """Return a campaign that runs on the day, or none."""
        return self._wheels[self._months[day]][channel](spin)

    def share(self, channel: str) -> float:
        """Return which part of all leads comes from the channel."""
        return self.channels[channel].share / sum(one.share for one in CHANNELS)

    def _in_month(self, channel: str, month: int) -> list[Campaign]:
        return [one for one in self.campaigns if one.channel == channel and one.begin <= month < one.end]

    def _wheel(self, channel: str, month: int) -> Wheel[str]:
        """Weigh the month's campaigns, and no campaign for what is not tracked."""
        odds = [(one.key, one.weight) for one in self._in_month(channel, month)]
        tracked = TRACKED.get(channel, 0.9)
        blank = sum(weight for _, weight in odds) * (1 / tracked - 1) if odds else 1.0
        return Wheel([*odds, ("", blank)])


def month_start(timeline: Timeline, month: int) -> date:
    """Return the first of a month of the window; for the first one, the window's first day."""
    start = timeline.dates[timeline.first]
    number = start.year * 12 + start.month - 1 + month
    return max(start, date(number // 12, number % 12 + 1, 1))


def _newsletters(timeline: Timeline) -> list[Campaign]:
    """A newsletter a month, read for that month."""
    starts = [month_start(timeline, month) for month in range(timeline.months[timeline.last] + 1)]
    return [
        Campaign(
            key=f"newsletter-{first:%Y-%m}",
            name=f"{first:%b %Y} newsletter",
            channel=EMAIL,
            begin=month,
            end=month + 1,
        )
        for month, first in enumerate(starts)
    ]


def _webinars(timeline: Timeline) -> list[Campaign]:
    """A webinar every other month, followed up until the next."""
    found = []
    for month in range(0, timeline.months[timeline.last] + 1, 2):
        day = month_start(timeline, month).replace(day=28) - timedelta(days=16)
        key = f"webinar-{day:%Y-%m}"
        name = f"Webinar {day:%d %b %Y}"
        found.append(Campaign(key=key, name=name, channel=EVENTS, begin=month, end=month + 2))
    return found


def _fairs(timeline: Timeline) -> list[Campaign]:
    """The trade fairs, each followed up for two months."""
    found = []
    for month, name in FAIRS:
        first = month_start(timeline, month)
        key, title = f"fair-{first:%Y-%m}", f"{name} {first.year}"
        found.append(Campaign(key=key, name=title, channel=EVENTS, begin=month, end=month + 2, weight=1.5))
    return found
