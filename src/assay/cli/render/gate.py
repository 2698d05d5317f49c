"""The gate as a table of rules; what was said of a version; and the answers of approve, release and revoke."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.cards import moment
from assay.cli.render.frame import columns, labelled, spaced, title, try_next
from assay.cli.render.text import clip, plural, safe_text
from assay.kernels.ids import IdArray, id_list

if TYPE_CHECKING:
    from assay.govern.approvals import Refused, Standing
    from assay.govern.gate import Gate, Outcome
    from assay.model.operation import Operation
    from assay.registry.governing.releases import Act

_MARKS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "warned": ("warns", "yellow"),
    "waived": ("waived", "cyan"),
}
_WHEN = {"commit": "when it is made", "release": "for a release", "train": "for training"}


def gate_card(gate: Gate, command: Callable[..., str] | None = None) -> RenderableType:
    """The whole answer of `check`: the rules, then what comes of them."""
    head = title(gate.version, f"held against the policy {_WHEN[gate.moment]}")
    if gate.policy is None:
        return Group(head, Text("  no policy is in force: nothing is asked", "dim"))
    return spaced(Group(head, gate_table(gate)), _next(gate, command))


def gate_table(gate: Gate) -> RenderableType:
    """A row a rule: its mark, what was found against the limit, how many examples; the findings in full; the result."""
    table = columns(
        "", "rule", "found", "limit", "examples", "what", right=("found", "limit", "examples"), grow="what"
    )
    for one in gate.outcomes:
        mark, style = _MARKS[one.status]
        table.add_row(
            Text(mark, style), Text(clip(one.code, 24), "" if one.status == "passed" else "bold"),
            _number(one.value, one.unit), _limit(one), f"{len(one.ids):,}" if len(one.ids) else "",
            Text(clip(one.message, 60), "dim"),
        )  # fmt: skip
    found = [(one.code, _words(one)) for one in gate.findings]
    said = [Text("Findings", "dim"), labelled(found), Text("")] if found else []
    return Group(Padding(table, (0, 0, 1, 2)), *said, _result(gate))


def _words(one: Outcome) -> str:
    if one.waiver is None:
        return one.message
    return f"{one.message}; waived by {one.waiver['by']} up to {one.waiver['until']}"


def _limit(one: Outcome) -> str:
    if one.limit is None:
        return ""
    return f"{'≥' if one.bound == 'least' else '≤'} {_number(one.limit, one.unit)}"


def _number(value: float | None, unit: str) -> str:
    """ "1,200", "12.5%", "0.41"."""
    if value is None:
        return "–"
    if unit == "share":
        percent = f"{value * 100:.1f}".rstrip("0").rstrip(".")
        return f"{percent}%" if value == 0 or float(percent) else "<0.1%"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def _result(gate: Gate) -> Text:
    counts = {status: sum(one.status == status for one in gate.outcomes) for status in _MARKS}
    notes = [
        f"{counts[name]:,} {word}"
        for name, word in (("warned", "warned"), ("waived", "waived"))
        if counts[name]
    ]
    quiet = ("   " + " · ".join(notes) if notes else "", "dim")
    if gate.passed:
        return Text.assemble(("✓ passes", "bold green"), quiet)
    return Text.assemble((f"✗ fails {plural(counts['failed'], 'rule')}", "bold red"), quiet)


def _next(gate: Gate, command: Callable[..., str] | None) -> RenderableType | None:
    named = [one for one in gate.findings if len(one.ids)]
    if command is None or not named:
        return None
    words = ["check", gate.version, *(["--at", gate.moment] if gate.moment != "release" else [])]
    return try_next([(command(*words, "--ids", named[0].code), "the ids of all of them")])


def ids_text(ids: IdArray) -> RenderableType:
    """Ids in full, one a line."""
    return Text("\n".join(one.hex() for one in id_list(ids)), overflow="ignore", no_wrap=True)


def standing_line(standing: Standing, needed: int) -> RenderableType:
    """ "approved 2026-11-20 by ben · released 2026-11-21 by ann"; in red what was revoked."""
    parts: list[Text] = []
    if standing.revoked is not None:
        parts.append(Text(f"revoked {_by(standing.revoked)}", "bold red"))
    if standing.approved is not None:
        parts.append(Text(f"approved {_by(standing.approved)}", "green"))
    elif standing.approvals:
        parts.append(Text(f"{len(standing.approvals)} of {needed} approvals"))
    if standing.released is not None:
        parts.append(Text(f"released {_by(standing.released)}", "green"))
    return Text(" · ").join(parts) if parts else Text("not approved", "dim")


def _by(one: Operation) -> str:
    return f"{moment(one.time)[:10]} by {clip(one.actor, 20)}"


def gate_line(gate: Gate | None) -> RenderableType:
    """ "passed when it was made; warned: too_small, pii_found (3)"."""
    if gate is None or gate.policy is None:
        return ""
    found = [f"{one.code}{f' ({len(one.ids):,})' if len(one.ids) else ''}" for one in gate.findings]
    return safe_text(
        f"{gate.result} {_WHEN[gate.moment]}" + (f"; findings: {', '.join(found)}" if found else "")
    )


def refused_lines(refused: Sequence[Refused]) -> RenderableType:
    """What the log holds and the rules do not count, one a line."""
    lines = []
    for one in refused:
        act = f"{one.operation.action} by {clip(one.operation.actor, 20)} (operation {one.operation.seq})"
        lines.append(safe_text(f"{act}: {one.reason}"))
    return Text("\n".join(lines), "red", overflow="fold") if lines else ""


def act_card(done: Act) -> RenderableType:
    """The answer of approve, release and revoke."""
    past = {"approve": "approved", "release": "released", "revoke": "revoked"}[done.action]
    if done.operation is None:
        head = Text.assemble(
            f"may be {past}: ", (safe_text(done.version), "bold"), ("   nothing was written", "dim")
        )
    else:
        head = Text.assemble(f"{past} ", (safe_text(done.version), "bold"))
    rows = [
        ("state", standing_line(done.standing, done.needed)),
        ("authors", ", ".join(sorted(done.standing.authors))),
    ]
    card = Group(head, labelled(rows))
    return card if done.gate is None or done.gate.policy is None else spaced(card, gate_table(done.gate))
