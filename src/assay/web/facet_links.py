"""Facets and conditions as links: what a query becomes when a part of it is taken or dropped, and where it leads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import urlencode

from pydantic import BaseModel

from assay.measure.facets.columns import Facet
from assay.measure.facets.query import Compared, Picked, Query

Part = str | Picked | Compared

_TITLES: Final = {
    "language": "Language", "topic": "Topic", "category": "Category", "intent": "Intent", "task": "Task",
    "label": "Label", "kind": "Kind", "origin": "Origin", "generator": "Generator", "source": "Source",
    "split": "Split", "turns": "Turns", "length": "Length", "licence": "Licence", "review": "Review", "is": "Signals",
    "input_length": "Input length", "output_length": "Output length", "score": "Score", "stage": "Stage",
    "code": "Code", "outcome": "Outcome", "map": "Map",
}  # fmt: skip
_VALUES: Final = {
    "language": {
        "en": "English", "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "fr": "French", "de": "German",
        "es": "Spanish", "ru": "Russian", "pt": "Portuguese", "it": "Italian", "ar": "Arabic", "code": "source code",
        "nl": "Dutch", "pl": "Polish", "sv": "Swedish", "cs": "Czech", "la": "Latin (language)", "tr": "Turkish",
        "vi": "Vietnamese", "uk": "Ukrainian", "hi": "Hindi", "id": "Indonesian", "af": "Afrikaans", "da": "Danish",
        "fi": "Finnish", "ro": "Romanian", "th": "Thai", "el": "Greek", "he": "Hebrew", "und": "too little text",
    },
    "origin": {"human": "human", "synthetic": "synthetic", "log": "log", "web": "web"},
    "is": {
        "twin": "has a twin", "reviewed": "reviewed", "edited": "edited", "masked": "masked", "disabled": "disabled",
    },
    "review": {
        "open": "open", "reviewed": "reviewed", "in conflict": "in conflict", "accept": "accepted",
        "reject": "rejected", "edit": "edited",
    },
}  # fmt: skip
_NONE: Final = "not stated"
_PART: Final = "a part of it"
SAYS: Final = (
    *_TITLES.values(),
    *(name for names in _VALUES.values() for name in names.values()),
    _NONE,
    _PART,
)
"""The interface's words for fields and values."""
_WHOLE: Final = frozenset(("turns", "length", "input_length", "output_length"))


class FacetValue(BaseModel):
    """A value of a facet. `name`: how people call it; `ours`: it is a word of the interface. `see`: the page with the
    value chosen, or not any more; `share`: per cent of the facet's largest count; `key`: the same on every page."""

    value: str
    name: str
    ours: bool
    rows: int
    picked: bool
    share: float
    see: str
    key: str


class FacetBox(BaseModel):
    """A facet. `more` values are not listed."""

    field: str
    title: str
    ours: bool
    values: list[FacetValue]
    more: int


class Chip(BaseModel):
    """A part of the query. `field` "" for words; `out`: it must not be so. `see`: the page without it."""

    field: str
    field_ours: bool
    name: str
    ours: bool
    out: bool
    see: str


def address(path: str, **asked: Any) -> str:
    """A path with what is asked of it; what is empty is left out."""
    pairs = [
        (key, one)
        for key, value in asked.items()
        for one in (value if isinstance(value, (list, tuple)) else [value])
        if one not in (None, "")
    ]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def box(facet: Facet, query: Query, path: str, **asked: Any) -> FacetBox:
    """A facet whose values are links to the query with and without them."""
    most = max((one.rows for one in facet.values), default=0) or 1
    values = []
    for one in facet.values:
        name, ours = value_name(facet.field, one.value)
        there = toggled(query, facet.field, one.value, one.picked)
        digits = blake2b(f"{facet.field}\n{one.value}".encode("utf-8", "replace"), digest_size=5).hexdigest()
        values.append(
            FacetValue(
                value=one.value,
                name=name,
                ours=ours,
                rows=one.rows,
                picked=one.picked,
                share=100 * one.rows / most,
                see=address(path, q=there.text, **asked),
                key=f"f-{digits}",
            )
        )
    title, ours = field_title(facet.field)
    return FacetBox(field=facet.field, title=title, ours=ours, values=values, more=facet.more)


