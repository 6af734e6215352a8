"""What every page owes to people who do not see it, read off its HTML."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SHAPES = {"rect", "line", "path", "circle", "use", "polyline"}
CONTROLS = {"input", "select", "textarea"}


class Element:
    def __init__(self, tag: str, attributes: dict[str, str], parent: Element | None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.inside: list[Element | str] = []

    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text() for part in self.inside)

    def above(self) -> Iterator[Element]:
        here = self.parent
        while here:
            yield here
            here = here.parent

    def __str__(self) -> str:
        shown = "".join(f' {name}="{value}"' for name, value in self.attributes.items())
        return f"<{self.tag}{shown}>"[:160]


class Page(HTMLParser):
    """The elements of a page, in order; elements that are closed wrongly are problems."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = self.here = Element("", {}, None)
        self.elements: list[Element] = []
        self.unbalanced: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.inside.append(element)
        self.elements.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != self.here.tag:
            self.unbalanced.append(f"</{tag}> closes {self.here}")
        for element in (self.here, *self.here.above()):
            if element.tag == tag and element.parent:
                self.here = element.parent
                return

    def handle_data(self, data: str) -> None:
        self.here.inside.append(data)

    def of(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]


def problems(html: str) -> list[str]:
    """Return what is wrong with a whole page."""
    page = Page(html)
    return [*page.unbalanced, *_frame(page), *_headings(page), *part_problems(html)]


def part_problems(html: str) -> list[str]:
    """Return what is wrong with a page or a part of one."""
    page = Page(html)
    return [*_ids(page), *_names(page), *_controls(page), *_nesting(page), *_tables(page), *_forbidden(page)]


def _frame(page: Page) -> Iterator[str]:
    if [element.attributes.get("lang") for element in page.of("html")] != ["en"]:
        yield "the page does not say its language"
    if len(page.of("main")) != 1:
        yield f"{len(page.of('main'))} main landmarks"
    if not re.fullmatch(r".+ · .+", "".join(element.text() for element in page.of("title")[:1])):
        yield "no title of its own"
    currents = [e for e in page.of("a") if e.attributes.get("aria-current") == "page"]
    for nav in page.of("nav"):
        if sum(nav in element.above() for element in currents) > 1:
            yield f"{nav} has two current pages"


def _headings(page: Page) -> Iterator[str]:
    levels = [int(element.tag[1]) for element in page.of("h1", "h2", "h3", "h4")]
    if levels.count(1) != 1:
        yield f"{levels.count(1)} headings of the first level"
    for before, after in pairwise(levels):
        if after > before + 1:
            yield f"a heading {after} follows one of {before}"


def _ids(page: Page) -> Iterator[str]:
    ids = Counter(element.attributes["id"] for element in page.elements if "id" in element.attributes)
    yield from (f"{number} elements are called {name}" for name, number in ids.items() if number > 1)
    for element in page.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            for target in element.attributes.get(name, "").split():
                if target not in ids:
                    yield f"{element} refers to nothing"
        if element.tag == "label" and "for" in element.attributes and element.attributes["for"] not in ids:
            yield f"{element} labels nothing"


def _names(page: Page) -> Iterator[str]:
    for element in page.of("a", "button", "summary"):
        if not (element.text().strip() or element.attributes.get("aria-label")):
            yield f"{element} has no name"


def _controls(page: Page) -> Iterator[str]:
    labelled = {element.attributes.get("for") for element in page.of("label")}
    for element in page.of(*CONTROLS):
        if element.attributes.get("type") == "hidden":
            continue
        is_inside = any(above.tag == "label" for above in element.above())
        named = {"aria-label", "aria-labelledby"} & element.attributes.keys()
        if not (is_inside or named or element.attributes.get("id", "-") in labelled):
            yield f"{element} has no label"


def _nesting(page: Page) -> Iterator[str]:
    for element in page.of("form", "a", "button"):
        if any(above.tag == element.tag for above in element.above()):
            yield f"{element} stands inside another {element.tag}"


def _tables(page: Page) -> Iterator[str]:
    for table in page.of("table"):
        heads = [element for element in page.of("th") if table in element.above()]
        yield from (f"{head} has no scope" for head in heads if "scope" not in head.attributes)


def _forbidden(page: Page) -> Iterator[str]:
    for element in page.elements:
        if element.tag in SHAPES:
            continue
        for name in element.attributes:
            if name == "style" or name.startswith(("on", "hx-on")):
                yield f"{element}: the content security policy blocks {name}"
        is_inline = element.tag == "script" and "src" not in element.attributes
        if is_inline and element.attributes.get("type") != "application/json":
            yield f"{element}: the content security policy blocks it"
