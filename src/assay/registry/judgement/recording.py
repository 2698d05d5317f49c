"""Recording judgements: one operation with the evidence, and the facts that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assay.govern.facts import FACT, Facts, Value, facts, write_facts
from assay.judge.judgement import Judgement
from assay.judge.panel import combine
from assay.kernels.ids import as_ids, contains, id_list
from assay.model.operation import Operation
from assay.registry.judgement.evidence import write_judgements
from assay.registry.judgement.panel import Panel
from assay.registry.judgement.tally import MAJORITY
from assay.store.erased import FORGET, erased
from assay.store.objects import object_key

if TYPE_CHECKING:
    from assay.registry import Registry

_ATTEMPTS: Final = 8


class _Forgotten(Exception):
    """An example was forgotten while its judgement was written."""


@dataclass(frozen=True)
class Recorder:
    """Writes what a panel said of a dataset's examples."""

    registry: Registry
    dataset: str
    panel: Panel

    def record(self, new: Sequence[Judgement], told: Mapping[bytes, Mapping[str, Judgement]]) -> int | None:
        """Write judgements that the dataset's log does not have, and the facts that are not so already about the
        examples in `told` (id → judge → judgement); the operation's number, None where there was nothing to write.

        What is said of forgotten examples is left out.
        """
        for _ in range(_ATTEMPTS):
            try:
                return self._attempt(new, told)
            except _Forgotten:
                continue
        raise _Forgotten

    def _attempt(self, new: Sequence[Judgement], told: Mapping[bytes, Mapping[str, Judgement]]) -> int | None:
        store = self.registry.store
        entries = store.log.entries()
        gone = {*id_list(erased(store.objects, entries).ids)}
        forgotten = sum(one.action == FORGET for one in entries)
        new = [one for one in new if one.id not in gone]
        stated = self._facts({id: said for id, said in told.items() if id not in gone}, entries)
        if not new and not stated:
            return None
        rows = sorted(stated)
        ids, keys = as_ids(id for id, _ in rows), [key for _, key in rows]
        body = {
            "facts": write_facts(store.objects, ids, keys, [stated[at] for at in rows]),
            "count": len(rows),
            **({"judgements": write_judgements(store.objects, new)} if new else {}),
            **self.panel.body(store.objects),
        }

        def check(now: Sequence[Operation]) -> None:
            if sum(one.action == FORGET for one in now) != forgotten:
                raise _Forgotten

        try:
            return self.registry.act(FACT, self.dataset, body, check).seq
        except _Forgotten:
            if new:
                store.storage.delete(object_key(body["judgements"]))  # it may quote what was forgotten
            raise

    def _facts(
        self, told: Mapping[bytes, Mapping[str, Judgement]], entries: Sequence[Operation]
    ) -> dict[tuple[bytes, str], Value]:
        """What follows and is not so already: (id, key) → value, None where what was said before holds no longer."""
        held = facts(self.registry.store.objects, entries, self.dataset)
        before = _standing(held.take(contains(as_ids(sorted(told)), held.ids)), f"{self.panel.rubric.id}_")
        out: dict[tuple[bytes, str], Value] = {}
        for id, said in told.items():
            mine = stated_of(self.panel, said)
            stands = before.get(id, {})
            out |= {(id, key): value for key, value in mine.items() if stands.get(key) != value}
            out |= {(id, key): None for key in stands.keys() & _keys(self.panel) - mine.keys()}
        return out


def stated_of(panel: Panel, said: Mapping[str, Judgement]) -> dict[str, Value]:
    """The facts that follow from what judges said of one example."""
    whole = combine(said.values())
    out: dict[str, Value] = {panel.key("outcome"): whole.outcome}
    out |= {panel.key(name): float(score) for name, score in whole.scores.items()}
    if whole.spread is not None and whole.scored > 1:
        out[panel.key("spread")] = float(whole.spread)
    if whole.exclude is not None:
        out[panel.key("exclude")] = "true" if whole.exclude >= MAJORITY else "false"
    if whole.steering:
        out[panel.key("steering")] = ", ".join(whole.steering)
    return out


def _keys(panel: Panel) -> set[str]:
    """Every key that the panel's facts can have."""
    return {panel.key(name) for name in (*panel.scores, "outcome", "spread", "exclude", "steering")}


def _standing(held: Facts, prefix: str) -> dict[bytes, dict[str, Value]]:
    """Id → key → what holds, of keys with a prefix."""
    out: dict[bytes, dict[str, Value]] = {}
    rows = zip(
        id_list(held.ids), held.key.tolist(), held.value.to_pylist(), held.number.tolist(), strict=True
    )
    for id, key, text, number in rows:
        if held.keys[key].startswith(prefix):
            out.setdefault(id, {})[held.keys[key]] = number if text is None else text
    return out
