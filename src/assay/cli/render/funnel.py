"""The funnel: what was read, what each stage took, what was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from assay.cli.render.frame import labelled, spaced, title, try_next
from assay.cli.render.text import clip, counted, safe_text, short

if TYPE_CHECKING:
    from assay.registry.results import CurationResult, FunnelStage


BAR = 36
_PARTS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the picture: `left` records remain after `gone` went, for these codes."""

    name: str
    gone: int
    left: int
    codes: Mapping[str, int] = field(default_factory=dict)
    flagged: Mapping[str, int] = field(default_factory=dict)
    gone_style: str = "red"


def steps(
    read: int, malformed: int, codes_malformed: Mapping[str, int], stages: Sequence[FunnelStage]
) -> list[Step]:
    """The lines between read and kept: malformed first, then every stage that took or flagged something."""
    left = read - malformed
    out = [Step("malformed", malformed, left, codes_malformed, gone_style="yellow")] if malformed else []
    for stage in stages:
        left -= stage.rejected
        if stage.rejected or stage.flagged:
            out.append(Step(stage.stage, stage.rejected, left, stage.codes, stage.flagged))
    return out


def funnel(
    read: int, malformed: int, codes_malformed: Mapping[str, int], stages: Sequence[FunnelStage]
) -> RenderableType:
    """The stepped bars, 78 columns wide. Solid is what remains, shaded what went at that step."""
    lines = [_line("read", f"{read:,}", _bar(read, read, read, "red"), _percent(read, read), "bold")]
    before = read
    for step in steps(read, malformed, codes_malformed, stages):
        gone = f"−{step.gone:,}" if step.gone else "0"
        bar = _bar(read, before, step.left, step.gone_style)
        lines.append(_line(step.name, gone, bar, _percent(step.left, read), ""))
        lines += _reasons(step)
        before = step.left
    kept = _bar(read, before, before, "red")
    lines.append(_line("kept", f"{before:,}", kept, _percent(before, read), "bold"))
    quiet = [safe_text(stage.stage) for stage in stages if not stage.rejected and not stage.flagged]
    if quiet:
        lines.append(Text(clip("  nothing to remove: " + ", ".join(quiet), 78), "dim"))
    return Group(*lines)


def curation(result: CurationResult, commands: Sequence[tuple[str, str]]) -> RenderableType:
    """What `curate` and `import` say at the end."""
    if result.version is None:
        head = title(result.dataset, "dry run: nothing was written")
    elif result.unchanged:
        head = title(result.version, "nothing new: this version already says it all")
    else:
        head = title(result.version)
    facts = labelled(
        [
            ("splits", counted(dict(result.splits))),
            ("fingerprint", short(result.fingerprint)),
            ("took", _pace(result.read, result.elapsed_seconds)),
        ]
    )
    picture = funnel(result.read, result.malformed, result.codes_malformed, result.stages)
    return spaced(Group(head, picture), _judges(result), facts, try_next(commands) if commands else None)


def _judges(result: CurationResult) -> RenderableType | None:
    """What the judges said, or on a dry run what they would cost."""
    found = result.selectors.get("judge")
    if found is None:
        return None
    from assay.cli.render import judging

    if "estimate" in found:
        return judging.outlook("judge", found["estimate"])
    return judging.said(found, found["rubric"])


def _pace(read: int, elapsed: float) -> str:
    rate = f", {read / elapsed:,.0f} records a second" if elapsed > 0 and read else ""
    return f"{seconds(elapsed)}{rate}"


def seconds(elapsed: float) -> str:
    """ "0.42 s", "12.3 s", "3 min 20 s"."""
    if elapsed < 10:
        return f"{elapsed:.2f} s"
    if elapsed < 60:
        return f"{elapsed:.1f} s"
    return f"{int(elapsed) // 60} min {int(elapsed) % 60} s"


def _line(name: str, count: str, bar: Text, percent: str, style: str) -> Text:
    label = clip(name, 14)
    line = Text("  ", no_wrap=True, overflow="ellipsis")
    line.append(label, style).append(" " * (14 - Text(label).cell_len))
    line.append(f"{count:>13}  ", style).append_text(bar)
    return line.append(f"  {percent:>7}", style or "dim")


def _reasons(step: Step) -> list[Text]:
    """The codes under a step, the most frequent first, folded at 78 columns."""
    found = [f"{_words(code)} {count:,}" for code, count in _ordered(step.codes)]
    if found == [f"{_words(step.name)} {step.gone:,}"]:
        found = []
    found += [f"{_words(code)} {count:,} (flagged, kept)" for code, count in _ordered(step.flagged)]
    lines: list[str] = []
    for reason in found:
        if lines and len(lines[-1]) + len(reason) + 3 <= 74:
            lines[-1] += f" · {reason}"
        else:
            lines.append(reason)
    return [Text("    " + clip(line, 74), "dim") for line in lines]


def _ordered(codes: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(((code, n) for code, n in codes.items() if n), key=lambda item: (-item[1], item[0]))


def _words(code: str) -> str:
    return safe_text(code).replace("_", " ")


def _percent(part: int, whole: int) -> str:
    if not whole:
        return "–"
    share = 100 * part / whole
    if part not in (0, whole):
        share = min(max(share, 0.1), 99.9)  # neither "all" nor "none" is said of what is neither
    return f"{share:.1f} %"


def _bar(whole: int, before: int, left: int, gone_style: str) -> Text:
    """`left` of `whole` as solid cells to an eighth, then shade up to `before`; a loss shows a cell."""
    eighths = round(8 * BAR * left / whole) if whole else 0
    eighths = max(eighths, 1) if left else 0
    edge = -(-BAR * before // whole) if whole else 0
    if left < before:
        eighths = min(eighths, 8 * (max(edge, 1) - 1))
    solid = "█" * (eighths // 8) + (_PARTS[eighths % 8] if eighths % 8 else "")
    bar = Text(solid, "green")
    if left < before:
        bar.append("▒" * (max(edge, 1) - len(solid)), gone_style)
    return bar.append(" " * (BAR - bar.cell_len))
