"""Bars that lie: one value a line, the longest first or in the order given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assay.measure.charts.figure import figure, image, rect, table, text
from assay.measure.shares import percent

WIDTH = 480
LABEL, NUMBERS, ROW = 164, 116, 26


def bars(
    name: str,
    title: str,
    note: str,
    rows: Sequence[tuple[str, int]],
    whole: int,
    heads: tuple[str, str],
    shorten: Callable[[str], str] = str,
) -> str:
    """`rows` are (label, count); shares are of `whole`. `heads` name both columns of the table.

    The picture shows `shorten(label)`, as much of it as fits; the table shows the label.
    """
    top = max((count for _, count in rows), default=0)
    room = WIDTH - LABEL - NUMBERS
    parts = []
    for k, (label, count) in enumerate(rows):
        y = k * ROW
        wide = room * count / top if top else 0
        parts += [
            text(0, y + 17, clip(shorten(label), 23), kind="lab"),
            rect(LABEL, y + 7, room, 12, "bg"),
            rect(LABEL, y + 7, max(wide, 1.5) if count else 0, 12, "kept", f"{label}: {count:,}"),
            text(WIDTH - NUMBERS + 58, y + 17, f"{count:,}", anchor="end", kind="tb"),
            text(WIDTH, y + 17, percent(count, whole), anchor="end", kind="tm"),
        ]
    said = "; ".join(f"{clip(shorten(label), 40)} {percent(count, whole)}" for label, count in rows[:5])
    picture = image(
        name, title, f"{len(rows)} bars. {said}", (WIDTH, max(1, len(rows)) * ROW), "".join(parts), "b"
    )
    lines = [[label, f"{count:,}", percent(count, whole)] for label, count in rows]
    return figure(name, title, note, picture, table([*heads, "share"], lines))


def clip(label: str, cells: int) -> str:
    """The label's first characters that fit in `cells` columns; a wide character takes two."""
    from assay.model.escape import ELLIPSIS, spelled

    used, out = 0, ""
    for char in spelled(label, cells + 1):
        used += 2 if "\u1100" <= char <= "\uffdc" and not "\u2000" <= char <= "\u2e7f" else 1
        if used > cells:
            return out.rstrip() + ELLIPSIS
        out += char
    return out
