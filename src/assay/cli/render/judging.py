"""Pictures of judging: what it would cost, and what the judges said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns, labelled, spaced, title, try_next
from assay.cli.render.text import clip, plural, safe_text
from assay.judge.judgement import NOT_APPLICABLE
from assay.llm.answers import CODES

WORDS: Mapping[str, str] = {
    **{str(k): v for k, v in CODES.items()},
    NOT_APPLICABLE: "the rubric cannot judge them",
}
_HEIGHTS = " ▁▂▃▄▅▆▇█"
_BAR = 40
_FEW = 6
"""Values of a scale up to which each has a column."""
_BESIDE = 2
_NAME = 28
_LAST = ("weighted", "difficulty")


def outlook(name: str, found: Mapping[str, Any]) -> RenderableType:
    """What judging would take, one line a judge; `found`: `Outlook.as_json`."""
    head = title(name, "dry run: nobody was asked")
    lines = [
        ("rubric", found["rubric"]),
        ("examples", f"{found['examples']:,}"),
        ("calls", f"{found['calls']:,} to be paid for"),
        ("cost", _cost(found)),
        ("budget", _budget(found)),
        ("prices", f"as of {found['prices_as_of']}, without discounts"),
    ]
    unpriced = sorted({model for one in found["judges"] for model in one["unpriced"]})
    lost = [("no price of", ", ".join(unpriced) + "; give it with --prices FILE")] if unpriced else []
    judges = found["judges"]
    tables = [_judges(judges[start : start + _BESIDE]) for start in range(0, len(judges), _BESIDE)]
    return spaced(Group(head, labelled([*lines, *lost])), *tables)


def _judges(judges: Sequence[Mapping[str, Any]]) -> RenderableType:
    """A column a judge."""
    heads = [clip(one["model"], _NAME) + (f" × {one['draws']}" if one["draws"] > 1 else "") for one in judges]
    table = columns("judge", *heads, right=heads)
    for label, name in (
        ("in the log", "judged_before"),
        ("remembered", "remembered"),
        ("calls", "calls"),
        ("tokens in", "input_tokens"),
        ("tokens out", "output_tokens"),
    ):
        table.add_row(Text(label, "dim"), *(f"{one[name]:,}" for one in judges))
    for label, name in (("likely", "likely"), ("at worst", "worst")):
        table.add_row(Text(label, "dim"), *(dollars(one[name]) for one in judges))
    return Padding(table, (0, 0, 0, 2))


def _cost(found: Mapping[str, Any]) -> str:
    if found["likely"] is None:
        return "not known, for want of a price"
    return f"likely {dollars(found['likely'])}, at worst {dollars(found['worst'])}, before second tries"


def _budget(found: Mapping[str, Any]) -> str:
    if found["budget"] is None:
        return "none; --budget DOLLARS sets one"
    fits = found["worst"] is not None and Decimal(found["worst"]) <= Decimal(found["budget"])
    said = "the worst case fits" if fits else "it stops before this is crossed, and goes on when run again"
    return f"{dollars(found['budget'])}; {said}"


def run(found: Mapping[str, Any], commands: Sequence[tuple[str, str]]) -> RenderableType:
    """What a run came to; `found`: `JudgeRun.as_json`."""
    judges = ", ".join(one["model"] for one in found["judges"])
    head = title(found["version"], f"{plural(found['examples'], 'example')} judged by {judges}")
    return spaced(head, said(found, found["rubric"]["name"]), try_next(commands))


def said(found: Mapping[str, Any], rubric: str) -> RenderableType:
    """What judges said: scores, outcomes, agreement, steering, cost; `found`: `Tally.as_json`."""
    counts, calls, steering = found["judgements"], found["calls"], found["steering"]
    kept = f"{counts['new']:,} new, {counts['reused']:,} stood in the log"
    kept += f", {counts['not_asked']:,} not asked" if counts["not_asked"] else ""
    lines = [
        ("rubric", rubric),
        ("judgements", kept),
        ("outcomes", _outcomes(found["outcomes"])),
        ("mended", f"{plural(found['mended'], 'answer')} at the second try" if found["mended"] else ""),
        ("excluded", f"{plural(found['excluded'], 'example')} by the rubric's rule" if found["excluded"] else ""),
        ("agreement", _agreement(found["agreement"])),
        (
            "steering",
            f"{plural(steering['examples'], 'example')}: {_counted(steering['kinds'])}" if steering["examples"] else "",
        ),
        (
            "calls",
            f"{calls['calls']:,} answered, {_batched(calls)}"
            f"{max(0, calls['remembered'] - calls['batched']):,} remembered; "
            f"{calls['input_tokens']:,} tokens in, {calls['output_tokens']:,} out",
        ),
        ("cost", f"{dollars(found['dollars'])} at list prices"),
    ]  # fmt: skip
    return spaced(scores(found["scores"]), labelled(lines))


def scores(found: Mapping[str, Any]) -> RenderableType | None:
    """The main score as bars, every other one as a line of counts."""
    if not found:
        return None
    main = "overall" if "overall" in found else next(iter(found))
    others = [name for name in found if name != main and name not in _LAST]
    others += [name for name in _LAST if name in found]
    return spaced(_bars(main, found[main]), _lines(found, others) if others else None)


def _bars(name: str, one: Mapping[str, Any]) -> RenderableType:
    counts = {float(value): count for value, count in one["histogram"].items()}
    most = max(counts.values())
    head = Text(f"  {safe_text(name)}", "bold").append(f"  mean {one['mean']:.2f}", "not bold dim")
    lines = []
    for value, count in counts.items():
        bar = "█" * max(1, round(_BAR * count / most))
        share = f"{100 * count / one['count']:.1f} %"
        line = Text(f"  {value:>5g}  {count:>9,}  ", no_wrap=True).append(f"{bar:<{_BAR}}", "green")
        lines.append(line.append(f"  {share:>7}", "dim"))
    return Group(head, *lines)


def _lines(found: Mapping[str, Any], names: Sequence[str]) -> RenderableType:
    whole = {name: _whole(found[name]["histogram"]) for name in names}
    values = sorted({value for counts in whole.values() for value in counts})
    few = len(values) <= _FEW
    heads = [f"{value:g}" for value in values] if few else ["from least to most"]
    table = columns("score", "mean", *heads, right=("mean", *heads) if few else ("mean",))
    for name in names:
        counts, most = whole[name], max(whole[name].values())
        cells = [f"{_height(counts.get(v, 0), most)} {counts.get(v, 0):,}" for v in values]
        if not few:
            step = range(int(min(values)), int(max(values)) + 1)
            cells = ["".join(_height(counts.get(v, 0), most) for v in step)[:40]]
        mean = f"{found[name]['mean']:.2f}"
        table.add_row(Text(clip(name.replace("_", " "), 22)), mean, *(Text(cell, "green") for cell in cells))
    return Padding(table, (0, 0, 0, 2))


def _whole(histogram: Mapping[str, int]) -> Counter[float]:
    """Counts by whole number, halves up."""
    out: Counter[float] = Counter()
    for value, count in histogram.items():
        out[float(int(float(value) + 0.5))] += count
    return out


def _height(count: int, most: int) -> str:
    return _HEIGHTS[max(1, round(8 * count / most)) if count else 0]


def _agreement(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    told = [f"{name} {found[name]:.2f}" for name in ("alpha", "rho", "kappa") if found[name] is not None]
    if found["within_one"] is not None:
        told.append(f"{100 * found['within_one']:.0f} % of {found['examples']:,} lie within one point")
    return " · ".join(told) + (f" ({found['said']})" if found["said"] else "")


def _batched(calls: Mapping[str, int]) -> str:
    return f"{calls['batched']:,} by batch, " if calls["batched"] else ""


def _outcomes(counts: Mapping[str, int]) -> RenderableType:
    """One a line, with what it means."""
    lines = []
    for name, count in counts.items():
        words = WORDS.get(name, "")
        lines.append(f"{name.replace('_', ' ')} {count:,}" + (f": {words}" if words else ""))
    return Text("\n".join(lines))


def judgement(row: Mapping[str, Any]) -> RenderableType:
    """One judgement in an example's trace."""
    head = Text("  " + clip(f"{row.get('judge')} · {row.get('rubric')} · {row.get('dataset')}", 76))
    told = " · ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in row.get("scores", {}).items())
    took = [
        f"{row[name]:,} tokens {way}"
        for name, way in (("input_tokens", "in"), ("output_tokens", "out"))
        if name in row
    ]
    took += [dollars(row["price"])] if "price" in row else []
    took.append(str(row.get("time", "")))
    outcome = f"{row['outcome'].replace('_', ' ')}" + (f": {row['detail']}" if "detail" in row else "")
    return Group(
        head,
        Padding(
            labelled(
                [
                    ("outcome", outcome),
                    ("scores", told),
                    ("exclude", "yes, by the rubric's rule" if row.get("exclude") else ""),
                    ("reasons", row.get("reasoning", "")),
                    ("steering", ", ".join(row.get("steering", ()))),
                    ("took", " · ".join(took)),
                ]
            ),
            (0, 0, 0, 2),
        ),
    )


def _counted(counts: Mapping[str, int]) -> str:
    return " · ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items())


def dollars(amount: str | None) -> str:
    """ "$1.20"; four digits below a cent's hundred; "no price"."""
    if amount is None:
        return "no price"
    value = Decimal(amount)
    return f"${value:,.2f}" if value >= 1 or not value else f"${value:,.4f}"
