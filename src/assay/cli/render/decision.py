"""`why`: the story of one record in a sentence, then the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns, labelled, spaced
from assay.cli.render.text import block, safe_text, short
from assay.model.decision import Decision, Failure
from assay.model.example import Example


@dataclass(frozen=True, slots=True)
class Evidence:
    """The texts that go with a decision: the record's own example and its twin, where they are stored."""

    own: Example | None = None
    twin: Example | None = None


def decision(found: Decision, evidence: Evidence) -> RenderableType:
    """The whole answer of `why`."""
    return spaced(story(found), _facts(found), _also(found), _texts(evidence))


def story(found: Decision) -> Text:
    """One plain sentence: "record 17 of tickets.jsonl was rejected by near_dedup: 0.87 ≥ 0.80, like …"."""
    line = Text(overflow="fold")
    line.append(f"record {found.record:,}", "bold").append(f" of {safe_text(found.source)} ")
    if found.outcome == "malformed":
        line.append("is malformed", "bold yellow").append(f": {_words(found.code or 'unreadable')}")
        return line.append(f" ({safe_text(found.message)})") if found.message else line
    if found.outcome == "kept":
        line.append("was kept", "bold green")
        if found.example_id:
            line.append(" as example ").append(short(found.example_id), "cyan")
        return line.append(f", in {safe_text(found.split)}") if found.split else line
    line.append("was rejected", "bold red")
    if found.stage:
        line.append(" by ").append(safe_text(found.stage), "bold")
    twin = found.twin
    if twin is None:
        line.append(f": {_words(found.code or '')}")
        return line.append(f" ({bound})") if (bound := _bound(found.value, found.threshold)) else line
    if twin.similarity is None:
        return line.append(f": {_words(found.code or '')}, record {twin.record:,} stands for it")
    line.append(f": {share(twin.similarity)}")
    if found.threshold is not None:
        line.append(f" ≥ {share(found.threshold)}")
    if twin.record is None:
        return line.append(f", like example {short(twin.id)} of {safe_text(twin.source)}")
    where = "" if twin.source == found.source else f" of {safe_text(twin.source)}"
    exact = "the same text as" if twin.similarity >= 1 else "like"
    return line.append(f", {exact} record {twin.record:,}{where}, which was kept")


def _facts(found: Decision) -> RenderableType | None:
    twin = found.twin
    rows: list[tuple[str, RenderableType]] = []
    if found.outcome == "malformed":
        if found.offset is not None:
            rows.append(("at", f"byte {found.offset:,}, {found.length or 0:,} bytes long"))
        elif found.length is not None:
            rows.append(("length", f"{found.length:,} bytes"))
        if found.excerpt:
            rows.append(("reads", block(found.excerpt.decode("utf-8", "backslashreplace"))))
    elif found.example_id:
        rows.append(("example", short(found.example_id)))
    if found.code and found.outcome == "rejected":
        rows.insert(0, ("code", found.code))
    if found.message and found.outcome != "malformed":
        rows.append(("evidence", found.message))
    if twin is not None:
        rows.append(("twin", f"{short(twin.id)}, record {twin.record:,} of {twin.source}"))
    return labelled(rows) if rows else None


def _also(found: Decision) -> RenderableType | None:
    if not found.also:
        return None
    head = "Flagged, and kept all the same" if found.outcome == "kept" else "It also fails"
    table = columns("stage", "code", "value", "bound", right=("value", "bound"))
    for failure in found.also:
        table.add_row(*_failure(failure))
    return Group(Text(head, "dim"), Padding(table, (0, 0, 0, 2)))


def _failure(failure: Failure) -> tuple[Text, Text, Text, Text]:
    value, threshold = _pair(failure.value, failure.threshold)
    return Text(safe_text(failure.stage)), Text(_words(failure.code)), Text(value), Text(threshold)


def _texts(evidence: Evidence) -> RenderableType | None:
    parts: list[RenderableType] = []
    for label, example, style in (
        ("This record", evidence.own, "red"),
        ("Its twin, which was kept", evidence.twin, "green"),
    ):
        if example is not None:
            if parts:
                parts.append(Text(""))
            quiet = "dim" if evidence.twin is None else style
            parts.append(Text(label, quiet))
            parts.append(labelled([("input", _some(example.input)), ("output", _some(example.output))]))
    return Group(*parts) if parts else None


def _some(text: str) -> Text:
    return block(text, limit=320)


def _bound(value: float | None, threshold: float | None) -> str:
    left, right = _pair(value, threshold)
    if not left or not right or value is None or threshold is None:
        return left
    if value == threshold:
        return f"{left}, the bound is {right}"
    return f"{left} {'<' if value < threshold else '>'} {right}"


def _pair(value: float | None, threshold: float | None) -> tuple[str, str]:
    """A value and its bound, both as counts where both are whole, else as shares; "" for none."""
    known = [number for number in (value, threshold) if number is not None and isfinite(number)]
    whole = all(number == int(number) for number in known)
    left, right = (
        "" if n is None or not isfinite(n) else f"{n:,.0f}" if whole else share(n) for n in (value, threshold)
    )
    return left, right


def share(value: float) -> str:
    """Two places; four where two would round up to a 1 that it is not."""
    return f"{value:.4f}" if 0.995 <= value < 1 else f"{value:,.2f}"


def _words(code: str) -> str:
    return safe_text(code).replace("_", " ")
