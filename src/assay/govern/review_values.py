"""Queues and verdicts as values, and how an operation spells them.

An operation `queue` names the examples and the rules under which people judge them. An operation `review` gives one
person's verdicts: a few of them inline, more of them, and all of a blind queue's, in an object. What a person wrote
(a comment, an edited text) is never in the log; the operation names the object it lies in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from assay.errors import Damaged, UsageError
from assay.kernels.ids import id_list
from assay.model.operation import Operation
from assay.model.ref import check_name
from assay.store.idsets import ids_in
from assay.store.log import log_key
from assay.store.objects import Objects, object_key

QUEUE: Final = "queue"
REVIEW: Final = "review"
ADJUDICATE: Final = "adjudicate"
APPLY: Final = "apply"

ACCEPT: Final = "accept"
REJECT: Final = "reject"
EDIT: Final = "edit"
SKIP: Final = "skip"
VERDICTS: Final = (ACCEPT, REJECT, EDIT, SKIP)

GOLD: Final = "gold"
"""The purpose of a queue that makes an eval set; a queue that judges a version has none."""

MOST_EXAMPLES: Final = 100_000
"""Examples of one queue."""
MOST_VERDICTS: Final = MOST_EXAMPLES
"""Verdicts of one operation."""
INLINE: Final = 16
"""Verdicts that an operation holds itself; more of them lie in an object."""
_MOST_TAGS: Final = 16
_LONGEST_TAG: Final = 64


@dataclass(frozen=True, slots=True)
class Queue:
    """Examples to be judged, and the rules.

    `reviewers`: how many people must judge each example, 1 or 2. `blind`: others' verdicts are not shown before all
    are given. `gold`: id → the known answer, of items that are there to measure the reviewers. `strata`: id → the value
    of the field `by`. `auto`: actors that are programs; their verdicts decide only where their measured agreement
    with people is at least `min_agreement`.
    """

    name: str
    dataset: str
    version: int
    ids: frozenset[bytes]
    reviewers: int
    blind: bool
    operation: Operation
    gold: Mapping[bytes, str] = field(default_factory=dict)
    by: str | None = None
    strata: Mapping[bytes, str] = field(default_factory=dict)
    auto: tuple[str, ...] = ()
    min_agreement: float = 1.0
    purpose: str | None = None

    @property
    def ref(self) -> str:
        """The version that the examples were drawn from."""
        return f"{self.dataset}@v{self.version}"


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict as it is given: `edited` is the id of the example that an edit makes, `payload` the object that holds
    it; `note` the object with the comment."""

    id: bytes
    verdict: str
    tags: Mapping[str, str] = field(default_factory=dict)
    score: float | None = None
    note: str | None = None
    edited: bytes | None = None
    payload: str | None = None

    def as_json(self) -> dict[str, Any]:
        spelled: dict[str, Any] = {"id": self.id.hex(), "verdict": self.verdict}
        if self.tags:
            spelled["tags"] = dict(self.tags)
        for name in ("score", "note", "payload"):
            if (value := getattr(self, name)) is not None:
                spelled[name] = value
        if self.edited is not None:
            spelled["edited"] = self.edited.hex()
        return spelled

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Said:
        """Raises ValueError, KeyError or TypeError for what is no verdict."""
        edited, tags, score = value.get("edited"), value.get("tags", {}), value.get("score")
        said = cls(
            bytes.fromhex(value["id"]), value["verdict"], dict(tags), score, value.get("note"),
            None if edited is None else bytes.fromhex(edited), value.get("payload"),
        )  # fmt: skip
        if (
            len(said.id) != 32
            or said.verdict not in VERDICTS
            or (said.verdict == EDIT) != (edited is not None)
        ):
            raise ValueError("not a verdict")
        texts = (
            *said.tags,
            *said.tags.values(),
            *(one for one in (said.note, said.payload) if one is not None),
        )
        if not all(isinstance(one, str) for one in texts) or not isinstance(said.score, int | float | None):
            raise ValueError("a tag, a note, a payload or a score of another kind")
        if (said.edited is None) != (said.payload is None) or (
            edited is not None and len(said.edited or b"") != 32
        ):
            raise ValueError("an edit names the new example and its payload")
        return said


@dataclass(frozen=True, slots=True)
class Verdict(Said):
    """A verdict that counts: who gave it, when, and in which operation."""

    actor: str = ""
    time: str = ""
    seq: int = 0

    @property
    def fits(self) -> bool:
        """Whether it says that the example may stay as it is."""
        return self.verdict == ACCEPT

    def agrees(self, other: Verdict) -> bool:
        """Whether both lead to the same: two edits do when they make the same example."""
        return (self.verdict, self.edited) == (other.verdict, other.edited)


