"""The page of `stats`: verdicts first, then figures with small bars, 80 columns wide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from assay.cli.render.frame import labelled, spaced, title, try_next
from assay.cli.render.text import clip, counted, plural, safe_text, short
from assay.measure.shares import percent

if TYPE_CHECKING:
    from assay.measure.distribution import Distribution
    from assay.measure.health import Health
    from assay.measure.lengths import Bin, LengthSummary
    from assay.measure.profile import Profile
    from assay.registry.monitor.measuring import Statistics

BAR = 24
LABEL = 26
_PARTS = " ▏▎▍▌▋▊▉"
_HEIGHTS = " ▁▂▃▄▅▆▇█"
_MARKS = {
    "healthy": ("✓", "green"), "watch": ("!", "yellow"), "warning": ("✗", "bold red"), "unknown": ("·", "dim"),
}  # fmt: skip
_ORDER = ("warning", "watch", "healthy", "unknown")


def page(found: Statistics, commands: Sequence[tuple[str, str]]) -> RenderableType:
    """Everything that `stats REF` says."""
    profile = found.profile
    head = title(found.version, plural(profile.rows, "example"))
    facts = labelled([("splits", counted(dict(found.splits))), ("fingerprint", short(found.fingerprint))])
    parts: list[RenderableType | None] = [Group(head, facts), _health(found.health)]
    if profile.rows:
        parts += [_lengths(profile), *(_shares(one, f"by {one.field}") for one in profile.topics)]
        parts.append(
            _shares(profile.languages, "scripts" if profile.language_by == "script" else "languages")
        )
        parts += [_scores(profile), _forms(profile), _words(profile), _time(profile)]
        parts += [_sources(profile), _generators(profile)]
    return spaced(*parts, try_next(commands))


def _health(checks: Sequence[Health]) -> RenderableType:
    """One line a check, the worst first; what to do stands under what is not healthy."""
    lines: list[RenderableType] = [Text("Health", "dim")]
    for check in sorted(checks, key=lambda one: _ORDER.index(one.verdict)):
        sign, style = _MARKS[check.verdict]
        line = Text("  ", no_wrap=True, overflow="ellipsis").append(f"{sign} {check.verdict:<8}", style)
        line.append(f" {clip(check.title, 43):<43} ", "" if check.verdict != "unknown" else "dim")
        line.append(clip(check.shown, 23), "bold" if check.verdict in ("watch", "warning") else "dim")
        lines.append(line)
        if check.verdict in ("watch", "warning"):
            lines += _folded(f"healthy: {check.range}. {check.advice}")
    return Group(*lines)


def _folded(said: str, indent: int = 13, width: int = 64) -> list[Text]:
    lines: list[str] = [""]
    for word in said.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return [Text(" " * indent + line, "dim") for line in lines]


def _lengths(profile: Profile) -> RenderableType:
    """A line each for inputs and outputs, with the shape of the distribution."""
    heads = "".join(f"{name:>7}" for name in ("P1", "P10", "P25", "P50", "P75", "P90", "P99", "mean"))
    lines = [Text(f"Lengths in units {heads}", "dim")]
    for name, one in (("input", profile.input), ("output", profile.output)):
        if one is not None:
            figures = (one.p1, one.p10, one.p25, one.p50, one.p75, one.p90, one.p99, round(one.mean))
            line = Text(f"  {name:<15}" + "".join(f"{figure:>7,}" for figure in figures))
            lines += [line, _shape(one)]
    return Group(*lines)


def _shape(one: LengthSummary) -> Text:
    """The histogram as one row of blocks, from 0 to P99."""
    closed: list[Bin] = [found for found in one.bins if found.high is not None]
    top = max((found.count for found in closed), default=0)
    blocks = "".join(
        _HEIGHTS[max(1, round(8 * found.count / top)) if found.count else 0]
        for found in closed
        for _ in (0, 1)
    )
    return Text(" " * 17 + "0 ", "dim").append(blocks, "green").append(f" {one.p99:,}", "dim")


def _shares(found: Distribution, head: str, shown: int = 8) -> RenderableType | None:
    """The first values with a bar each, and how many others there are."""
    if found.distinct is None:
        note = f"{head}: more than 10,000 different values, so it is no category"
        return Text(clip(note[0].upper() + note[1:], 78), "dim")
    rows = [(one.value, one.count) for one in found.top[:shown]]
    if not rows:
        return Text(clip(f"No row states {found.field!r}", 78), "yellow") if found.missing else None
    if rest := found.stated - sum(count for _, count in rows):
        rows.append((f"{found.distinct - len(rows):,} others", rest))
    if found.missing and found.stated:
        rows.append(("not stated", found.missing))
    notes = ""
    if found.imbalance is not None and head.startswith("by "):
        notes = f"   {found.distinct:,} values, the largest {found.imbalance:,.1f} × the smallest"
    return _bars(head[0].upper() + head[1:] + notes, rows, found.stated + found.missing)


def _bars(head: str, rows: Sequence[tuple[str, int]], whole: int) -> RenderableType:
    top = max((count for _, count in rows), default=0)
    lines = [Text(clip(head, 78), "dim")]
    for label, count in rows:
        name = clip(label, LABEL)
        line = Text("  " + name, no_wrap=True, overflow="ellipsis")
        line.append(" " * (LABEL - Text(name).cell_len)).append(f"{count:>12,}  ")
        line.append(bar(count, top), "green").append(f"  {percent(count, whole):>7}", "dim")
        lines.append(line)
    return Group(*lines)


def bar(part: int, whole: int) -> str:
    """`part` of `whole` in `BAR` cells, to an eighth; what is not nothing shows."""
    eighths = round(8 * BAR * part / whole) if whole else 0
    eighths = max(eighths, 1) if part else 0
    solid = "█" * (eighths // 8) + (_PARTS[eighths % 8] if eighths % 8 else "")
    return solid + " " * (BAR - len(solid))


def _scores(profile: Profile) -> RenderableType | None:
    scores = profile.scores
    if scores is None:
        return None
    said = f"mean {scores.mean:.2f}, from {scores.least:g} to {scores.most:g}; {scores.count:,} rows have one"
    return Group(Text("Scores", "dim"), labelled([(clip(scores.field, 20), said)]))


def _forms(profile: Profile) -> RenderableType:
    forms = profile.forms
    rows = sorted(((n, c) for n, c in forms.counts.items() if c), key=lambda row: (-row[1], row[0]))
    return _bars(
        "Forms of outputs (an output can show several)", [*rows, ("plain", forms.plain)], forms.outputs
    )


def _words(profile: Profile) -> RenderableType:
    found = profile.diversity
    about = ["" if exact else "about " for exact in found.exact]
    facts = [("vocabulary", f"{about[0]}{found.vocabulary:,} different of {found.words:,} words in outputs")]
    if found.distinct_1 is not None:
        said = f"{about[0]}{found.distinct_1:.4f}"
        if found.distinct_2 is not None:
            said += f" and {about[1]}{found.distinct_2:.4f}"
        facts.append(("distinct-1, -2", f"{said} (fall as a set grows)"))
    if found.similarity is not None:
        facts.append(("similarity", f"two outputs share {100 * found.similarity:.1f} % of their word pairs"))
    parts: list[RenderableType] = [Text("Words", "dim"), labelled(facts)]
    openings = [(f"{one.value} …", one.count) for one in found.openings[:5] if one.count > 1]
    if openings:
        parts.append(_bars("Most frequent openings", openings, found.compared))
    return Group(*parts)


def _time(profile: Profile) -> RenderableType | None:
    time = profile.coverage
    if not time.months:
        return None
    said = f"{time.months[0].value} to {time.months[-1].value}, "
    said += f"{plural(time.gaps, 'month')} without a row" if time.gaps else "every month has rows"
    without = time.missing + time.unread
    return Group(
        Text("Time", "dim"),
        labelled([("months", said), ("no time", plural(without, "row") if without else "")]),
    )


def _sources(profile: Profile) -> RenderableType:
    rows = [(safe_text(one.name.rsplit("/", 1)[-1]), one.rows) for one in profile.sources[:8]]
    if rest := profile.rows - sum(count for _, count in rows):
        rows.append((f"{len(profile.sources) - 8:,} others", rest))
    return _bars("By source", rows, profile.rows)


def _generators(profile: Profile) -> RenderableType | None:
    if not profile.generators:
        return None
    lines = [Text("Generators, and how many of their outputs begin alike", "dim")]
    for one in profile.generators[:8]:
        name = clip(one.name, LABEL)
        line = Text("  " + name, no_wrap=True, overflow="ellipsis").append(
            " " * (LABEL - Text(name).cell_len)
        )
        line.append(f"{one.rows:>12,}  ").append(f"{percent(one.opening_share):>7}")
        if one.opening is not None:
            line.append(f"  {clip(one.opening.value, 24)} …", "dim")
        lines.append(line)
    if len(profile.generators) > 8:
        lines.append(Text(f"  and {len(profile.generators) - 8} more; all of them with --json", "dim"))
    return Group(*lines)
