"""From what a page shows to HTML: templates that escape, numbers and times for people, words in two languages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from assay import __version__
from assay.measure.language import script_of
from assay.measure.shares import percent
from assay.model.escape import acts_unseen, block, inline, spelled, visible
from assay.web.charts import CHARTS
from assay.web.spans import differing, masked
from assay.web.versions_menu import others

if TYPE_CHECKING:
    from assay.web.asking import Ask
    from assay.web.routing import Page

LANGUAGES: Final = ("en", "zh")
_COUNTED: Final = re.compile(r"\{(\w+):([^{}|]*)\|([^{}|]*)\}")


@cache
def words(language: str) -> Mapping[str, str]:
    """English phrase → the phrase in another language."""
    if language == "en":
        return {}
    data: dict[str, str] = json.loads(files("assay.web").joinpath("words", f"{language}.json").read_bytes())
    return data


def environment() -> Environment:
    """The templates' environment: everything is escaped, an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("assay.web", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_seen,
    )
    made.filters |= {
        "count": lambda number: f"{number:,}",
        "share": percent,
        "day": lambda time: str(time)[:10],
        "moment": lambda time: f"{str(time)[:16].replace('T', ' ')} UTC",
        "line": lambda text, limit=200: Markup(inline(str(text), limit)),  # noqa: S704 - `inline` escapes
        "lines": lambda text, limit=4_000: Markup(block(str(text), limit)),  # noqa: S704 - `block` escapes
        "hallmark": hallmark,
        "size": spell_bytes,
        "plain": lambda text: "".join(spelled(c, 1) if acts_unseen(c) else c for c in str(text)),
        "lineage": _lineage,
        "zh": lambda text: any("\u4e00" <= c <= "\u9fff" for c in str(text)[:400]),
        "typed": typed,
        "parameter": spell_parameter,
        "masked": masked,
        "differing": differing,
        "script": script_tag,
        "spelled": lambda name: str(name).replace("_", " "),
        "part": lambda count, whole: 100 * count / whole if whole else 0.0,
        "since": spell_moment,
        "span": spell_seconds,
        "picture": Markup,
        "sentence": lambda text: str(text)[:1].upper() + str(text)[1:],
        "said": lambda phrase, _: _(phrase),
        "tail": lambda path: str(path).replace("\\", "/").rstrip("/").rpartition("/")[2] or str(path),
    }
    made.globals |= CHARTS
    return made


def _seen(value: Any) -> Any:
    """What a template writes without a filter: text in which nothing acts unseen. Escaped it is afterwards."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _environment() -> Environment:
    return environment()


def render(request: Request, ask: Ask, template: str, view: Page) -> HTMLResponse:
    """A page, or, where htmx asks for a part of it (`HX-Target` names a block), that block alone."""
    known = words(ask.language)

    def said(phrase: str, **values: Any) -> str:
        text = numbered(known.get(phrase, phrase), values)
        # Values that a filter made fit for a page are not escaped again.
        return (
            escape(text).format(**{name: _seen(value) for name, value in values.items()}) if values else text
        )

    paths = {getattr(route, "path", "") for route in request.app.routes}
    context = {
        "view": view,
        "there": lambda path: path in paths,
        "menu": lambda dataset, ref: others(ask.registry, dataset, ref, request.url.path),
        "me": ask.identity,
        "language": ask.language,
        "_": said,
        "path": request.url.path,
        "here": f"{'https' if ask.settings.secure else request.url.scheme}://{request.url.netloc}",
        "form_token": request.state.form_token,
        "version": __version__,
        "mode": ask.settings.mode,
        "keys": ask.keys,
        "mistake": getattr(request.state, "mistake", None),
    }
    page = _environment().get_template(template)
    wanted = request.headers.get("hx-target", "").replace("-", "_")
    if request.headers.get("hx-request") == "true" and wanted in page.blocks:
        made = page.new_context(context)
        # What the template imports and sets before its first words, the block may use.
        next(page.root_render_func(made), None)
        return HTMLResponse("".join(page.blocks[wanted](made)))
    return HTMLResponse(page.render(context))


def numbered(text: str, values: Mapping[str, Any]) -> str:
    """A phrase with its words for one or for many, as in "{n} {n:row|rows}": English tells 1 from every other number.
    Chinese has one form, and its phrases say nothing of it."""
    if "|" not in text:
        return text
    return _COUNTED.sub(lambda found: found[2 if str(values[found[1]]) == "1" else 3], text)


def _lineage(view: Any, said: Any) -> Markup:
    from assay.web.pages.lineage import picture

    return picture(view, said)


def hallmark(fingerprint: str, size: str = "") -> Markup:
    """The first 16 digits of a fingerprint as bars: two versions that differ look different."""
    digits = fingerprint.removeprefix("sha256:")[:16]
    bars = []
    for k, digit in enumerate(digits):
        tall = 2.5 + int(digit, 16) * 0.85 if digit in "0123456789abcdef" else 2.5
        bars.append(f'<rect x="{4 + k * 4.85:.1f}" y="{18 - tall:.1f}" width="3" height="{tall:.1f}"/>')
    said = f"Hallmark: the first 16 digits of the fingerprint, {inline(digits)}"
    kind = "hall big" if size == "big" else "hall"
    picture = f'<svg class="{kind}" viewBox="0 0 84 20" role="img" aria-label="{said}"><title>{said}</title>'
    return Markup(picture + "".join(bars) + "</svg>")  # noqa: S704 - digits of our own


def script_tag(text: str) -> Markup:
    """` lang="zh-Hans"` for a text that is mostly Chinese: it picks glyphs and line height."""
    return Markup(' lang="zh-Hans"') if script_of(str(text)) == "Chinese" else Markup("")


def typed(text: str) -> str:
    """A text for a field in which it can be edited: blanks as they are, and what would act unseen spelled."""
    return "".join(char if char == " " else spelled(char) or " " for char in text)


def spell_parameter(value: Any) -> str:
    """A value of a policy's rule as people read it: "a, b", "train 300, test 20", "yes"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {spell_parameter(one)}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def spell_bytes(number: float) -> str:
    """ "812 B", "1.4 GB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def spell_moment(seconds: float) -> str:
    """ "2026-11-21 12:40 UTC", of seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def spell_seconds(seconds: float) -> str:
    """ "0.4 s", "12 s", "4 min", "2.5 h"."""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6_000 else f"{seconds / 3600:.1f} h"
