"""A lead while its story is being told."""

from dataclasses import dataclass, field

from leads.demo.cast import Rep
from leads.demo.contacts import Contact
from leads.demo.sources import Channel, Page


@dataclass(slots=True)
class Lead:
    key: str
    at: int
    day: int
    channel: Channel
    campaign: str
    page: Page | None
    contact: Contact
    heat: float
    rep: Rep
    mql_at: int | None = None
    behaviour: list[tuple[int, str]] = field(default_factory=list)

    @property
    def hot(self) -> bool:
        return self.page is not None and self.page.high_intent
