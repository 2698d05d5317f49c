"""A form as somebody had filled it in: what was typed goes back into the HTML of the page that has the form.

Pages need nothing for it: the form is found by its action, and its fields by their names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Final

from assay.model.escape import visible

LONGEST: Final = 1 << 16
"""Characters of a field that are put back; a longer one stays as the page had it."""
MOST: Final = 500
"""Fields of a form that are looked at."""
_NEVER: Final = frozenset({"password", "file", "hidden", "submit", "button", "image", "reset"})
_STAMPS: Final = frozenset({"follows"})
"""Hidden fields that say when a page was made, and not what it is about."""

Attributes = list[tuple[str, str | None]]
Span = tuple[int, int]


@dataclass(slots=True)
class _Tag:
    """A tag in the page. `inside`: what stands between it and its end, of a textarea or an option."""

    name: str
    span: Span
    attributes: dict[str, str | None]
    inside: Span = (0, 0)
    folds: tuple[int, ...] = ()

    def get(self, name: str) -> str:
        return self.attributes.get(name) or ""


@dataclass(slots=True)
class _Form:
    """A form. `actions`: where it and its buttons post to."""

    tag: _Tag
    actions: list[str] = field(default_factory=list)
    fields: list[_Tag] = field(default_factory=list)

    def about(self, sent: Mapping[str, Sequence[str]]) -> bool:
        """Whether what was sent is about the same thing: the hidden fields say which."""
        hidden = (
            one for one in self.fields if one.get("type") == "hidden" and one.get("name") not in _STAMPS
        )
        return all(one.get("value") in sent.get(one.get("name"), [one.get("value")]) for one in hidden)


class _Reader(HTMLParser):
    """The forms of a page, with where everything stands."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=False)
        self.forms: list[_Form] = []
        self.folds: list[_Tag] = []
        self._lines = [0, *(found.end() for found in re.finditer("\n", page))]
        self._loose: list[_Tag] = []
        self._open: list[int] = []
        self._select: _Tag | None = None
        self._within: _Tag | None = None
        self._form: _Form | None = None
        self.feed(page)
        self.close()
        owners = {form.tag.get("id"): form for form in self.forms if form.tag.get("id")}
        for tag in self._loose:
            if (owner := owners.get(tag.get("form"))) is not None:
                owner.fields.append(tag)

    def handle_starttag(self, name: str, attributes: Attributes) -> None:
        start = self._at()
        tag = _Tag(name, (start, start + len(self.get_starttag_text() or "")), dict(attributes))
        tag.folds = tuple(self._open)
        if name == "form":
            self._form = _Form(tag, [tag.get("action").partition("?")[0]])
            self.forms.append(self._form)
        elif name == "details":
            self._open.append(len(self.folds))
            self.folds.append(tag)
        elif name == "select":
            self._select = tag
        elif name == "button" and self._form is not None and tag.get("formaction"):
            self._form.actions.append(tag.get("formaction").partition("?")[0])
        elif name in ("input", "textarea", "option"):
            self._take(tag)

    def handle_endtag(self, name: str) -> None:
        if name == "form":
            self._form = None
        elif name == "details" and self._open:
            self._open.pop()
        elif name == "select":
            self._select = None
        elif name in ("textarea", "option") and self._within is not None:
            self._within.inside = (self._within.span[1], self._at())
            self._within = None

    def _take(self, tag: _Tag) -> None:
        if tag.name == "option":
            select = self._select
            if select is None:
                return
            tag.attributes = {"name": select.get("name"), "form": select.get("form"), **tag.attributes}
        if tag.name != "input":
            self._within = tag
        if tag.get("form"):
            self._loose.append(tag)
        elif self._form is not None and len(self._form.fields) < MOST:
            self._form.fields.append(tag)

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


def refilled(page: str, action: str, sent: Mapping[str, Sequence[str]], wrong: Collection[str] = ()) -> str:
    """The page with what was `sent` to `action` in its form again, its folds open, and the fields in `wrong` marked.
    Files and passwords are not put back. As it was where the page has no such form."""
    reader = _Reader(page)
    form = _form_of(reader.forms, action, sent)
    if form is None:
        return page
    edits: list[tuple[Span, str]] = []
    left = {name: list(values) for name, values in sent.items()}
    for tag in form.fields:
        edits += _edits(tag, page, sent, left, tag.get("name") in wrong)
    for number in form.tag.folds:
        fold = reader.folds[number]
        edits.append((fold.span, _spelled(fold, {"open": None})))
    for (start, end), text in sorted(edits, reverse=True):
        page = page[:start] + text + page[end:]
    return page


def _form_of(forms: Sequence[_Form], action: str, sent: Mapping[str, Sequence[str]]) -> _Form | None:
    """Of the forms that post there, the one that is about the same; where none does, because the page that asks again
    came between, the one that can take most of what was typed."""
    there = [form for form in forms if action in form.actions]
    posting = there or [form for form in forms if form.tag.get("method") == "post"]
    same = [form for form in posting if form.about(sent)]
    best = max(same, key=lambda form: _taken(form, sent), default=None)
    return best if best is not None and (there or _taken(best, sent)) else None


def _taken(form: _Form, sent: Mapping[str, Sequence[str]]) -> int:
    names = {tag.get("name") for tag in form.fields if tag.get("type") not in _NEVER and tag.name != "option"}
    return sum(len(text) for name in names for text in sent.get(name, ()))


def _edits(
    tag: _Tag, page: str, sent: Mapping[str, Sequence[str]], left: dict[str, list[str]], wrong: bool
) -> Iterator[tuple[Span, str]]:
    name, kind = tag.get("name"), tag.get("type").lower() or "text"
    marked: dict[str, str | None] = {"aria-invalid": "true", "aria-describedby": "mistake"} if wrong else {}
    if tag.name == "option":
        said = tag.get("value") if "value" in tag.attributes else page[slice(*tag.inside)].strip()
        shape = {"selected": None} if said in sent.get(name, ()) else {}
        tag.attributes = {k: v for k, v in tag.attributes.items() if k not in ("selected", "name", "form")}
        yield tag.span, _spelled(tag, shape)
    elif kind in ("checkbox", "radio") and tag.name == "input":
        ticked = (tag.get("value") or "on") in sent.get(name, ())
        tag.attributes.pop("checked", None)
        yield tag.span, _spelled(tag, ({"checked": None} if ticked else {}) | marked)
    elif tag.name == "textarea" or kind not in _NEVER:
        typed = left[name].pop(0) if left.get(name) else None
        if typed is None or len(typed) > LONGEST:
            if marked:
                yield tag.span, _spelled(tag, marked)
        elif tag.name == "textarea":
            # HTML drops the first line end after the tag.
            yield (tag.span[0], tag.inside[1]), f"{_spelled(tag, marked)}\n{escape(visible(typed))}"
        else:
            yield tag.span, _spelled(tag, {"value": visible(typed)} | marked)
    elif marked and kind != "hidden":
        yield tag.span, _spelled(tag, marked)


def _spelled(tag: _Tag, more: Mapping[str, str | None]) -> str:
    pairs = (
        name if value is None else f'{name}="{escape(value, quote=True)}"'
        for name, value in {**tag.attributes, **more}.items()
    )
    return f"<{' '.join((tag.name, *pairs))}>"
