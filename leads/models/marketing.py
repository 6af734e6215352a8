"""Where leads come from and what that costs."""

from django.db import models

from leads.models.fields import currency_field, key_field, money_field, text_field


class Channel(models.Model):
    class Kind(models.TextChoices):
        PAID = "paid", "Paid"
        ORGANIC = "organic", "Organic"
        SOCIAL = "social", "Social"
        EMAIL = "email", "E-mail"
        REFERRAL = "referral", "Referral"
        DIRECT = "direct", "Direct"
        EVENT = "event", "Event"
        OUTBOUND = "outbound", "Outbound"
        PARTNER = "partner", "Partner"
        OTHER = "other", "Other"

    SALES_KINDS = (Kind.OUTBOUND, Kind.PARTNER)  # their leads are not marketing-sourced

    key = key_field()
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=10, choices=Kind)
    high_intent = models.BooleanField(default=False)

    class Meta:
        ordering = ["name", "key"]

    def __str__(self) -> str:
        return self.name


class Campaign(models.Model):
    key = key_field()
    name = models.CharField(max_length=255)
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="campaigns")
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    budget = money_field(null=True, blank=True)

    class Meta:
        ordering = ["name", "key"]

    def __str__(self) -> str:
        return self.name


class LandingPage(models.Model):
    key = key_field()
    name = models.CharField(max_length=255)
    path = models.CharField(max_length=2000)
    offer = text_field()
    high_intent = models.BooleanField(default=False)
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, null=True, blank=True, related_name="landing_pages"
    )

    class Meta:
        ordering = ["name", "key"]

    def __str__(self) -> str:
        return self.name


class Session(models.Model):
    """A visit. It counts whatever becomes of the lead it led to."""

    key = key_field()
    visitor = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    channel = models.ForeignKey(Channel, models.PROTECT, null=True, blank=True, related_name="+")
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, related_name="+")
    landing_page = models.ForeignKey(LandingPage, models.PROTECT, null=True, blank=True, related_name="+")
    referrer = models.TextField(blank=True, default="")
    utm_source = text_field()
    utm_medium = text_field()
    utm_campaign = text_field()
    high_intent = models.BooleanField(default=False)
    lead = models.ForeignKey("leads.Lead", models.SET_NULL, null=True, blank=True, related_name="sessions")

    class Meta:
        indexes = [models.Index("started_at", name="session_started_at")]

    def __str__(self) -> str:
        return f"{self.visitor} {self.started_at:%Y-%m-%d %H:%M}"


class Spend(models.Model):
    """Money spent on one day. Negative amounts are credit notes."""

    class Side(models.TextChoices):
        MARKETING = "marketing", "Marketing"
        SALES = "sales", "Sales"

    class Category(models.TextChoices):
        ADS = "ads", "Ads"
        CREATIVE = "creative", "Creative"
        AGENCY = "agency", "Agency"
        EVENTS = "events", "Events"
        SALARIES = "salaries", "Salaries"
        BENEFITS = "benefits", "Benefits"
        SOFTWARE = "software", "Software"
        OTHER = "other", "Other"

    key = key_field()
    date = models.DateField()
    side = models.CharField(max_length=10, choices=Side)
    category = models.CharField(max_length=10, choices=Category)
    channel = models.ForeignKey(Channel, models.PROTECT, null=True, blank=True, related_name="spend")
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, related_name="spend")
    amount = money_field()
    currency = currency_field()
    note = models.TextField(blank=True, default="")

    class Meta:
        verbose_name_plural = "spend"
        indexes = [models.Index("date", name="spend_date")]

    def __str__(self) -> str:
        return f"{self.date} {self.amount} {self.currency}"


class ExchangeRate(models.Model):
    """The reporting currency's amount for one unit of `currency`, from `date` on."""

    currency = models.CharField(max_length=3)
    date = models.DateField()
    rate = models.DecimalField(max_digits=30, decimal_places=18)

    class Meta:
        ordering = ["currency", "date"]
        constraints = [
            models.UniqueConstraint(fields=["currency", "date"], name="one_rate_a_day"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.date}: {self.rate}"
