"""audit …: the log for auditors."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from assay.errors import UsageError
from assay.govern.proofs.standalone import standalone_source
from assay.registry.documents import operation_json
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.commands.declaring import Answer, Body, Commands, Exit, Some

commands = Commands()
_AUDIT = Permission.AUDIT
Number = Annotated[int | None, Query(ge=0, le=1 << 53)]


class Checkpoint(Body):
    dry_run: bool = False


@commands.get("audit log", _AUDIT)
def log(  # noqa: PLR0913 - its filters
    ask: Ask,
    actor: Some = None,
    action: Some = None,
    dataset: Some = None,
    since: Some = None,
    until: Some = None,
    id: Some = None,
    before: Number = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> Answer:
    """The operations that fit every filter, in the log's order: the newest `limit` (before `before`)."""
    registry = ask.registry
    found = registry.audit.log(actor=actor, action=action, dataset=dataset, since=since, until=until, id=id)
    found = [one for one in found if before is None or one.seq < before]
    rows = [operation_json(one) | {"said": registry.said(one)} for one in found[-limit:]]
    return {"operations": rows, "total": len(found)}


@commands.get("audit verify", _AUDIT)
def verify(ask: Ask) -> Answer | Exit:
    """Check the log, and hold it against the registry's checkpoints. Hold it against your own where you keep them."""
    report = ask.registry.audit.verify()
    return report.as_json() if report.ok else Exit(report.as_json())


@commands.get("audit proof", _AUDIT)
def proof(
    ask: Ask,
    seq: Number = None,
    first: Annotated[int | None, Query(ge=0, le=1 << 53, alias="from")] = None,
    size: Number = None,
) -> Answer:
    """Prove that entry `seq` is in the log, or that the log of `from` entries only grew."""
    if (seq is None) == (first is None):
        raise UsageError("one proof at a time", "give either seq or from")
    audit = ask.registry.audit
    return audit.inclusion(seq, size) if seq is not None else audit.consistency(first or 0, size)


@commands.get("audit verifier", Permission.READ)
def verifier(ask: Ask) -> Answer:
    """The verifier: one file that needs Python alone."""
    return {"verifier": standalone_source()}


@commands.post("audit checkpoint", _AUDIT)
def checkpoint(ask: Ask, form: Checkpoint) -> Answer:
    """State what the log is now, unsigned: keys that sign stay where they were made."""
    return ask.registry.audit.checkpoint(None, None, form.dry_run).as_json()