def check_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags that a verdict may have: up to 16, a name each and a word of at most 64 characters. Raises UsageError."""
    if len(tags) > _MOST_TAGS:
        raise UsageError(
            f"a verdict has at most {_MOST_TAGS} tags; this one has {len(tags)}", "leave some out"
        )
    for key, value in tags.items():
        check_name(key, "tag")
        if not isinstance(value, str) or not value.isprintable() or not 1 <= len(value) <= _LONGEST_TAG:
            raise UsageError(
                f"tag {key} has no value that the log may keep", f"one line of 1 to {_LONGEST_TAG} characters"
            )
    return dict(sorted(tags.items()))


def check_score(score: float | None) -> float | None:
    """A finite number that the log can spell, or None. Raises UsageError."""
    if score is not None and (
        isinstance(score, bool) or not isinstance(score, int | float) or not abs(score) < 1e9
    ):
        raise UsageError("a score is a number between -1e9 and 1e9", "give a number, such as 3.5")
    return None if score is None else float(score)


def queue_of(objects: Objects, operation: Operation) -> Queue:
    """The queue that an operation opens. Raises Damaged."""
    body, dataset = operation.body, operation.dataset
    try:
        gold, strata = (_by_id(objects, body.get(name)) for name in ("gold", "strata"))
        queue = Queue(
            str(body["queue"]), str(dataset), int(body["version"]), frozenset(id_list(ids_in(objects, body))),
            int(body["reviewers"]), bool(body["blind"]), operation, gold, body.get("by"), strata,
            tuple(body.get("auto", ())), float(body.get("min_agreement", 1.0)), body.get("purpose"),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(operation, "opens no queue", error) from None
    if dataset is None or queue.reviewers not in (1, 2) or not queue.ids >= queue.gold.keys():
        raise _unreadable(operation, "opens no queue", "its settings do not hold together")
    return queue


def verdicts_of(objects: Objects, operation: Operation) -> tuple[Said, ...]:
    """The verdicts of a `review` or `adjudicate` operation. Raises Damaged."""
    listed: Any = operation.body.get("verdicts")
    try:
        if isinstance(listed, str):
            listed = objects.get_json(listed)["verdicts"]
        return tuple(Said.from_json(one) for one in listed)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(operation, "gives no verdicts", error) from None


def verdicts_body(objects: Objects, queue: Queue, said: Sequence[Said], salt: bytes) -> dict[str, Any]:
    """The fields of the operation that gives these verdicts; the object, if any, is written.

    In a blind queue every verdict lies in an object with a salt: whoever lists the log learns no verdict from it.
    """
    spelled = [one.as_json() for one in sorted(said, key=lambda one: one.id)]
    body: dict[str, Any] = {"queue": queue.name, "count": len(spelled)}
    if queue.blind or len(spelled) > INLINE:
        return body | {"verdicts": objects.put_json({"salt": salt.hex(), "verdicts": spelled})}
    return body | {"verdicts": spelled}


def put_by_id(objects: Objects, values: Mapping[bytes, str]) -> str:
    """Write a word for each of some examples as an object; its name."""
    return objects.put_json({id_.hex(): value for id_, value in sorted(values.items())})


def put_payload(objects: Objects, payload: Mapping[str, Any]) -> str:
    """Write an edited example's payload as an object; its name."""
    return objects.put_json({"payload": dict(payload)})


def read_payload(objects: Objects, name: str) -> dict[str, Any] | None:
    """An edited example's payload; None once it was erased. Raises Damaged."""
    if objects.storage.stat(object_key(name)) is None:
        return None
    value = objects.get_json(name)
    payload = value.get("payload") if isinstance(value, dict) else None
    if not isinstance(payload, dict):
        raise Damaged(f"{object_key(name)} holds no payload")
    return payload


def objects_of(said: Iterable[Said]) -> list[str]:
    """The objects with people's words that some verdicts name."""
    return [name for one in said for name in (one.note, one.payload) if name is not None]


def _by_id(objects: Objects, name: str | None) -> dict[bytes, str]:
    if name is None:
        return {}
    return {bytes.fromhex(id_): str(value) for id_, value in objects.get_json(name).items()}


def _unreadable(operation: Operation, what: str, error: object) -> Damaged:
    return Damaged(f"{log_key(operation.seq)} {what} that can be read: {error}")
