"""The sections of charts: what the answers look like, what the rows are about, where they come from."""

from __future__ import annotations

from collections.abc import Sequence

from assay.measure.charts.bars import bars
from assay.measure.charts.figure import table
from assay.measure.charts.histogram import histogram
from assay.measure.charts.lines import ecdf, months
from assay.measure.distribution import Distribution
from assay.measure.forms import FORMS
from assay.measure.profile import Profile
from assay.measure.shares import percent

FORM_NAMES = {
    "list": "list",
    "code": "code block",
    "json": "JSON",
    "heading": "heading",
    "markdown": "other Markdown",
}
OTHERS = "all others"


def section(title: str, note: str, panels: Sequence[str]) -> str:
    """A heading and charts two and two; nothing without charts."""
    if not panels:
        return ""
    inside = "".join(f'<div class="panel">{panel}</div>' for panel in panels)
    head = f'<div class="sh"><h2>{title}</h2><p>{note}</p></div>'
    return f'<section class="sec">{head}<div class="g2">{inside}</div></section>'


def answers(profile: Profile) -> str:
    """Lengths, forms, openings."""
    panels = []
    length, diversity = profile.output, profile.diversity
    if length is not None:
        note = f"Half are {length.p50:,} units or shorter; the mean is {length.mean:,.1f}."
        panels.append(
            histogram(
                "output-length",
                "Length of outputs",
                note,
                length.bins,
                "units",
                (length.p50, f"median {length.p50:,}"),
            )
        )
    curves = [
        (name, one.curve) for name, one in (("inputs", profile.input), ("outputs", length)) if one is not None
    ]
    if curves:
        note = "How many rows are at most so long: the line's height at a length."
        panels.append(ecdf("length-curve", "Lengths of inputs and outputs", note, curves))
    forms = profile.forms
    rows = [(FORM_NAMES[form], forms.counts[form]) for form in FORMS]
    rows.sort(key=lambda row: -row[1])
    note = "An output can show several forms. Plain is what shows none."
    panels.append(
        bars(
            "forms",
            "Forms of outputs",
            note,
            [*rows, ("plain", forms.plain)],
            forms.outputs,
            ("form", "outputs"),
        )
    )
    if diversity.openings:
        rows = [(f"{one.value} …", one.count) for one in diversity.openings[:8]]
        note = f"The first three words, among {diversity.compared:,} outputs."
        panels.append(
            bars("openings", "Most frequent openings", note, rows, diversity.compared, ("opening", "outputs"))
        )
    return section("Answers", _words(profile), panels)


def _words(profile: Profile) -> str:
    found = profile.diversity
    if found.distinct_1 is None:
        return "What the model learns to say."
    about = ["" if exact else "about " for exact in found.exact]
    said = f"{found.words:,} words, {about[0]}{found.vocabulary:,} of them different."
    if found.distinct_2 is not None:
        said += f" Of all pairs of neighbouring words {about[1]}{100 * found.distinct_2:.1f} % are different ones."
    if found.similarity is not None:
        said += f" Two outputs drawn at random share {100 * found.similarity:.1f} % of their word pairs."
    return said


def contents(profile: Profile) -> str:
    """Topics, languages, scores, time."""
    panels = [
        _shares(f"topic-{k}", f"By {one.field}", one) for k, one in enumerate(profile.topics) if one.top
    ]
    note = "By script: Latin holds English as well as German." if profile.language_by == "script" else ""
    panels.append(_shares("languages", "Languages" if not note else "Scripts", profile.languages, note))
    scores = profile.scores
    if scores is not None:
        note = f"{scores.count:,} rows have a {scores.field}; the mean is {scores.mean:.2f}"
        note += f", and {percent(scores.low, scores.count)} are below 3.0." if scores.five_point else "."
        mark = (3.0, "3.0") if scores.five_point and scores.least < 3 else None
        panels.append(histogram("scores", "Scores", note, scores.bins, scores.field, mark))
    time = profile.coverage
    if time.months:
        note = f"{time.months[0].value} to {time.months[-1].value}"
        note += (
            f", {time.gaps:,} month{'' if time.gaps == 1 else 's'} without a row."
            if time.gaps
            else ", every month has rows."
        )
        without = time.missing + time.unread
        if without:
            note += f" {without:,} row{'' if without == 1 else 's'} without a readable time."
        panels.append(months("months", "When the rows were made", note, time.months))
    return section("Contents", "What the rows are about, in which languages, from which time.", panels)


def _shares(name: str, title: str, found: Distribution, note: str = "") -> str:
    rows = [(one.value, one.count) for one in found.top[:12]]
    rest = found.stated - sum(count for _, count in rows)
    if rest:
        rows.append((OTHERS, rest))
    if found.missing:
        rows.append(("not stated", found.missing))
    if found.imbalance is not None and not note and found.smallest is not None:
        note = f"{found.distinct:,} values; the largest has {found.imbalance:,.1f} times the rows of the smallest."
    return bars(name, title, note, rows, found.stated + found.missing, (found.field, "rows"))


def origins(profile: Profile) -> str:
    """Sources and generators."""
    sources = [(one.name, one.rows) for one in profile.sources]
    shown = sources[:12]
    if len(sources) > 12:
        shown.append((OTHERS, sum(count for _, count in sources[12:])))
    note = f"{len(sources):,} file{'' if len(sources) == 1 else 's'} in all."
    panels = [bars("sources", "By source", note, shown, profile.rows, ("source", "rows"), tail)]
    if profile.origins.stated:
        panels.append(_shares("origins", "By origin", profile.origins))
    if profile.generators:
        written = [(one.name, one.rows) for one in profile.generators[:12]]
        note = f"{profile.synthetic:,} rows name a model, or say that one wrote them."
        if rest := profile.rows - sum(count for _, count in written):
            written.append(("no generator stated" if len(profile.generators) <= 12 else OTHERS, rest))
        panels.append(bars("generators", "By generator", note, written, profile.rows, ("generator", "rows")))
    return section(
        "Where the rows come from", "Every row traces to a file and a record.", panels
    ) + _generators(profile)


def tail(path: str) -> str:
    """The end of a path: what tells files apart."""
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or path


def _generators(profile: Profile) -> str:
    if not profile.generators:
        return ""
    rows = []
    for one in profile.generators[:20]:
        opening = one.opening.value if one.opening is not None else ""
        alike = "–" if one.similarity is None else f"{100 * one.similarity:.1f} %"
        share = percent(one.opening.count, one.compared) if one.opening is not None else "–"
        rows.append([one.name, f"{opening} …", share, alike, f"{one.mean_output:,.1f}", f"{one.rows:,}"])
    heads = ["generator", "commonest opening", "share", "similarity", "mean output", "rows"]
    return (
        '<section class="sec"><div class="sh"><h2>Generators</h2><p>A generator whose outputs begin alike or '
        "resemble each other has fallen into one style. Similarity: what two of its outputs share of their word "
        f"pairs, on average.</p></div>{table(heads, rows, text_columns=2)}</section>"
    )
