"""The page: head, readouts, funnel, health, charts, samples; assembled from values, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.measure.charts.funnel import Step, funnel
from assay.measure.health import Health, worst
from assay.measure.profile import Profile, Sample
from assay.measure.report.sections import answers, contents, origins
from assay.measure.report.shell import MARK, shell
from assay.measure.report.verdicts import health_table
from assay.measure.shares import percent
from assay.model.escape import block, inline


@dataclass(frozen=True, slots=True)
class Report:
    """All that a report says. `made` is the time of the commit; `read` 0: no curation is known.

    `steps` are the curation's, malformed records first; `command` makes this report again.
    """

    version: str
    fingerprint: str
    made: str
    splits: Mapping[str, int]
    profile: Profile
    health: Sequence[Health]
    read: int
    steps: Sequence[Step]
    command: str


def render(report: Report) -> str:
    """One HTML document, complete in itself: it asks the network for nothing and runs nothing.

    A content security policy in it says so to the browser: only its own stylesheet is let in, by digest. The
    same report gives the same bytes.
    """
    parts = [_head(report), _readouts(report), _funnel(report), _health(report.health)]
    if report.profile.rows:
        parts += [answers(report.profile), contents(report.profile), origins(report.profile)]
        parts.append(_samples(report.profile))
    parts.append(_foot(report))
    return shell(f"{report.version} · report", parts)


def _head(report: Report) -> str:
    dataset, at, version = report.version.partition("@")
    address = f'{inline(dataset)}<span class="at">{at}{inline(version)}</span>'
    digits = report.fingerprint.removeprefix("sha256:")
    splits = " · ".join(f"{inline(name)} {count:,}" for name, count in _by_size(report.splits))
    return (
        f'<header><div class="brand">{MARK}assay report</div>'
        f'<div class="title"><h1>{address}</h1>{_hallmark(digits)}</div>'
        f'<p class="lede">{_lede(report)}</p>'
        '<dl class="kv"><dt>Fingerprint</dt>'
        f'<dd class="mono">{inline(digits)}</dd><dt>Made</dt><dd>{inline(report.made[:19].replace("T", " "))} UTC</dd>'
        f"<dt>Splits</dt><dd>{splits or 'none'}</dd></dl></header>"
    )


def _by_size(splits: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(splits.items(), key=lambda item: (-item[1], item[0]))


def _lede(report: Report) -> str:
    """The report in two sentences."""
    rows = report.profile.rows
    said = f"{rows:,} example{'' if rows == 1 else 's'}"
    kept = report.steps[-1].left if report.steps else 0
    if report.read:
        took = max(report.steps, key=lambda step: step.gone)
        said += f". The curation read {report.read:,} records and kept {kept:,} of them"
        if took.gone:
            said += f"; {inline(took.name)} took most of the rest, {took.gone:,}"
    counts = {verdict: sum(c.verdict == verdict for c in report.health) for verdict in ("warning", "watch")}
    if counts["warning"] or counts["watch"]:
        found = []
        if counts["warning"]:
            found.append(f"{counts['warning']} warning{'' if counts['warning'] == 1 else 's'}")
        if counts["watch"]:
            found.append(f"{counts['watch']} thing{'' if counts['watch'] == 1 else 's'} to watch")
        return f"{said}. The health checks found {' and '.join(found)}."
    return f"{said}. No health check found anything to worry about."


def _hallmark(digits: str) -> str:
    """The first 16 digits of the fingerprint as bars: two versions that differ look different."""
    bars = []
    for k, digit in enumerate(digits[:16]):
        tall = 2.5 + int(digit, 16) * 0.85 if digit in "0123456789abcdef" else 2.5
        bars.append(f'<rect x="{4 + k * 4.85:.1f}" y="{18 - tall:.1f}" width="3" height="{tall:.1f}"/>')
    return (
        '<svg class="hall" viewBox="0 0 84 20" role="img" aria-labelledby="hall-t"><title id="hall-t">'
        f"Hallmark: the first 16 digits of the fingerprint, {inline(digits[:16])}</title>{''.join(bars)}</svg>"
    )


def _readouts(report: Report) -> str:
    profile = report.profile
    kept = report.steps[-1].left if report.steps else 0
    synthetic = profile.synthetic
    languages = profile.languages.top[:3]
    cells = [
        (
            "Examples",
            f"{profile.rows:,}",
            f"in {len(report.splits)} split{'' if len(report.splits) == 1 else 's'}",
        )
    ]
    if report.read:
        cells.append(("Kept", percent(kept, report.read), f"of {report.read:,} records read"))
    if profile.output is not None:
        low, high = profile.output.p10, profile.output.p90
        cells.append(("Median output", f"{profile.output.p50:,}", f"units; 8 of 10 have {low:,} to {high:,}"))
    if profile.input is not None:
        cells.append(
            (
                "Median input",
                f"{profile.input.p50:,}",
                f"units; 8 of 10 have {profile.input.p10:,} to {profile.input.p90:,}",
            )
        )
    if languages:
        shares = " / ".join(f"{100 * one.count / profile.rows:.0f}" for one in languages)
        cells.append(("Languages" if profile.language_by != "script" else "Scripts", f"{shares} %",
                      ", ".join(inline(one.value) for one in languages)))  # fmt: skip
    if profile.origins.stated or synthetic:
        cells.append(
            ("Synthetic", percent(synthetic, profile.rows), f"{synthetic:,} of {profile.rows:,} examples")
        )
    inside = "".join(
        f"<div><dt>{name}</dt><dd>{value}<small>{note}</small></dd></div>" for name, value, note in cells
    )
    return f'<dl class="read">{inside}</dl>'


def _funnel(report: Report) -> str:
    if not report.read:
        return ""
    note = "From left to right: every step of the curation that took something. Blue goes on, orange was rejected."
    picture = funnel("funnel", "Funnel of the curation", note, report.read, report.steps)
    return f'<section class="sec panel">{picture}</section>'


def _health(checks: Sequence[Health]) -> str:
    counts = [
        f"{sum(c.verdict == v for c in checks)} {v}" for v in ("healthy", "watch", "warning", "unknown")
    ]
    said = ", ".join(count for count in counts if not count.startswith("0 "))
    meaning = {
        "warning": "Look at the warnings before you train on this version.",
        "watch": "Nothing is alarming; look once at what is marked watch.",
        "healthy": "Every figure that could be judged is in its healthy range.",
        "unknown": "There is not enough data to judge anything.",
    }[worst(checks)]
    return (
        f'<section class="sec"><div class="sh"><h2>Health</h2><p>{said}. {meaning} '
        "The ranges are rules of thumb, not laws.</p></div>"
        f"{health_table(checks)}</section>"
    )


def _samples(profile: Profile) -> str:
    if not profile.samples:
        return ""
    items = "".join(_sample(sample) for sample in profile.samples)
    return (
        '<section class="sec"><div class="sh"><h2>Some examples</h2><p>'
        f"{len(profile.samples)} of {profile.rows:,}, drawn by smallest id: a fair draw that nobody chose. "
        'Characters that hide or reorder text are spelled out <span class="esc">\\u202e</span>.</p></div>'
        f'<ol class="examples panel">{items}</ol></section>'
    )


def _sample(sample: Sample) -> str:
    given = (
        f'<div class="say in" dir="auto"><span class="who">input</span>{block(sample.input)}</div>'
        if sample.input
        else ""
    )
    said = block(sample.output) or '<span class="muted">(empty)</span>'
    return (
        f'<li><p class="id">{inline(sample.id)[:12]}</p>{given}'
        f'<div class="say out" dir="auto"><span class="who">output</span>{said}</div></li>'
    )


def _foot(report: Report) -> str:
    return (
        f'<footer class="foot"><p class="cli"><code>{inline(report.command)}</code></p>'
        "<p>A unit is a word, or a single Chinese or Japanese character. The same version gives the same report, "
        "byte for byte. This file holds everything it shows: it loads nothing and runs no script.</p></footer>"
    )
