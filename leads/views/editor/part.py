"""What a part of a definition is: one form, saved by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Set
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import QueryDict

from leads.definitions.editing import Action
from leads.models import DefinitionSet
from leads.views.editor.scoring_forms import Json

NOWHERE: Set[str] = frozenset()


class Refused(Exception):
    """A value cannot even stand in a draft."""


@dataclass(frozen=True)
class Part(ABC):
    """One form: what it shows of a definition, and what it makes of it."""

    template: ClassVar[str]
    swaps: ClassVar[str] = "innerHTML"

    @property
    @abstractmethod
    def slug(self) -> str: ...

    @property
    @abstractmethod
    def path(self) -> str:
        """Return where the part stands, as problems name it."""

    @property
    @abstractmethod
    def title(self) -> str: ...

    @property
    @abstractmethod
    def page(self) -> str:
        """Return the address of the page it is on."""

    @abstractmethod
    def read(self, definition: DefinitionSet) -> Any: ...

    @abstractmethod
    def parse(self, definition: DefinitionSet, data: QueryDict, action: Action) -> Any:
        """Return what a form makes of the part."""

    @abstractmethod
    def columns(self, definition: DefinitionSet, value: Any) -> Json:
        """Return the columns of the definition with the part replaced."""

    @abstractmethod
    def say(self, value: Any) -> str:
        """Return the part in words."""

    def condition(self, value: Any) -> Any:
        """Return the condition within the part, for those that have one."""
        return None

    @property
    def condition_path(self) -> str:
        return self.path

    @property
    def forbid(self) -> Set[str]:
        return NOWHERE

    @property
    def form(self) -> str:
        """Return the id of its form, with which the ids of its inputs begin."""
        return f"edit-{self.slug}"
