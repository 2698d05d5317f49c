"""What every chart consists of: a caption, an image with title and description, and its figures in a table."""

from __future__ import annotations

from collections.abc import Sequence

from assay.model.escape import inline


def figure(name: str, title: str, note: str, picture: str, twin: str) -> str:
    """A `<figure>`; `name` is unique in the page. `picture` is the SVG and `twin` the table."""
    said = f'<p class="muted">{inline(note, 400)}</p>' if note else ""
    return (
        f'<figure class="fig" id="{name}"><figcaption><h3>{inline(title)}</h3>{said}</figcaption>{picture}'
        f'<details class="twin"><summary>Same figures as a table</summary>{twin}</details></figure>'
    )


def image(name: str, title: str, description: str, size: tuple[int, int], body: str, kind: str = "") -> str:
    """An SVG that says what it shows to those who do not see it."""
    width, height = size
    return (
        f'<svg class="chart{" " + kind if kind else ""}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{inline(title)}</title>'
        f'<desc id="{name}-d">{inline(description, 1_000)}</desc>{body}</svg>'
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], text_columns: int = 1) -> str:
    """A table; columns after the first `text_columns` hold numbers. Cells are text of anybody."""
    kinds = ["" if k < text_columns else ' class="num"' for k in range(len(heads))]
    head = "".join(
        f'<th scope="col"{kind}>{inline(text)}</th>' for text, kind in zip(heads, kinds, strict=True)
    )
    lines = []
    for row in rows:
        first, *rest = (inline(cell) for cell in row)
        cells = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(rest, kinds[1:], strict=True))
        lines.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    return (
        f'<div class="scroll"><table class="tight"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def text(x: float, y: float, said: str, *, anchor: str = "start", kind: str = "") -> str:
    """A label of anybody's text."""
    painted = f' class="{kind}"' if kind else ""
    held = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{place(x)}" y="{place(y)}"{held}{painted}>{inline(said, 60)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{place(x1)}" y1="{place(y1)}" x2="{place(x2)}" y2="{place(y2)}"/>'


def rect(x: float, y: float, width: float, height: float, kind: str, hint: str = "") -> str:
    inside = f"<title>{inline(hint)}</title></rect>" if hint else "</rect>"
    return (
        f'<rect class="{kind}" x="{place(x)}" y="{place(y)}" width="{place(max(0.0, width))}" '
        f'height="{place(max(0.0, height))}">{inside}'
    )


def place(value: float) -> str:
    """A coordinate to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


def steps(top: float, most: int = 4) -> list[float]:
    """Round tick values from 0 to at least `top`, a count: multiples of 1, 2 or 5 times a power of ten."""
    width = next(w for k in range(20) for m in (1, 2, 5) if (w := float(m * 10**k)) * most >= top)
    number = max(1, int(-(-top // width)))
    return [width * k for k in range(number + 1)]


def compact(value: float) -> str:
    """ "950", "12k", "1.5M"."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size * (1 if unit == "M" else 10):
            return f"{value / size:.3g}{unit}"
    return f"{value:,.4g}" if value < 10_000 else f"{value:,.0f}"
