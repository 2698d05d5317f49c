"""The funnel: a column a step, solid for what remains, shaded for what went there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.measure.charts.bars import clip
from assay.measure.charts.figure import figure, image, line, rect, table, text
from assay.measure.shares import percent

WIDTH, HEIGHT = 1000, 250
TOP, BOTTOM = 44, 26


@dataclass(frozen=True, slots=True)
class Step:
    """`gone` records went at this step and `left` remained; `reasons` says why, in words."""

    name: str
    gone: int
    left: int
    reasons: str = ""


def funnel(name: str, title: str, note: str, read: int, steps: Sequence[Step]) -> str:
    """From `read` records through `steps` to what was kept. Steps that took nothing are in the table only."""
    shown = [step for step in steps if step.gone]
    kept = steps[-1].left if steps else read
    wide = WIDTH / (len(shown) + 2)
    floor = HEIGHT - BOTTOM
    tall = floor - TOP
    parts = [
        _column(0, wide, "read", f"{read:,}", "", "tb"),
        rect(0, TOP, wide - 3, tall, "kept", f"read {read:,}"),
    ]
    before = read
    for k, step in enumerate(shown, start=1):
        x = k * wide
        high, low = (tall * n / read if read else 0 for n in (before, step.left))
        parts += [
            rect(x, floor - low, wide - 3, low, "keptw", f"{step.left:,} go on after {step.name}"),
            rect(x, floor - high, wide - 3, max(high - low, 2), "rej", f"{step.name} took {step.gone:,}"),
            _column(x, wide, step.name, f"−{step.gone:,}", percent(step.gone, before), "tr"),
        ]
        before = step.left
    x = (len(shown) + 1) * wide
    high = tall * kept / read if read else 0
    parts += [
        rect(x, floor - high, wide - 3, high, "kept", f"kept {kept:,}"),
        _column(x, wide, "kept", f"{kept:,}", percent(kept, read), "tb"),
        line(0, floor, WIDTH, floor, "ax"),
    ]
    said = f"{read:,} records were read, {kept:,} kept ({percent(kept, read)})."
    took = max(shown, key=lambda step: step.gone, default=None)
    if took is not None:
        said += f" {took.name} took most: {took.gone:,}."
    lines = [["read", "", f"{read:,}", ""]]
    lines += [[s.name, f"{s.gone:,}" if s.gone else "0", f"{s.left:,}", s.reasons] for s in steps]
    rows = [[step, why, gone, left] for step, gone, left, why in lines]
    twin = table(["step", "why", "rejected", "left"], rows, text_columns=2)
    return figure(name, title, note, image(name, title, said, (WIDTH, HEIGHT), "".join(parts), "wide"), twin)


def _column(x: float, wide: float, name: str, count: str, share: str, kind: str) -> str:
    """The words above and below one column."""
    cells = max(4, int(wide / 7.5))
    return "".join(
        [
            text(x, 14, clip(name, cells), kind="tb"),
            text(x, 30, count, kind=kind),
            text(x, HEIGHT - BOTTOM + 18, share, kind="tm"),
        ]
    )
