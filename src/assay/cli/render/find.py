"""Pictures of `find`, `rejected` and `restore`: rows with the beginnings of their texts, and counts by facet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns, labelled, spaced, title, try_next
from assay.cli.render.text import clip, plural, safe_text, short

if TYPE_CHECKING:
    from assay.measure.facets.columns import Facet
    from assay.registry.curating.restoring import Restored
    from assay.registry.exploring.explored import Explored, Ledgered, Refusal, Row

_WIDTH: Final = 74
_VALUE: Final = 28

CommandLine = Callable[[str, str], str]


def explored(found: Explored, with_facets: bool, command_line: CommandLine) -> RenderableType:
    """A page of examples; with facets, above it, the values of each with their counts."""
    head = title(
        found.version,
        f"{found.total:,} of {plural(found.examples, 'example')}",
        _span(found.first, found.rows),
    )
    if not found.rows:
        nothing = Text("nothing is so; `--facets` shows what there is", "dim")
        return spaced(head, facets(found.facets) if with_facets else None, nothing)
    return spaced(
        head,
        facets(found.facets) if with_facets else None,
        *(_row(row) for row in found.rows),
        _pages(found.next, found.previous, command_line),
    )


def facets(found: Sequence[Facet]) -> RenderableType:
    """One line a facet: its values, the most frequent first, those that are picked marked."""
    return labelled([(facet.field, _values(facet)) for facet in found])


def _values(facet: Facet) -> Text:
    line = Text(overflow="fold")
    for k, one in enumerate(facet.values):
        line.append(" · " if k else "", "dim")
        line.append(
            ("✓ " if one.picked else "") + (clip(one.value, _VALUE) or "–"), "bold" if one.picked else ""
        )
        line.append(f" {one.rows:,}", "dim")
    if facet.more:
        line.append(f" · {facet.more:,} more", "dim")
    return line


def _row(row: Row) -> RenderableType:
    head = Text(short(row.id), "cyan")
    told = [row.split, row.language, row.origin, plural(row.turns, "turn"), plural(row.length, "unit")]
    told += [f"{name} {value:g}" for name, value in row.scores.items()]
    head.append("  " + clip(" · ".join(filter(None, told)), 62 - sum(len(f) + 1 for f in row.flags)), "dim")
    for flag in row.flags:
        head.append(f" {flag}", "yellow")
    lines = [Text(clip(row.input, _WIDTH), "bold"), Text(clip(row.output, _WIDTH))]
    return Group(head, Padding(Group(*(line for line in lines if line)), (0, 0, 0, 2)))


def rejected(found: Ledgered, command_line: CommandLine) -> RenderableType:
    """A page of records that were not kept, under the counts by stage, code and source."""
    told = f"{found.total:,} of {found.rejected:,} not kept of {plural(found.read, 'record')}"
    head = title(found.version, told, _span(found.first, found.rows))
    if not found.rows:
        return spaced(head, facets(found.facets), Text("nothing is so", "dim"))
    return spaced(
        head,
        facets(found.facets),
        *(_refusal(one) for one in found.rows),
        _pages(found.next, found.previous, command_line),
    )


def _refusal(one: Refusal) -> RenderableType:
    head = Text(clip(_tail(one.source, 40), 40) + f":{one.record}", "cyan")
    why = Text(f"  {clip(one.stage, 20)} ", "dim").append(clip(one.code, 28), "red not dim")
    if one.value is not None:
        why.append(f" {one.value:.4g}", "bold not dim")
    if one.threshold is not None:
        why.append(f" · limit {one.threshold:g}")
    lines = [why]
    if one.twin_id is not None:
        alike = "" if one.similarity is None else f" · similarity {one.similarity:.3f}"
        lines.append(Text(f"  twin {short(one.twin_id)}{alike}", "dim"))
    text = one.text or one.message or ""
    lines.append(Text("  " + clip(text, _WIDTH)))
    return Group(head, *lines)


def _tail(path: str, cells: int) -> str:
    """The end of a long path, which tells more than its beginning."""
    return path if len(path) <= cells else "…" + path[-(cells - 1) :]


def restored(done: Restored) -> RenderableType:
    """Which records came back, and into which version."""
    verb = "would restore" if done.version is None else "restored"
    head = Text(f"{verb} ", "dim").append(plural(len(done.records), "record"), "bold not dim")
    head.append(
        f" of {safe_text(done.dataset)}" if done.version is None else f" in {safe_text(done.version)}"
    )
    table = columns("record", "example", "into", "was rejected by", grow="was rejected by")
    for one in done.records:
        table.add_row(
            Text(f"{clip(_tail(one.source, 30), 30)}:{one.record}"), Text(short(one.id), "cyan"),
            Text(clip(one.split, 12)), Text(clip(f"{one.stage} {one.code}", 40)),
        )  # fmt: skip
    return Group(head, Padding(table, (0, 0, 0, 2)))


def _span(first: int, rows: Sequence[object]) -> str:
    return f"{first:,} to {first + len(rows) - 1:,}" if rows else ""


def _pages(after: str | None, before: str | None, command_line: CommandLine) -> RenderableType | None:
    found = [(command_line("--after", after), "the next page")] if after else []
    found += [(command_line("--before", before), "the page before")] if before else []
    return try_next(found) if found else None
