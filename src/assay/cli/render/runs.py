"""Training runs: a line each, or a whole receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.cards import moment
from assay.cli.render.frame import columns, labelled, spaced, title
from assay.cli.render.text import clip, plural, safe_text, short

if TYPE_CHECKING:
    from assay.errors import AssayError
    from assay.registry.training.telling import Account, FullAccount
    from assay.registry.version import Version
    from assay.track.receipt import Receipt

_STYLES = {"finished": "green", "failed": "red", "started": "yellow", "linked": "dim"}


def table(found: Sequence[Account]) -> RenderableType:
    """One line a run and version; the model that came out stands behind the run's name."""
    if not found:
        return Text(
            "no run is known; `assay run REF -- CMD` runs one, `assay runs link REF RUN` links one", "dim"
        )
    made = columns("run", "learned from", "state", "recorded in", "since", grow="run")
    for one in found:
        name = Text(clip(one.run.name, 60), "bold")
        if one.details.get("model"):
            name.append(f" → {clip(one.details['model'], 40)}", "not bold")
        where = sorted({*one.trackers, *filter(None, [one.details.get("tracker")])})
        since = one.receipt.started if one.receipt is not None else one.run.operation.time
        made.add_row(
            name, Text(clip(one.run.ref, 24)), Text(one.state, _STYLES.get(one.state, "")),
            Text(clip(", ".join(where), 14) or "–"), moment(since)[:10],
        )  # fmt: skip
    return made


def cards(found: Sequence[FullAccount]) -> RenderableType:
    """Everything known of a run, once for each version that it learned from."""
    return spaced(*(_card(one) for one in found))


def _card(one: FullAccount) -> RenderableType:
    head = title(one.run.name)
    head.append(f"  {one.state}", _STYLES.get(one.state, ""))
    receipt = one.receipt
    lines: list[tuple[str, RenderableType]] = [("version", _learned(one))]
    if one.revoked:
        lines.append(("revoked", Text(_revoked(one.revoked), "red", overflow="fold")))
    lines += _of_receipt(receipt) if receipt is not None else [("linked", moment(one.run.operation.time))]
    lines += [
        ("model", one.details.get("model", "")),
        ("base model", one.details.get("base_model", "")),
        ("trackers", "\n".join(f"{name}  {id}" for name, id in sorted(one.trackers.items()))),
        ("page", one.details.get("url", "")),
        ("log", _log(one)),
        ("said by", one.run.operation.actor),
    ]
    fold = [(name, _lined(value) if isinstance(value, str) else value) for name, value in lines if value]
    return spaced(Group(head, labelled(fold)), _metrics(receipt.metrics if receipt is not None else {}))


def _learned(one: FullAccount) -> str:
    rows = f"  {plural(one.receipt.rows, 'example')}" if one.receipt is not None else ""
    return f"{one.run.ref}{rows}"


def _of_receipt(receipt: Receipt) -> list[tuple[str, RenderableType]]:
    return [
        ("fingerprint", receipt.fingerprint.removeprefix("sha256:")),
        ("began", moment(receipt.started)),
        ("ended", _ended(receipt)),
        ("program", receipt.program or ""),
        ("seed", "" if receipt.seed is None else str(receipt.seed)),
        ("transform", short(receipt.transform) if receipt.transform else ""),
        ("template", short(receipt.chat_template) if receipt.chat_template else ""),
        ("ran on", " · ".join(_fact(*fact) for fact in sorted(receipt.environment.items(), key=_first))),
    ]


def _fact(name: str, value: str) -> str:
    return value if name in ("platform", "accelerator") else f"{name} {value}"


def _first(fact: tuple[str, str]) -> tuple[int, str]:
    """Accelerator, platform and Python before the versions of packages."""
    order = ("accelerator", "platform", "python")
    return order.index(fact[0]) if fact[0] in order else len(order), fact[0]


def _ended(receipt: Receipt) -> str:
    if receipt.ended is None:
        return ""
    try:
        began, ended = (datetime.fromisoformat(time) for time in (receipt.started, receipt.ended))
        seconds = (ended - began).total_seconds()
    except (ValueError, TypeError):
        return moment(receipt.ended)
    return f"{moment(receipt.ended)}, after {_lasted(seconds)}"


def _lasted(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _log(one: FullAccount) -> RenderableType:
    if one.receipt is None or one.receipt.checkpoint is None:
        return Text("")
    size, _, root = one.receipt.checkpoint.partition(":")
    line = Text(f"{clip(size, 12)} {'entry' if size == '1' else 'entries'} then, root {short(root)}: ")
    if one.holds:
        return line.append("the log still begins so", "green")
    return line.append("the log does not begin so any more", "red")


def _revoked(revoked: Mapping[str, str]) -> str:
    reason = revoked["reason"] or "the reason was erased"
    return safe_text(f"{revoked['time'][:10]} by {revoked['actor']}: {reason}")


def _lined(value: str) -> Text:
    return Text(safe_text(value, lines=True), overflow="fold")


def _metrics(metrics: Mapping[str, Any]) -> RenderableType | None:
    if not metrics:
        return None
    made = columns("metric", "value", right=("value",))
    for name, value in metrics.items():
        made.add_row(Text(clip(name, 50)), f"{value:,.6g}")
    return Padding(made, (0, 0, 0, 2))


def begins(receipt: Receipt) -> RenderableType:
    """The line before a program that trains runs."""
    notes = (receipt.ref, plural(receipt.rows, "example"), short(receipt.fingerprint))
    return title(receipt.run, *notes)


def ends(receipt: Receipt, command: str) -> RenderableType:
    """The line after it."""
    line = Text(receipt.state, _STYLES.get(receipt.state, ""))
    line.append(f"  {_ended(receipt)}", "dim")
    return line.append("  ").append(safe_text(command), "cyan")


def not_told(name: str, error: AssayError) -> RenderableType:
    """A tracker that failed, which fails no run."""
    line = Text.assemble(("warning:", "yellow"), f" tracker {clip(name, 40)} was not told: ")
    return line.append(clip(error.message, 300))


def admitted(version: Version) -> RenderableType:
    """The answer of a dry run."""
    note = f"models may learn from it; nothing was run, {short(version.fingerprint)}"
    return title(version.name, plural(len(version), "example"), note)


def admitted_json(version: Version) -> dict[str, Any]:
    return {"version": version.name, "fingerprint": version.fingerprint, "rows": len(version)}
