"""Cards: one version, one example, one trace; and the few first examples of a version."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns, labelled, spaced, title
from assay.cli.render.funnel import funnel
from assay.cli.render.text import block, clip, counted, plural, safe_text, short
from assay.model.example import Example

if TYPE_CHECKING:
    from assay.registry.results import Interval, Section, Trace
    from assay.registry.version import Version


def version_card(
    version: Version,
    parents: Sequence[str],
    malformed_codes: Mapping[str, int],
    governed: Sequence[tuple[str, RenderableType]] = (),
) -> RenderableType:
    """Everything that `show REF` says. `malformed_codes` counts the malformed records of its curation; `governed` are
    lines about approvals and gates."""
    operation = version.operation
    total = sum(version.counts.values())
    head = title(version.name, plural(total, "example"))
    malformed = sum(malformed_codes.values())
    read = malformed + (version.funnel[0].entered if version.funnel else 0)
    picture = funnel(read, malformed, malformed_codes, version.funnel) if read else None
    facts = labelled(
        [
            ("splits", counted(dict(version.counts))),
            ("fingerprint", version.fingerprint.removeprefix("sha256:")),
            ("made", f"{moment(operation.time)} by {operation.actor} ({operation.action})"),
            *governed,
            ("parents", ", ".join(parents) or "none: this is the first"),
            ("message", block(version.message) if version.message else ""),
            ("forgotten", f"{version.erased:,}: their rows are empty" if version.erased else ""),
            ("recipe", _recipe(version.recipe)),
        ]
    )
    return spaced(Group(head, facts), _sources(version.sources), picture)


def _sources(sources: Sequence[Mapping[str, Any]]) -> RenderableType | None:
    if not sources:
        return None
    table = columns("source", "shape", "container", "size", "sha256", right=("size",), grow="source")
    for source in sources:
        packed = source.get("compression")
        container = f"{source.get('container') or ''}{f' ({packed})' if packed else ''}"
        table.add_row(
            Text(clip(str(source.get("uri", "")), 60)),
            Text(safe_text(str(source.get("shape") or ""))),
            Text(safe_text(container)),
            size(int(source.get("bytes") or 0)),
            short(str(source.get("sha256") or "")),
        )
    return Padding(table, (0, 0, 0, 2))


def _recipe(recipe: Mapping[str, Any] | None) -> RenderableType:
    """The stages as they would be written, one a line."""
    if not recipe:
        return Text("")
    lines = []
    for entry in recipe.get("stages", ()):
        for kind, params in entry.items():
            lines.append(f"{kind}: {_inline(params)}" if params else str(kind))
    if recipe.get("split"):
        lines.append(f"split: {_inline(recipe['split'])}")
    return Text("\n".join(clip(line, 200) for line in lines), overflow="fold")


def _inline(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in params.items())


def example_card(example: Example) -> RenderableType:
    """One example whole: every message with its role, then where it came from."""
    head = title(example.name)
    facts = [("kind", example.kind), ("split", example.split or "")]
    facts += _known(example.provenance)
    return spaced(Group(head, labelled(facts)), payload(example.payload))


def _known(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), str(value)) for name, value in provenance.items() if value is not None]


def payload(value: Mapping[str, Any], limit: int = 20_000) -> RenderableType:
    """The fields of a payload under their names; messages under their roles."""
    parts: list[tuple[str, RenderableType]] = []
    for name, field in value.items():
        if isinstance(field, list) and field and all(isinstance(turn, dict) for turn in field):
            if name != "messages":
                parts.append((safe_text(str(name)), Text("")))
            parts += [_turn(turn, limit) for turn in field]
        else:
            text = field if isinstance(field, str) else json.dumps(field, ensure_ascii=False, indent=1)
            parts.append((name, block(text, limit=limit)))
    out: list[RenderableType] = []
    for label, body in parts:
        out += [Text("  " + clip(str(label), 70), "bold cyan"), Padding(body, (0, 0, 0, 4))]
    return Group(*out)


def _turn(turn: Mapping[str, Any], limit: int) -> tuple[str, RenderableType]:
    content = turn.get("content")
    rest = {k: v for k, v in turn.items() if k not in ("role", "content")}
    text = "" if content is None else content if isinstance(content, str) else _json(content)
    if rest:
        text += ("\n" if text else "") + _json(rest)
    return str(turn.get("role") or "message"), block(text, limit=limit)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def first_examples(examples: Sequence[Example]) -> RenderableType:
    """What `head` shows: each example's id and split, and its two texts on a few lines."""
    if not examples:
        return Text("no examples", "dim")
    return spaced(*(_brief(example) for example in examples))


def _brief(example: Example) -> RenderableType:
    known = example.provenance
    place = f"{known['source']}:{known.get('record', '')}" if known.get("source") else ""
    notes = "  ".join(note for note in (example.split or "", clip(place, 50)) if note)
    head = Text(short(example.name), "cyan").append(f"  {safe_text(notes)}", "dim")
    texts = [("input", block(example.input, limit=240)), ("output", block(example.output, limit=240))]
    return Group(head, labelled([(name, text) for name, text in texts if name == "output" or example.input]))