def told(facets: Iterable[Facet], total: int) -> list[Facet]:
    """The facets that tell rows apart: without values that no row has, and without those that all rows share."""
    left = [replace(one, values=tuple(v for v in one.values if v.rows or v.picked)) for one in facets]
    return [
        one
        for one in left
        if one.values and (len(one.values) > 1 or one.values[0].picked or one.values[0].rows < total)
    ]


def toggled(query: Query, field: str, value: str, picked: bool) -> Query:
    """The query with the value chosen too; or, where it is picked, without what picks it: the condition that names it,
    else every condition on the field."""
    if not picked:
        return query.together(Query(picked=(Picked(field, value),)))
    named = [
        p for p in query.picked if p.field == field and not p.out and p.value.casefold() == value.casefold()
    ]
    if named:
        return replace(query, picked=tuple(p for p in query.picked if p not in named))
    return replace(
        query,
        picked=tuple(p for p in query.picked if p.field != field),
        compared=tuple(c for c in query.compared if c.field != field),
    )


def parts(query: Query) -> Iterable[tuple[Part, bool, Query]]:
    """Each part of a query, whether it must not be so, and the query without it."""
    for word in query.words:
        yield word, False, replace(query, words=tuple(w for w in query.words if w != word))
    for word in query.without:
        yield word, True, replace(query, without=tuple(w for w in query.without if w != word))
    for picked in query.picked:
        yield picked, picked.out, replace(query, picked=tuple(p for p in query.picked if p != picked))
    for compared in query.compared:
        yield (
            compared,
            compared.out,
            replace(query, compared=tuple(c for c in query.compared if c != compared)),
        )


def chips(query: Query, path: str, **asked: Any) -> list[Chip]:
    """The parts of a query, each with the page without it."""
    found = []
    for part, out, left in parts(query):
        see = address(path, q=left.text, **asked)
        if isinstance(part, str):
            found.append(Chip(field="", field_ours=True, name=part, ours=False, out=out, see=see))
            continue
        field, field_ours = field_title(part.field)
        if isinstance(part, Picked):
            name, ours = value_name(part.field, part.value)
        else:
            sign = {">=": "≥", "<=": "≤"}.get(part.sign, part.sign)
            name, ours = f"{sign} {part.number:g}", False
        found.append(Chip(field=field, field_ours=field_ours, name=name, ours=ours, out=out, see=see))
    return found


def field_title(field: str) -> tuple[str, bool]:
    """What a field is called, and whether that is a word of the interface."""
    return (_TITLES[field], True) if field in _TITLES else (field, False)


def value_name(field: str, value: str) -> tuple[str, bool]:
    """What a value is called, and whether that is a word of the interface. Of paths the end."""
    if value == "":
        return _NONE, True
    if field == "map" and "," in value:
        return _PART, True
    if value in _VALUES.get(field, {}):
        return _VALUES[field][value], True
    low, dots, high = value.partition("..")
    if dots and _is_number(low) and _is_number(high):
        if field in _WHOLE and high.isdigit() and low:
            high = str(int(high) - 1)
        return f"{low}–{high}" if low and high else f"≥ {low}" if low else f"< {high}", False
    return value.rpartition("/")[2] if field == "source" else value, False


def _is_number(text: str) -> bool:
    return not text or text.replace(".", "", 1).replace("-", "", 1).isdigit()


def tongue(language: str) -> str:
    """The `lang` of a text in a language as the stage tells it; `und` where nobody knows."""
    if language == "zh":
        return "zh-Hans"
    known = 2 <= len(language) <= 3 and language.isascii() and language.isalpha() and language != "und"
    return language if known else "und"
