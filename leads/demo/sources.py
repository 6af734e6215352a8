"""Where Fjordwell's leads come from, and what each source is worth."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Channel:
    key: str
    name: str
    kind: str
    share: float  # of all leads, in percent
    heat: float  # how warm its leads come, 0 to 1
    win: float  # how likely its deals close, against the average
    visits: float  # anonymous visitors per lead, against the average
    on_site: bool = True  # also its leads without a landing page came through a visit
    event: str = "contact_request"  # what coming without a form is
    medium: str = ""
    source: str = ""
    referrer: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    key: str
    name: str
    path: str
    offer: str
    event: str  # what filling its form is
    high_intent: bool = False


@dataclass(frozen=True, kw_only=True)
class Campaign:
    key: str
    name: str
    channel: str
    begin: int  # month of the window
    end: int
    weight: float = 1.0


GOOGLE, ORGANIC, META, LINKEDIN = "google-ads", "organic-search", "meta-ads", "linkedin-ads"
PARTNERS, EMAIL, EVENTS = "partner-referrals", "email", "events-webinars"
DIRECT, OUTBOUND = "direct-unknown", "outbound"

CHANNELS = (
    Channel(
        key=GOOGLE, name="Google Ads", kind="paid", share=29, heat=0.46, win=0.95, visits=0.9,
        medium="cpc", source="google", referrer="https://www.google.com/",
    ),
    Channel(
        key=ORGANIC, name="Organic search", kind="organic", share=21, heat=0.52, win=1.0, visits=1.25,
        referrer="https://www.google.com/",
    ),
    Channel(
        key=META, name="Meta Ads", kind="social", share=18.5, heat=0.26, win=0.6, visits=1.3,
        medium="paid_social", source="facebook", referrer="https://www.facebook.com/",
    ),
    Channel(
        key=LINKEDIN, name="LinkedIn Ads", kind="paid", share=9.5, heat=0.6, win=1.15, visits=0.8,
        medium="paid_social", source="linkedin", referrer="https://www.linkedin.com/",
    ),
    Channel(
        key=PARTNERS, name="Partner referrals", kind="partner", share=7.5, heat=0.62, win=1.4, visits=0.25,
        on_site=False, event="partner_intro", medium="referral", source="partner",
        referrer="https://partners.example/",
    ),
    Channel(
        key=EMAIL, name="E-mail", kind="email", share=6.5, heat=0.5, win=1.0, visits=0.8,
        medium="email", source="newsletter",
    ),
    Channel(
        key=EVENTS, name="Events & webinars", kind="event", share=4.0, heat=0.55, win=0.8, visits=0.4,
        on_site=False, event="fair_visit", medium="event", source="webinar",
    ),
    Channel(key=DIRECT, name="Direct / unknown", kind="direct", share=2.5, heat=0.42, win=0.9, visits=4.0),
    Channel(
        key=OUTBOUND, name="Outbound", kind="outbound", share=1.5, heat=0.8, win=0.9, visits=0.0,
        on_site=False,
    ),
)  # fmt: skip

PAGES = (
    Page(
        key="quote", name="Heat pump quote", path="/heat-pump-retrofit", offer="Quote request",
        event="quote_request", high_intent=True,
    ),
    Page(
        key="site-survey", name="Book a site survey", path="/site-survey", offer="Site survey",
        event="demo_request", high_intent=True,
    ),
    Page(
        key="payback-guide", name="Retrofit payback guide", path="/guides/payback", offer="Payback guide",
        event="download",
    ),
    Page(
        key="cold-chain-guide", name="Cold chain cooling guide", path="/guides/cold-chain",
        offer="Cold chain guide", event="download",
    ),
    Page(
        key="savings-calculator", name="Savings calculator", path="/calculator", offer="Savings report",
        event="calculator",
    ),
    Page(
        key="webinar", name="Webinar registration", path="/webinars", offer="Webinar seat",
        event="webinar_signup",
    ),
)  # fmt: skip

# How likely a channel's lead filled the form of which page; None is a call, a fair, a business card.
PAGE_ODDS: dict[str, tuple[tuple[str | None, float], ...]] = {
    GOOGLE: (
        ("quote", 24), ("site-survey", 10), ("payback-guide", 34), ("savings-calculator", 26), (None, 6),
    ),
    ORGANIC: (
        ("quote", 18), ("site-survey", 9), ("payback-guide", 28), ("cold-chain-guide", 20),
        ("savings-calculator", 15), (None, 10),
    ),
    META: (("payback-guide", 50), ("savings-calculator", 36), ("quote", 8), (None, 6)),
    LINKEDIN: (
        ("cold-chain-guide", 36), ("payback-guide", 28), ("webinar", 14), ("site-survey", 11), ("quote", 11),
    ),
    PARTNERS: (("quote", 22), ("site-survey", 22), (None, 56)),
    EMAIL: (
        ("payback-guide", 26), ("cold-chain-guide", 22), ("webinar", 24), ("quote", 16), (None, 12),
    ),
    EVENTS: (("webinar", 45), ("site-survey", 8), (None, 47)),
    DIRECT: (("quote", 25), ("savings-calculator", 25), (None, 50)),
    OUTBOUND: ((None, 1),),
}  # fmt: skip

OPEN = 99  # months: still running
ALWAYS = tuple(
    Campaign(
        key=name.lower().replace(" ", "-"), name=name, channel=channel, begin=begin, end=end, weight=weight
    )
    for name, channel, begin, end, weight in (
        ("HP-Retrofit-DE", GOOGLE, 0, OPEN, 4),
        ("HP-Retrofit-UK", GOOGLE, 0, OPEN, 2.5),
        ("HP-Hotels", GOOGLE, 5, OPEN, 1.5),
        ("Process-Cooling-DACH", GOOGLE, 9, OPEN, 2),
        ("Brand", GOOGLE, 0, OPEN, 0.8),
        ("Pools-Lookalike", META, 0, 13, 2),
        ("Process-Heat-Video", META, 3, OPEN, 3),
        ("Food-Lookalike", META, 8, OPEN, 2),
        ("Bakeries-Retargeting", META, 0, OPEN, 1),
        ("LI-Energy-Managers", LINKEDIN, 0, OPEN, 3),
        ("LI-Cold-Chain", LINKEDIN, 4, OPEN, 2),
        ("LI-Plant-Directors", LINKEDIN, 0, 8, 2),
        ("Installer network", PARTNERS, 0, OPEN, 3),
        ("Energy advisers", PARTNERS, 6, OPEN, 2),
        ("Cold storage list", OUTBOUND, 0, OPEN, 1),
    )
)
TRACKED = {GOOGLE: 0.98, META: 0.98, LINKEDIN: 0.97, PARTNERS: 0.7, EMAIL: 0.9, EVENTS: 0.9, OUTBOUND: 0.8}
FAIRS = ((1, "Nordic Heat Days"), (7, "Cooling Expo Hannover"), (13, "Nordic Heat Days"))