def trace_card(trace: Trace) -> RenderableType:
    """Everything that `trace ID` says."""
    facts = [("kind", trace.kind), ("forgotten", "its text was destroyed" if trace.forgotten else "")]
    facts += _known(trace.provenance)
    return spaced(
        Group(title(trace.id), labelled(facts)),
        _held(trace.versions),
        _edits(trace.edits),
        _records("Read as", trace.readings, ("outcome", "code")),
        _records("Stands for", trace.stands_for, ("code", "similarity")),
        *(_chapter(one) for one in trace.chapters),
        payload(trace.payload, limit=2_000),
    )


def _held(intervals: Sequence[Interval]) -> RenderableType:
    if not intervals:
        return Text("In no version", "yellow")
    lines = [
        (
            held.dataset if held.branch == "main" else f"{held.dataset}@{held.branch}",
            f"{span(held)} in {held.split}",
        )
        for held in sorted(intervals, key=_by_branch)
    ]
    return Group(Text("In versions", "dim"), labelled(lines))


def _by_branch(held: Interval) -> tuple[str, bool, str, int]:
    return held.dataset, held.branch != "main", held.branch, held.first


def _edits(edits: Sequence[Mapping[str, Any]]) -> RenderableType | None:
    if not edits:
        return None
    lines = [
        (
            f"{one['direction']} {short(one['id'])}",
            f"{one['dataset']}@v{one['version']} ({one['action']}), {moment(one['time'])}, by {one['actor']}",
        )
        for one in edits[:20]
    ]
    more = len(edits) - 20
    rest = [Text(f"  … {more:,} more; all of them with --json", "dim")] if more > 0 else []
    return Group(Text("Edited", "dim"), labelled(lines), *rest)


def _chapter(chapter: Section) -> RenderableType:
    """A part of the registry's own account: each row on a line, its fields as they are called."""
    if chapter.name == "judgements":
        from assay.cli.render.judging import judgement

        return Group(
            Text(f"{chapter.title} ({len(chapter.rows):,})", "dim"), *(judgement(row) for row in chapter.rows)
        )
    lines = [line for row in chapter.rows[:20] for line in _folded(row)]
    more = len(chapter.rows) - 20
    rest = [Text(f"  … {more:,} more; all of them with --json", "dim")] if more > 0 else []
    return Group(Text(safe_text(f"{chapter.title} ({len(chapter.rows):,})"), "dim"), *lines, *rest)


def _folded(row: Mapping[str, Any]) -> list[Text]:
    """The fields of a row on as many lines as they take, each field on one."""
    lines: list[str] = []
    for name, value in row.items():
        if value is None:
            continue
        if isinstance(value, Mapping):
            value = ", ".join(f"{key}={held}" for key, held in value.items())
        told = clip(f"{name} {value}", 74)
        if lines and cell_len(lines[-1]) + cell_len(told) + 3 <= 76:
            lines[-1] += f" · {told}"
        else:
            lines.append(told if not lines else f"  {told}")
    return [Text(f"  {line}") for line in lines]


def span(interval: Interval) -> str:
    """ "v1 to the newest", "v2 to v4", "v3"."""
    if interval.last is None:
        return f"v{interval.first} to the newest"
    first, last = f"v{interval.first}", f"v{interval.last}"
    return first if first == last else f"{first} to {last}"


def _records(head: str, rows: Sequence[Mapping[str, Any]], facts: Sequence[str]) -> RenderableType | None:
    """Records with what became of them; the first twenty, and how many more there are."""
    if not rows:
        return None
    table = columns("version", "record", *facts, "source", right=("record", "similarity"), grow="source")
    for found in rows[:20]:
        number = found.get("version")
        name = number if isinstance(number, str) else f"{found.get('dataset')}@v{number}"
        values = [found.get(fact) for fact in facts]
        cells = [f"{value:.2f}" if isinstance(value, float) else str(value or "") for value in values]
        table.add_row(
            Text(clip(str(name), 24)), f"{int(found.get('record') or 0):,}",
            *(Text(clip(cell, 20)) for cell in cells), Text(clip(str(found.get("source") or ""), 60)),
        )  # fmt: skip
    more = len(rows) - 20
    rest = [Text(f"  … {more:,} more; all of them with --json", "dim")] if more > 0 else []
    return Group(Text(f"{head} ({len(rows):,})", "dim"), Padding(table, (0, 0, 0, 2)), *rest)


def moment(time: str) -> str:
    """ "2026-11-20 14:03:11" of an ISO time in UTC, as it is when it has another form."""
    return safe_text(time[:19].replace("T", " ") if len(time) >= 19 and time[10:11] == "T" else time)


def size(count: int) -> str:
    """ "512 B", "22.8 MB" (decimal)."""
    amount = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:,.0f} {unit}" if unit == "B" else f"{amount:,.1f} {unit}"
        amount /= 1000
    raise AssertionError
