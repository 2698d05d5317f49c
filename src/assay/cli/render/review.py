"""Pictures of queues: the list, one's standing, the example that is to be judged, and what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.cards import moment, payload
from assay.cli.render.frame import columns, labelled, spaced, title, try_next
from assay.cli.render.text import block, clip, plural, safe_text, short

if TYPE_CHECKING:
    from assay.govern.review_values import Verdict
    from assay.registry.review.applying import Applied
    from assay.registry.review.results import QueueStatus, Shown

Command = Callable[..., str]

BAR = 24
WORDS = ("accept", "reject", "edit", "skip")
_STYLES = {"decided": "green", "reviewed": "cyan", "in conflict": "red", "open": "dim"}
_SHADES = {"decided": "█", "reviewed": "▓", "in conflict": "▒", "open": "░"}


def queues(found: Sequence[QueueStatus]) -> RenderableType:
    """One line a queue."""
    if not found:
        return Text("no queue yet; `assay review create NAME REF --n 100` opens one", "dim")
    table = columns("queue", "of", "examples", "", "open", "in conflict", "by", grow="by",
                    right=("examples", "open", "in conflict"))  # fmt: skip
    for one in found:
        left = one.states["open"] + one.states["reviewed"]
        table.add_row(
            Text(clip(one.queue.name, 20), "bold"), Text(clip(one.queue.ref, 18)), f"{len(one.queue.ids):,}",
            _bar(one, 10), f"{left:,}" if left else Text("–", "dim"),
            Text(f"{one.states['in conflict']:,}", "red") if one.states["in conflict"] else Text("–", "dim"),
            Text(clip(one.queue.operation.actor, 14), "dim"),
        )  # fmt: skip
    return table


def _bar(one: QueueStatus, width: int = BAR) -> Text:
    """How much of a queue is in each state; what is there at all is seen."""
    total, line, used = max(1, len(one.queue.ids)), Text(), 0
    for state in ("decided", "reviewed", "in conflict"):
        count = one.states[state]
        cells = min(width - used, max(1 if count else 0, int(width * count / total)))
        line.append(_SHADES[state] * cells, _STYLES[state])
        used += cells
    return line.append(_SHADES["open"] * (width - used), "dim")


def status(one: QueueStatus, command: Command) -> RenderableType:
    """Everything that is known of a queue, and what to do next."""
    queue = one.queue
    kind = "gold set" if queue.purpose == "gold" else "queue"
    head = title(queue.name, f"{kind} of {plural(len(queue.ids), 'example')} from {queue.ref}")
    how = "two people each, a third where they differ" if queue.reviewers == 2 else "one person each"
    states = Text()
    for state in ("decided", "reviewed", "in conflict", "open"):
        if one.states[state]:
            label = "half judged" if state == "reviewed" else state
            states.append("  " if states else "").append(f"{_SHADES[state]} ", _STYLES[state])
            states.append(f"{label} {one.states[state]:,}")
    facts = labelled(
        [
            ("for", block(one.note) if one.note else ""),
            ("judged by", how + (", blind" if queue.blind else "")),
            ("strata", f"by {queue.by}" if queue.by else ""),
            ("gold", f"{plural(len(queue.gold), 'known answer')} among them" if queue.gold else ""),
            ("", _bar(one)),
            ("state", states),
            ("outcome", _outcomes(one)),
            ("refused", Text(plural(one.refused, "verdict"), "red") if one.refused else ""),
        ]
    )
    todo = [] if one.dry_run else _todo(one, command)
    dry = Text("a dry run: nothing was opened", "yellow") if one.dry_run else None
    return spaced(Group(head, facts), _people(one), _trust(one), dry, try_next(todo) if todo else None)


def _outcomes(one: QueueStatus) -> str:
    parts = [f"{verdict} {count:,}" for verdict, count in one.outcomes.items()]
    if one.decided_by_auto:
        parts.append(f"{one.decided_by_auto:,} of them by a program")
    if one.applied:
        parts.append(f"{one.applied:,} in a version")
    return " · ".join(parts)


def _people(one: QueueStatus) -> RenderableType | None:
    if not one.verdicts:
        return None
    words = (*WORDS, *(["hidden"] if any("hidden" in counts for counts in one.verdicts.values()) else []))
    table = columns("reviewer", *words, "", right=words, grow="")
    for actor, counts in one.verdicts.items():
        program = "program" if actor in one.queue.auto else ""
        cells = [f"{counts[word]:,}" if counts.get(word) else Text("–", "dim") for word in words]
        table.add_row(Text(clip(actor, 24), "bold"), *cells, Text(program, "dim"))
    return Padding(table, (0, 0, 0, 2))


def _trust(one: QueueStatus) -> RenderableType | None:
    """Where a program may decide."""
    if not one.queue.auto:
        return None
    head = Text(
        f"Programs decide where agreement with people is surely {one.queue.min_agreement:.0%} or more", "dim"
    )
    table = columns("program", "stratum", "says", "people agreed", "at least", "decides", grow="stratum",
                    right=("people agreed", "at least"))  # fmt: skip
    for row in one.trust:
        decides = row.decides and one.queue.reviewers == 1
        table.add_row(
            Text(clip(row.actor, 20), "bold"), Text(clip(row.stratum or "all", 24)), row.verdict,
            f"{row.agreed:,} of {row.judged:,}", f"{row.lower:.1%}" if row.judged else "–",
            Text("✓ yes", "green") if decides else Text("suggests", "dim"),
        )  # fmt: skip
    return Group(head, Padding(table, (0, 0, 0, 2)))


def _todo(one: QueueStatus, command: Command) -> list[tuple[str, str]]:
    name, todo = one.queue.name, []
    if one.states["open"] or one.states["reviewed"]:
        todo.append((command("review", "next", name), "the next to judge"))
    if one.states["in conflict"]:
        todo.append((command("review", "next", name, "--conflicts"), "to decide between two"))
    if one.queue.purpose == "gold" and one.states["decided"]:
        todo.append((command("gold", name, "--freeze"), "make it an eval set"))
    elif one.states["decided"] > one.applied:
        todo.append((command("review", "apply", name), "make the next version"))
    return todo


def shown(found: Shown, command: Command) -> RenderableType:
    """An example whole, as the person who is to judge it sees it."""
    example, name = found.example, found.queue.name
    state = "half judged" if found.state == "reviewed" else found.state
    notes = [state, f"{found.left:,} left for you" if found.left else ""]
    head = title(short(example.name), *[note for note in notes if note])
    known = example.provenance
    place = f"{known['source']}:{known.get('record', '')}" if known.get("source") else ""
    facts = [("queue", f"{name} of {found.queue.ref}"), ("source", clip(place, 66))]
    facts += [
        (key, clip(str(known[key]), 66)) for key in ("generator", "licence", "origin") if known.get(key)
    ]
    words = [short(example.name)]
    commands = [
        (command("review", "accept", name, *words), "fit as it is"),
        (command("review", "reject", name, *words), "let it leave"),
        (command("review", "edit", name, *words, "--payload", "FILE"), "better like this"),
        (command("review", "skip", name, *words), "leave it to others"),
    ]
    if found.state == "in conflict":
        edits = {one.edited for one, _ in found.said} - {None}
        take = [("edit", "take the edit")] if len(edits) == 1 else []
        commands = [
            (command("review", "adjudicate", name, *words, word), why)
            for word, why in (("accept", "fit as it is"), ("reject", "let it leave"), *take)
        ]
    return spaced(
        Group(head, labelled(facts)), payload(example.payload), _said(found.said), try_next(commands)
    )


def _said(said: Sequence[tuple[Verdict, str]]) -> RenderableType | None:
    if not said:
        return None
    lines: list[RenderableType] = [Text("Said of it", "dim")]
    for verdict, comment in said:
        line = Text.assemble("  ", (clip(verdict.actor, 24), "bold"), "  ", _coloured(verdict.verdict))
        notes = [f"{key}={value}" for key, value in verdict.tags.items()]
        notes += [f"score {verdict.score:g}"] if verdict.score is not None else []
        line.append(f"  {safe_text(' '.join(notes))}  {moment(verdict.time)}", "dim")
        lines.append(line)
        if comment:
            lines.append(Padding(block(comment), (0, 0, 0, 4)))
    return Group(*lines)


def _coloured(verdict: str) -> tuple[str, str]:
    return verdict, {"accept": "green", "reject": "red", "edit": "yellow"}.get(verdict, "dim")


def nothing_left(queue: str, actor: str, conflicts: bool) -> RenderableType:
    """There is no next one."""
    what = "adjudicate" if conflicts else "judge"
    return Text.assemble(
        ("✓ ", "bold green"), f"nothing of {safe_text(queue)} is left for {safe_text(actor)} to {what}"
    )


def given(queue: str, verdict: str, count: int, dry_run: bool, command: Command) -> RenderableType:
    """A verdict was given."""
    verb = "would be" if dry_run else "now"
    line = Text.assemble(plural(count, "example"), f" of {safe_text(queue)} {verb}: ", _coloured(verdict))
    return Group(line, Text(f"  {safe_text(command('review', 'next', queue))}", "cyan"))


def exported(queue: str, file: str, rows: int, dry_run: bool) -> RenderableType:
    """A queue was written to a file."""
    verb = "would write" if dry_run else "wrote"
    return Text.assemble(
        (f"{verb} ", "dim"), (safe_text(queue), "bold"), f", {plural(rows, 'row')}, to {safe_text(file)}"
    )


def imported(queue: str, counts: Mapping[str, int], dry_run: bool) -> RenderableType:
    """Verdicts came from a file."""
    said = " · ".join(
        f"{verdict} {n:,}"
        for verdict, n in counts.items()
        if n and verdict in ("accept", "reject", "edit", "skip")
    )
    verb = "would give" if dry_run else "gave"
    line = Text.assemble((f"{verb} ", "dim"), said or "no verdict", f" in {safe_text(queue)}")
    notes = [f"{counts['unchanged']:,} given before", f"{counts['without_verdict']:,} without a verdict"]
    return Group(line, Text("  " + " · ".join(notes), "dim"))


def applied(done: Applied, dry_run: bool, command: Command) -> RenderableType:
    """What a queue's decisions did to the dataset."""
    if done.version is not None:
        head = title(done.version, f"made of what {done.queue} decided")
    elif dry_run and (done.rejected or done.edited):
        head = title(done.dataset, f"would change by what {done.queue} decided")
    else:
        head = Text.assemble(
            ("✓ nothing to change", "bold green"), f": {plural(done.accepted, 'example')} stay"
        )
    line = Text.assemble(
        "  ", (f"−{done.rejected:,} rejected", "red"), "   ", (f"~{done.edited:,} edited", "yellow"), "   ",
        (f"{done.accepted:,} accepted, stay", "green"),
    )  # fmt: skip
    notes: list[RenderableType] = []
    if done.undecided:
        notes.append(Text(f"  {plural(done.undecided, 'example')} not decided yet", "dim"))
    if done.outside:
        notes.append(
            Text(f"  {plural(done.outside, 'decision')} on examples that the version does not hold", "dim")
        )
    if done.contaminated:
        held = f"  {plural(len(done.contaminated), 'edit')} left out: they hold an item of a frozen eval set"
        notes.append(Text(held, "red"))
    if done.barred:
        told = (
            f"  {plural(len(done.barred), 'edit')} left out: into an example that was disabled or forgotten"
        )
        notes.append(Text(told, "red"))
    if done.erased:
        notes.append(Text(f"  {plural(len(done.erased), 'edit')} left out: their text was erased", "red"))
    made = Text(f"  {safe_text(command('show', done.version))}", "cyan") if done.version else None
    return Group(head, line, *notes, *([made] if made else []))
