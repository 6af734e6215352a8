"""Offers made, won and lost."""

from math import exp, log
from random import Random

from leads.demo.chance import Quota, Wheel
from leads.demo.files import Files
from leads.demo.lead import Lead
from leads.demo.money import RATES
from leads.demo.timeline import DAY, Timeline

LOST = Wheel(
    (
        ("Price", 32), ("Chose a competitor", 24), ("No budget this year", 18), ("No decision", 16),
        ("Subsidy refused", 10),
    )
)  # fmt: skip
WORK = (("Heat pump retrofit", 46), ("Process cooling", 26), ("Cold room", 16), ("Heat recovery", 12))
TYPICAL, SPREAD, SMALLEST, LARGEST = 4_900, 0.6, 900, 45_000
SECOND_DEAL = 0.05


class Deals:
    def __init__(self, timeline: Timeline, files: Files, rng: Random) -> None:
        self.timeline, self.files, self.rng = timeline, files, rng
        self._wins, self._serves = Quota(rng), Quota(rng)
        self._work = Wheel(WORK)
        self._deals = 0

    def open(self, lead: Lead, opened: int) -> None:
        """Write a lead's deal, and now and then the follow-up order of a customer."""
        closed = self._deal(lead, opened)
        if closed and self.rng.random() < SECOND_DEAL:
            again = self.timeline.after(
                closed + int((30 + self.rng.random() * 90) * DAY), 3600, lead.rep.opens, lead.rep.closes
            )
            if again <= self.timeline.end:
                self._deal(lead, again)

    def _deal(self, lead: Lead, opened: int) -> int | None:
        """Write one deal; return when it was won, if it was."""
        spin, rep, stamp = self.rng.random, lead.rep, self.timeline.stamp
        size = min(max((lead.contact.company_size or 40) / 80, 0.2), 30)
        euros = TYPICAL * exp(self.rng.gauss(0, SPREAD)) * size**0.12
        euros = min(max(euros, SMALLEST), LARGEST)
        cycle = 14 + 84 * spin() ** (1.6 / (0.6 + 0.1 * log(euros / 1000)))
        closed = self.timeline.after(opened + int(cycle * DAY), spin() * 14_000, rep.opens, rep.closes)
        won = closed <= self.timeline.end and self._won(lead, euros, closed)
        status = "open" if closed > self.timeline.end else "won" if won else "lost"
        currency = lead.contact.country.currency
        rate = RATES.get(currency, 1)
        amount = round(euros / rate / 50) * 50
        service = round(euros * (0.05 + 0.05 * spin()) / rate) if self._serves(0.4) else None
        name = f"{self._work(spin())}: {lead.contact.company}"
        self._deals += 1
        self.files.opportunities(
            (
                f"O{self._deals:07d}", lead.key, name, stamp(opened), amount, currency, service, status,
                "" if status == "open" else stamp(closed),
                LOST(spin()) if status == "lost" else "",
            )
        )  # fmt: skip
        return closed if won else None

    def _won(self, lead: Lead, euros: float, closed: int) -> bool:
        """Tell whether the deal is won: small ones are easier."""
        chance = 0.33 * lead.channel.win * lead.rep.skill * (TYPICAL / euros) ** 0.3
        return self._wins(min(chance, 0.85), self.timeline.months[self.timeline.day_of(closed)])
