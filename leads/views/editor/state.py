"""What the pages of the editor show: the draft if there is one, else the live version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from django.http import HttpRequest
from django.utils import timezone

from leads import backtest
from leads.definitions.found import ERROR, Problem
from leads.definitions.problems import problems
from leads.models import DefinitionSet
from leads.views.editor.choices import Choices


class Desk:
    """The versions one request works on, and who works on them."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.at: datetime = timezone.now()
        self.live = DefinitionSet.current()
        self.draft = DefinitionSet.objects.filter(status="draft").select_related("edited_by").first()
        self.lists = Choices()

    @property
    def shown(self) -> DefinitionSet:
        return self.draft or self.live

    @property
    def is_empty(self) -> bool:
        """Tell whether nobody has defined anything yet."""
        return self.shown.pk is None

    @property
    def may_edit(self) -> bool:
        return bool(getattr(self.request.user, "is_admin", False))

    @property
    def editable(self) -> bool:
        return self.may_edit and self.draft is not None

    @property
    def is_compared(self) -> bool:
        """Tell whether there is a draft and a live version it changes."""
        return self.draft is not None and self.live.pk is not None

    @cached_property
    def tested(self) -> dict[str, backtest.RuleFigures]:
        """Return what past leads say of the rules, by slug; nothing before a backtest."""
        return backtest.latest(self.shown)

    @cached_property
    def problems(self) -> list[Problem]:
        return problems(self.draft) if self.draft else []

    @property
    def errors(self) -> Sequence[Problem]:
        return [problem for problem in self.problems if problem.level == ERROR]
