"""/audit: the log, what it is held against, and proofs to take away."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

from pydantic import BaseModel

from assay.errors import NotFound, UsageError
from assay.govern.proofs.note import parse_checkpoint
from assay.govern.proofs.registry_check import CHECKPOINTS
from assay.model.operation import Operation, digest
from assay.registry import Registry
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Done, File, Page, Pages

pages = Pages()
ROWS: Final = 50
AT_ONCE: Final = 20_000
"""Entries up to which the log is verified, and proofs are made, while somebody waits."""
_KEPT: Final = 20
_PROOFS: Final = 100
_NAME: Final = re.compile(r"[0-9]{8,15}-[0-9a-f]{16}\.note")
JSON: Final = "application/json"


class Entry(BaseModel):
    """One entry: what happened, its digest and that of the one before. `said`: what the actor said of it."""

    seq: int
    time: str
    actor: str
    action: str
    dataset: str | None
    version: int | None
    said: str
    hash: str
    prev: str | None


class Kept(BaseModel):
    """A checkpoint that lies in the registry: it states what the first `size` entries are."""

    name: str
    size: int
    root: str
    signed_by: list[str]


class AuditPage(Page):
    """A part of the log, newest first. `older`: the entry before which the next page goes on. `head`: the digest of
    the newest entry of all."""

    entries: list[Entry]
    count: int
    whole: int
    older: int | None
    head: str | None
    actor: str
    action: str
    dataset: str
    since: str
    until: str
    example: str
    actors: list[str]
    actions: list[str]
    datasets: list[str]
    checkpoints: list[Kept]


class EntryPage(Page):
    """One entry, whole. `follows`: whether its `prev` is the digest of the entry before it, as it lies there."""

    entry: Entry
    body: dict[str, Any]
    follows: bool
    newest: int
    origin: str
    provable: bool


class Found(BaseModel):
    """One thing that is wrong with the log."""

    kind: str
    seq: int | None
    file: str
    message: str


class Held(BaseModel):
    """A checkpoint that the log was held against: it holds, or not."""

    file: str
    size: int
    state: str
    signed_by: list[str]


class VerifyPage(Page):
    """What a check of the log found. `done` False: it is too long to be checked while somebody waits."""

    done: bool
    ok: bool
    entries: int
    size: int
    root: str
    seconds: float
    time: str
    findings: list[Found]
    checkpoints: list[Held]
    at_once: int = AT_ONCE


@pages.page("/audit", Permission.AUDIT, "audit.html")
def audit(  # noqa: PLR0913 - the fields of the filter, by keyword
    ask: Ask,
    actor: str = "",
    action: str = "",
    dataset: str = "",
    since: str = "",
    until: str = "",
    example: str = "",
    before: int | None = None,
) -> AuditPage:
    """The log by who, what, when and about which example, newest first."""
    registry = ask.registry
    whole = registry.log()
    asked = {
        "actor": actor,
        "action": action,
        "dataset": dataset,
        "since": since,
        "until": until,
        "id": example,
    }
    wanted = {key: value.strip() for key, value in asked.items() if value.strip()}
    found = registry.audit.log(**wanted) if wanted else whole
    left = [one for one in found if before is None or one.seq < before]
    shown = left[-ROWS:][::-1]
    flags = [word for key, value in wanted.items() if key != "actor" for word in (f"--{key}", value)]
    who = ["--actor", wanted["actor"]] if "actor" in wanted else []
    return AuditPage(
        command=shlex.join(["assay", *who, "audit", "log", *flags]),
        entries=[_entry(registry, one) for one in shown], count=len(found), whole=len(whole),
        older=shown[-1].seq if len(left) > len(shown) else None,
        head=digest(whole[-1].as_bytes()) if whole else None, actor=actor, action=action, dataset=dataset, since=since,
        until=until, example=example, actors=_names(one.actor for one in whole),
        actions=_names(one.action for one in whole), datasets=_names(one.dataset or "" for one in whole),
        checkpoints=_kept(registry),
    )  # fmt: skip


@pages.page("/audit/verify", Permission.AUDIT, "audit_verify.html")
def verify(ask: Ask) -> VerifyPage:
    """Check the log and hold it against the registry's checkpoints, where that can be done at once."""
    registry, command = ask.registry, "assay audit verify"
    now = registry.clock().isoformat(timespec="seconds")
    count = registry.store.log.head()[0]
    if count > AT_ONCE:
        return VerifyPage(
            command=command, done=False, ok=False, entries=count, size=0, root="", seconds=0, time=now, findings=[],
            checkpoints=[],
        )  # fmt: skip
    began = perf_counter()
    report = registry.audit.verify()
    return VerifyPage(
        command=command, done=True, ok=report.ok, entries=report.entries, size=report.size, root=report.root.hex(),
        seconds=round(perf_counter() - began, 3), time=now,
        findings=[
            Found(kind=one.kind, seq=one.seq, file=one.file, message=one.message) for one in report.ordered()[:100]
        ],
        checkpoints=[
            Held(
                file=one.file, size=one.checkpoint.size, state=one.state,
                signed_by=[f"{s.name}+{s.id.hex()}" for s in one.checkpoint.note.signatures],
            )
            for one in report.checkpoints[-_KEPT:]
        ],
    )  # fmt: skip


