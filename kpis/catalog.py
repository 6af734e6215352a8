"""The 25 KPIs, each declared once. Page, API, CLI, CSV and docs derive from here."""

from __future__ import annotations

from kpis import measures as m
from kpis.board import Board
from kpis.kinds import (
    AcquisitionCost,
    ChannelShare,
    ConversionRate,
    Count,
    Kpi,
    LifetimeRatio,
    NoShowRate,
    Pipeline,
    QualityScore,
    Ratio,
    ResponseTiming,
    Roi,
    UntreatedRate,
    Velocity,
)
from leads.models import SlaPolicy

GROUPS = {
    "acquisition": "Acquisition",
    "cost": "Cost & efficiency",
    "qualification": "Qualification",
    "treatment": "Treatment",
    "commercial": "Commercial performance",
}


def needs_icp(board: Board) -> str:
    return "no ICP set" if board.definitions.icp is None else ""


def needs_policy(board: Board) -> str:
    return "" if SlaPolicy.objects.exists() else "no SLA policy set"


ACQUISITION_COST = AcquisitionCost(
    slug="customer_acquisition_cost",
    name="Customer acquisition cost",
    group="commercial",
    unit="money",
    good="down",
    formula="(marketing + sales spend) ÷ new customers",
    description=(
        "Everything spent on marketing and sales in the period, per lead that became a customer in it. "
        "By channel: the channel's own spend plus its share, by leads created, of spend that has no "
        "channel; by campaign: the campaign's own spend only. A customer counts under the lead's own channel."
    ),
    source="A6",
    numerator=m.ALL_SPEND,
    denominator=m.REACHED["customer"],
    also=(m.MARKETING_SPEND, m.SALES_SPEND, m.LEADS),
)

