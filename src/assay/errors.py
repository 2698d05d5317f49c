"""Every error that assay raises on purpose.

    AssayError
    ├── UsageError            what was asked for cannot be done as asked            exit 2
    │   ├── NotFound          a registry, dataset, version, record, example or file
    │   ├── BadInput          a source that cannot be read at all
    │   ├── TooLarge          more bytes than somebody may send
    │   ├── InvalidRecipe     a recipe that does not hold; lists every problem at once
    │   ├── InvalidPolicy     a policy that does not hold; lists every problem at once
    │   ├── Forbidden         an act that the rules keep this actor from, or this version
    │   ├── NotExpressible    an example that the asked-for shape cannot carry
    │   ├── MissingExtra      an optional dependency that is not installed
    │   └── CallsFailed       a language model that cannot be called at all: key, name, address
    ├── GateFailed            a version breaks a rule of the policy that refuses           exit 1
    ├── SchemaChanged         data whose fields or kinds are not those of the version before     exit 1
    ├── Revoked               a version that was withdrawn and is not to be used          exit 1
    ├── NotForTraining        a version that the policy does not let models learn from    exit 1
    ├── BudgetReached         calls that would cost more than is left; what was paid for is kept  exit 1
    ├── QuotasUnmet           a generation that ended with less than was asked for     exit 1
    ├── Conflict              somebody else committed first, and the changes collide  exit 3
    │   └── MergeConflict     two branches contradict each other; lists every example
    ├── TrackingFailed        an experiment tracker that could not be told of a run   exit 2
    ├── Damaged               bytes are not what their name says                      exit 1
    └── StorageFailure        the operating system refused a read or a write          exit 2

A bad *row* is never an exception: it is a decision in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class AssayError(Exception):
    """The root: a message that says what and where, and a `hint` that says what to do.

    `code` is stable and for programs; `exit_code` is what the command line ends with. Errors survive
    pickling, because workers raise them across processes.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(AssayError):
    """What was asked for cannot be done as asked."""

    code = "usage"


class NotFound(UsageError):
    """A registry, dataset, version, record, example or file that is not there."""

    code = "not_found"


class BadInput(UsageError):
    """A source that cannot be read at all: a directory, an unknown shape, a file that changed while read."""

    code = "bad_input"


class TooLarge(UsageError):
    """More bytes than one file may have that somebody sends."""

    code = "too_large"


class InvalidRecipe(UsageError):
    """A recipe that does not hold; the message lists every problem with its path."""

    code = "invalid_recipe"


class InvalidPolicy(UsageError):
    """A policy that does not hold; the message lists every problem with its path."""

    code = "invalid_policy"


class Forbidden(UsageError):
    """An act that the rules keep this actor from, or that this version is not ready for; the message says why."""

    code = "forbidden"


class NotExpressible(UsageError):
    """An example that the asked-for shape cannot carry without loss."""

    code = "not_expressible"


class MissingExtra(UsageError):
    """An optional dependency that is not installed; the hint names the extra."""

    code = "missing_extra"


class CallsFailed(UsageError):
    """A language model that cannot be called at all: a key that is refused, a model or an address nobody knows."""

    code = "calls_failed"


class GateFailed(AssayError):
    """A version breaks rules of the policy that refuse. Nothing was written to the log.

    `gate` is the whole result as JSON values, every finding with the ids of all examples concerned.
    """

    code = "gate_failed"
    exit_code = 1

    def __init__(self, message: str, hint: str = "", gate: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, hint)
        self.gate: Mapping[str, Any] = gate or {}
        self.args = (message, hint, gate)


class SchemaChanged(AssayError):
    """Data whose fields, types or kinds are not those of the version before it. Nothing was written to the log.

    `differences` are all of them: {"what": kind | new | missing | type, "field", "before", "after"}.
    """

    code = "schema_changed"
    exit_code = 1

    def __init__(self, message: str, hint: str = "", differences: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(message, hint)
        self.differences = list(differences)
        self.args = (message, hint, differences)


class Revoked(AssayError):
    """A version that was withdrawn; the message says by whom, when and why."""

    code = "revoked"
    exit_code = 1


class NotForTraining(AssayError):
    """A version that is not approved or not released, where the policy lets models learn from no other."""

    code = "not_for_training"
    exit_code = 1


class BudgetReached(AssayError):
    """Calls that may cost more than is left of the budget. What was paid for is recorded, and nothing was committed."""

    code = "budget_reached"
    exit_code = 1


class QuotasUnmet(AssayError):
    """A generation that ended before its quotas were met. Nothing was committed, and nothing is paid for twice."""

    code = "quotas_unmet"
    exit_code = 1


class Conflict(AssayError):
    """Somebody else committed first and the changes collide; the message names what collided."""

    code = "conflict"
    exit_code = 3


class MergeConflict(Conflict):
    """Two branches contradict each other; `conflicts` has a mapping for every example that somebody must decide."""

    code = "merge_conflict"

    def __init__(self, message: str, hint: str = "", conflicts: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message, hint)
        self.conflicts = tuple(conflicts)


class TrackingFailed(AssayError):
    """An experiment tracker that could not be told of a run. The run goes on, and its receipt stays in the registry."""

    code = "tracker_failed"


class Damaged(AssayError):
    """Bytes that are not what their name or their checksum says; the message names the file."""

    code = "damaged"
    exit_code = 1


class StorageFailure(AssayError):
    """The operating system refused a read or a write; nothing was committed."""

    code = "storage_failure"
