"""The facts: what happened, to which lead, through which channel, at what cost."""

from leads.models.activity import Appointment, BehaviourEvent, ContactAttempt, Touch
from leads.models.definitions import DefinitionSet, PredictiveModel, Replay, ReplayedLead, SignOff
from leads.models.marketing import Campaign, Channel, ExchangeRate, LandingPage, Session, Spend
from leads.models.people import Lead, ScoreOverride, Submission
from leads.models.pipeline import Opportunity, Stage, StageEvent
from leads.models.response import BusinessCalendar, SlaPolicy
from leads.models.users import Team, User
from leads.models.work import Job, Mail
from leads.models.workspace import Target, Workspace

__all__ = [
    "Appointment",
    "BehaviourEvent",
    "BusinessCalendar",
    "Campaign",
    "Channel",
    "ContactAttempt",
    "DefinitionSet",
    "ExchangeRate",
    "Job",
    "LandingPage",
    "Lead",
    "Mail",
    "Opportunity",
    "PredictiveModel",
    "Replay",
    "ReplayedLead",
    "ScoreOverride",
    "Session",
    "SignOff",
    "SlaPolicy",
    "Spend",
    "Stage",
    "StageEvent",
    "Submission",
    "Target",
    "Team",
    "Touch",
    "User",
    "Workspace",
]