_ALL: tuple[Kpi, ...] = (
    Count(
        slug="lead_volume",
        name="Lead volume",
        group="acquisition",
        unit="count",
        good="up",
        formula="leads created",
        description="Contacts captured in the period. Merged, spam and test leads count nowhere.",
        source="B1",
        numerator=m.LEADS,
    ),
    Count(
        slug="qualified_traffic",
        name="Qualified traffic",
        group="acquisition",
        unit="count",
        good="up",
        formula="high-intent sessions",
        description=(
            "Sessions started in the period that show high intent: by their own flag, their landing page's "
            "mark or their channel's mark. Marks apply to past sessions too."
        ),
        source="B2",
        numerator=m.HIGH_INTENT,
    ),
    Ratio(
        slug="visitor_conversion_rate",
        name="Visitor conversion rate",
        group="acquisition",
        unit="percent",
        good="up",
        formula="leads created ÷ distinct visitors",
        description=(
            "Leads created per distinct visitor with a session in the period. It can pass 100 % where "
            "leads come without a visit: from events, partners, imports."
        ),
        source="B3",
        numerator=m.LEADS,
        denominator=m.VISITORS,
    ),
    Ratio(
        slug="landing_page_conversion_rate",
        name="Landing page conversion rate",
        group="acquisition",
        unit="percent",
        good="up",
        formula="leads created with a landing page ÷ distinct visitors of landing pages",
        description=(
            "Leads created on a landing page per distinct visitor with a session in the period that has one."
        ),
        source="B4",
        numerator=m.WITH_PAGE,
        denominator=m.PAGE_VISITORS,
    ),
    Ratio(
        slug="cost_per_lead",
        name="Cost per lead",
        group="cost",
        unit="money",
        good="down",
        formula="marketing budget ÷ leads created",
        description=(
            "Marketing spend of the period per lead created in it. By channel: direct spend; spend "
            "without a channel stands in (none)."
        ),
        source="A1 B5",
        numerator=m.MARKETING_SPEND,
        denominator=m.LEADS,
    ),
    Ratio(
        slug="cost_per_qualified_lead",
        name="Cost per qualified lead",
        group="cost",
        unit="money",
        good="down",
        formula="marketing budget ÷ qualified leads",
        description=(
            "Marketing spend of the period per lead that reached the qualified stage (a setting, "
            "normally MQL) in it. By channel: direct spend."
        ),
        source="B6",
        numerator=m.MARKETING_SPEND,
        denominator=m.QUALIFIED,
    ),
    ChannelShare(
        slug="channel_share",
        name="Channel share",
        group="cost",
        unit="percent",
        good=None,
        formula="leads of the largest channel ÷ leads created",
        description=(
            "How much hangs on one channel. By channel: the channel's leads ÷ all leads. Leads without a "
            "channel are in the denominator but cannot be the largest; a tie goes to the smallest id."
        ),
        source="B7",
        numerator=m.LEADS,
        denominator=m.LEADS,
    ),
    Ratio(
        slug="campaign_return",
        name="Campaign return",
        group="cost",
        unit="per_money",
        good="up",
        formula="leads with a campaign ÷ marketing budget of campaigns",
        description=(
            "Leads created from campaigns for each unit of money those campaigns cost in the period; "
            "shown per 1,000."
        ),
        source="B8",
        numerator=m.WITH_CAMPAIGN,
        denominator=m.CAMPAIGN_SPEND,
    ),
    Ratio(
        slug="key_information_completion_rate",
        name="Key information completion rate",
        group="qualification",
        unit="percent",
        good="up",
        formula="submissions with all key fields ÷ submissions",
        description=(
            "Filled forms that brought every key field (a setting). A repeat by a known lead is a "
            "submission too; an imported or hand-made lead is one with the fields it came with. "
            "Completeness is fixed when the form arrives; 0 is filled, blank is not."
        ),
        source="B9",
        numerator=m.COMPLETE,
        denominator=m.SUBMISSIONS,
    ),
    Ratio(
        slug="outside_icp_rate",
        name="Outside-ICP rate",
        group="qualification",
        unit="percent",
        good="down",
        formula="leads that do not match the ICP ÷ leads created",
        description="Leads created in the period that the ideal customer profile does not fit.",
        source="B10",
        numerator=m.OUTSIDE_ICP,
        denominator=m.LEADS,
        needs=needs_icp,
    ),
    Ratio(
        slug="mql_to_lead_ratio",
        name="MQL to lead ratio",
        group="qualification",
        unit="percent",
        good="up",
        formula="leads that reached MQL ÷ leads created",
        description=(
            "Marketing-qualified leads per lead. Period basis: each by its own date; cohort basis: of the "
            "leads created in the period, those that reached MQL or a later rung up to now."
        ),
        source="B11",
        numerator=m.REACHED["mql"],
        denominator=m.LEADS,
        followed=m.FOLLOWED["created_at", "mql_at"],
    ),
    Ratio(
        slug="mql_to_sql_ratio",
        name="MQL to SQL ratio",
        group="qualification",
        unit="percent",
        good="up",
        formula="leads that reached SQL ÷ leads that reached MQL",
        description=(
            "Sales-qualified per marketing-qualified lead. Cohort basis: of the leads that reached MQL in "
            "the period, those that reached SQL or a later rung up to now."
        ),
        source="A3 B12",
        numerator=m.REACHED["sql"],
        denominator=m.REACHED["mql"],
        followed=m.MQL_TO_SQL,
        restated=m.AFTER_MQL["sql"],
    ),
    ConversionRate(
        slug="lead_conversion_rate",
        name="Lead conversion rate",
        group="qualification",
        unit="percent",
        good="up",
        formula="leads that reached the conversion stage ÷ leads created",
        description=(
            "Leads that reached the conversion stage (a setting, normally customer) per lead created, with "
            "each step of the ladder. Cohort basis: what the period's own leads came to up to now."
        ),
        source="A2",
        numerator=m.CONVERTED,
        denominator=m.LEADS,
        followed=m.FOLLOWED_CONVERTED,
        also=(*m.REACHED.values(), *m.FOLLOWED.values()),
    ),
    QualityScore(
        slug="lead_quality_score",
        name="Lead quality score",
        group="qualification",
        unit="score",
        good="up",
        formula="sum of scores ÷ leads created",
        description=(
            "Mean score, 0 to 100, of the leads created in the period, with the shares of cold, warm, MQL "
            "and SQL. Now: the stored score; as of any other instant it is computed for that instant."
        ),
        source="A5",
        numerator=m.LEADS,
        denominator=m.LEADS,
    ),
    ResponseTiming(
        slug="first_contact_time",
        name="First contact time",
        group="treatment",
        unit="duration",
        good="down",
        formula="median(first attempt − creation)",
        description=(
            "Median time from creation to the first attempt at or after it, over answered leads of the "
            "period; with mean, 90th percentile and the share of all leads reached within 5 minutes."
        ),
        source="B13",
        numerator=m.FIRST_CONTACT,
        denominator=m.FIRST_CONTACT,
        also=(m.LEADS,),
    ),
    ResponseTiming(
        slug="lead_response_time",
        name="Lead response time",
        group="treatment",
        unit="duration",
        good="down",
        formula="median(first meaningful response − creation)",
        description=(
            "As first contact time, with the first meaningful response: connected, replied, e-mail or "
            "message sent, meeting booked. No answer, voicemail, wrong number, bounce and gatekeeper are not."
        ),
        source="A4",
        numerator=m.FIRST_RESPONSE,
        denominator=m.FIRST_RESPONSE,
        also=(m.LEADS,),
    ),
    UntreatedRate(
        slug="untreated_lead_rate",
        name="Untreated lead rate",
        group="treatment",
        unit="percent",
        good="down",
        formula="leads without any attempt ÷ leads created",
        description=(
            "Leads of the period that nobody has tried to contact yet, whoever owns them; also among those "
            "older than 24 hours. An attempt before creation makes a lead treated."
        ),
        source="B14",
        numerator=m.UNTREATED,
        denominator=m.LEADS,
        also=(m.OLDER_UNTREATED, m.OLDER),
    ),
    NoShowRate(
        slug="no_show_rate",
        name="No-show rate",
        group="treatment",
        unit="percent",
        good="down",
        formula="no-shows ÷ planned appointments",
        description=(
            "Appointments whose time has come: held, no-show, or without a recorded outcome. Cancelled and "
            "rescheduled ones do not count. A warning shows when more than 10 % have no outcome."
        ),
        source="B15",
        numerator=m.NO_SHOWS,
        denominator=m.PLANNED,
        also=(m.WITHOUT_OUTCOME,),
    ),
    Ratio(
        slug="sla_compliance_rate",
        name="SLA compliance rate",
        group="treatment",
        unit="percent",
        good="up",
        formula="leads answered in time ÷ leads under an SLA and due",
        description=(
            "Leads of the period whose response was due, and of those the ones answered by then; at the due "
            "instant is in time. A lead not yet due is in neither."
        ),
        source="A4",
        numerator=m.IN_TIME,
        denominator=m.DUE,
        needs=needs_policy,
    ),
    Ratio(
        slug="cost_per_opportunity",
        name="Cost per opportunity",
        group="commercial",
        unit="money",
        good="down",
        formula="marketing budget ÷ leads that reached opportunity",
        description=(
            "Marketing spend of the period per lead that reached opportunity (or won) in it. By channel: "
            "direct spend."
        ),
        source="B16",
        numerator=m.MARKETING_SPEND,
        denominator=m.REACHED["opportunity"],
    ),
    Pipeline(
        slug="pipeline_contribution",
        name="Pipeline contribution",
        group="commercial",
        unit="money",
        good="up",
        formula="amounts of opportunities opened on marketing-sourced leads",
        description=(
            "Marketing-sourced: the lead has a channel and it is neither outbound nor partner. The "
            "denominator is all amounts opened in the period; deals without an amount are left out."
        ),
        source="B16",
        numerator=m.SOURCED_AMOUNT,
        denominator=m.OPENED_AMOUNT,
    ),
    ACQUISITION_COST,
    LifetimeRatio(
        slug="ltv_cac_ratio",
        name="LTV to CAC ratio",
        group="commercial",
        unit="ratio",
        good="up",
        formula="mean lifetime value of new customers ÷ customer acquisition cost",
        description=(
            "Lifetime value is by the deal won first: monthly revenue × gross margin × lifetime months, "
            "else amount × gross margin, at the closing day's rate. Customers without either are left out "
            "of the mean."
        ),
        source="A6",
        numerator=m.FIRST_WON,
        denominator=m.ALL_SPEND,
        cost=ACQUISITION_COST,
        also=(m.FIRST_RECURRING, m.FIRST_ONCE, *ACQUISITION_COST.measures()),
    ),
    Roi(
        slug="lead_source_roi",
        name="Lead source ROI",
        group="commercial",
        unit="percent",
        good="up",
        formula="(revenue − cost) ÷ cost",
        description=(
            "Amounts won in the period against marketing spend. By channel the attribution model credits "
            "the revenue, and spend without a channel is shared by leads created; “loaded” adds sales "
            "spend, “direct” shares nothing."
        ),
        source="A7",
        numerator=m.REVENUE,
        denominator=m.MARKETING_SPEND,
        also=(m.SALES_SPEND, m.LEADS),
    ),
    Velocity(
        slug="lead_velocity_rate",
        name="Lead velocity rate",
        group="commercial",
        unit="percent",
        good="up",
        formula="(qualified this month − last month) ÷ last month",
        description=(
            "Growth of qualified leads in the last calendar month that ends in or before the period and is "
            "over, against the month before. In a series each bucket has its own last month."
        ),
        source="A8",
        numerator=m.QUALIFIED,
    ),
)

KPIS: dict[str, Kpi] = {kpi.slug: kpi for kpi in _ALL}
