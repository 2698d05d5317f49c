"""What is known of a run, put together: what was said of it, its ids at trackers, its receipt, and what became of
both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.govern.runs import Run
from assay.registry.listing import said
from assay.track.receipt import Receipt

if TYPE_CHECKING:
    from assay.registry import Registry


@dataclass(frozen=True, slots=True)
class Account:
    """A run and one version that it learned from. `state`: that of the receipt, or `linked` where there is none."""

    run: Run
    details: Mapping[str, str]
    trackers: Mapping[str, str]
    receipt: Receipt | None

    @property
    def state(self) -> str:
        return "linked" if self.receipt is None else self.receipt.state

    def as_json(self) -> dict[str, Any]:
        more = {} if self.receipt is None else {"receipt": self.receipt.as_json()}
        return (
            self.run.as_json(dict(self.details))
            | {"state": self.state, "trackers": dict(self.trackers)}
            | more
        )


@dataclass(frozen=True, slots=True)
class FullAccount(Account):
    """The same with what takes a look at the log. `holds`: whether the log still begins as it did when the run
    began; None without a checkpoint. `revoked`: the day, the actor and the reason, where its version was
    withdrawn."""

    holds: bool | None = None
    revoked: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return Account.as_json(self) | {"log_holds": self.holds, "revoked": dict(self.revoked) or None}


def account(registry: Registry, run: Run) -> Account:
    """What was said of a run. Raises Damaged."""
    runs = registry.runs
    return Account(run, runs.details(run), runs.trackers(run), runs.receipt(run))


def full_account(registry: Registry, run: Run) -> FullAccount:
    """Everything known of a run. Raises Damaged."""
    one = account(registry, run)
    standing = registry.releases.of(run.dataset).versions.get(run.version)
    revoked = standing.revoked if standing is not None else None
    told = (
        {}
        if revoked is None
        else {"time": revoked.time, "actor": revoked.actor, "reason": said(registry, revoked)}
    )
    holds = None if one.receipt is None else registry.runs.holds(one.receipt)
    return FullAccount(one.run, one.details, one.trackers, one.receipt, holds, told)