@pages.act("/audit/checkpoint", Permission.AUDIT)
def checkpoint(ask: Ask) -> Done:
    """State what the log is now, unsigned: keys do not lie on a server."""
    _short(ask.registry.store.log.head()[0], "assay audit checkpoint")
    made = ask.registry.audit.checkpoint()
    return Done(said=f"{made.checkpoint.size:,} entries are stated", see="/audit", answer=made.as_json())


@pages.file("/audit/checkpoints/{name}", Permission.AUDIT)
def kept(ask: Ask, name: str) -> File:
    """A checkpoint of the registry, as it lies there."""
    if not _NAME.fullmatch(name):
        raise NotFound(f"no checkpoint {name[:60]!r}", "/audit lists them")
    return File(ask.registry.store.storage.get(CHECKPOINTS + name), "text/plain; charset=utf-8", name)


@pages.file("/audit/examples/{id}.json", Permission.AUDIT)
def example(ask: Ask, id: str) -> File:
    """Which entries concern an example, each with the proof that it is in the log; the newest hundred of them."""
    registry = ask.registry
    found = registry.audit.log(id=id)
    size = registry.store.log.head()[0]
    _short(size, f"assay audit log --id {shlex.quote(id)}")
    proofs = [
        {"entry": json.loads(one.as_bytes()), "proof": registry.audit.inclusion(one.seq, size)}
        for one in found[-_PROOFS:]
    ]
    told = {
        "example": id,
        "origin": registry.audit.origin,
        "size": size,
        "concern": len(found),
        "entries": proofs,
    }
    return File(json.dumps(told, ensure_ascii=False, indent=1).encode(), JSON, f"example-{id[:12]}.json")


@pages.file("/audit/{seq}/proof.json", Permission.AUDIT)
def proof(ask: Ask, seq: int) -> File:
    """The proof that an entry is in the log, to be held against a checkpoint of the same size."""
    _short(ask.registry.store.log.head()[0], f"assay audit proof {seq}")
    made = ask.registry.audit.inclusion(seq)
    return File(json.dumps(made, indent=1).encode(), JSON, f"entry-{seq}.json")


@pages.page("/audit/{seq}", Permission.AUDIT, "audit_entry.html")
def entry(ask: Ask, seq: int) -> EntryPage:
    """One entry of the log, whole."""
    whole = ask.registry.log()
    if not 1 <= seq <= len(whole):
        raise NotFound(f"no entry {seq}", f"the log has {len(whole):,} entries")
    one = whole[seq - 1]
    before = digest(whole[seq - 2].as_bytes()) if seq > 1 else None
    return EntryPage(
        command=f"assay audit proof {seq}",
        entry=_entry(ask.registry, one),
        body=dict(one.body),
        follows=one.prev == before,
        newest=len(whole),
        origin=ask.registry.audit.origin,
        provable=len(whole) <= AT_ONCE,
    )


def _entry(registry: Registry, one: Operation) -> Entry:
    version = one.body.get("version")
    return Entry(
        seq=one.seq, time=one.time, actor=one.actor, action=one.action, dataset=one.dataset,
        version=version if isinstance(version, int) else None, said=registry.said(one), hash=digest(one.as_bytes()),
        prev=one.prev,
    )  # fmt: skip


def _kept(registry: Registry) -> list[Kept]:
    """The newest checkpoints that can be read, the newest first."""
    out = []
    for stat in sorted(registry.store.storage.list(CHECKPOINTS), key=lambda one: one.key)[-_KEPT:][::-1]:
        try:
            one = parse_checkpoint(registry.store.storage.get(stat.key))
        except ValueError:
            continue  # `verify` says what is wrong with it
        signers = [f"{s.name}+{s.id.hex()}" for s in one.note.signatures]
        name = stat.key.removeprefix(CHECKPOINTS)
        out.append(Kept(name=name, size=one.size, root=one.root.hex(), signed_by=signers))
    return out


def _names(values: Any) -> list[str]:
    """Some names for a choice; at most two hundred."""
    found: Sequence[str] = sorted({one for one in values if one})
    return list(found[:200])


def _short(count: int, command: str) -> None:
    """Raises UsageError for a log that is too long to be read while somebody waits."""
    if count > AT_ONCE:
        raise UsageError(f"the log has {count:,} entries: more than {AT_ONCE:,}", f"`{command}` does it")
