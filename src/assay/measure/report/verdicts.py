"""The table of health checks: shape, colour and word together say the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assay.measure.health import Health
from assay.model.escape import inline

_SHAPES = {
    "healthy": '<circle cx="8" cy="8" r="6.5"/><path d="M5 8.2l2.1 2.1L11 6"/>',
    "watch": '<path d="M8 2L14.6 13.5H1.4z"/><path d="M8 6.4v3.2M8 11.6v.1"/>',
    "warning": '<path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z"/>'
    '<path d="M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4"/>',
    "unknown": '<circle cx="8" cy="8" r="6.5" stroke-dasharray="2.6 2.6"/>',
}
_ORDER = {"warning": 0, "watch": 1, "healthy": 2, "unknown": 3}


def health_table(checks: Sequence[Health]) -> str:
    """What is worst stands first."""
    rows = "".join(_row(check) for check in sorted(checks, key=lambda check: _ORDER[check.verdict]))
    heads = "".join(
        f'<th scope="col">{head}</th>' for head in ("Check", "Value", "Healthy", "Verdict", "What to do")
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Health checks"><table class="health">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def mark(verdict: str, word: str = "") -> str:
    """The verdict's sign and word; or its sign with another word."""
    sign = f'<svg viewBox="0 0 16 16" aria-hidden="true">{_SHAPES[verdict]}</svg>'
    return f'<span class="st {verdict}">{sign}{word or verdict}</span>'


def with_code(said: str) -> str:
    """Our own prose as HTML: what stands in backticks is code."""
    pieces = escape(said).split("`")
    return "".join(f"<code>{piece}</code>" if k % 2 else piece for k, piece in enumerate(pieces))


def _row(check: Health) -> str:
    todo = with_code(check.advice) if check.verdict in ("watch", "warning") else "nothing"
    if check.verdict == "unknown":
        todo = "cannot be judged"
    quiet = ' class="do"' if check.verdict in ("watch", "warning") else ' class="do muted"'
    return (
        f'<tr><th scope="row">{escape(check.title)}<p>{escape(check.why)}</p></th>'
        f'<td class="value">{inline(check.shown)}</td><td class="range">{escape(check.range)}</td>'
        f"<td>{mark(check.verdict)}</td><td{quiet}>{todo}</td></tr>"
    )
