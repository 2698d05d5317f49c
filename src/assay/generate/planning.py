"""The plan of a generation: which candidate is the k-th of a cell, what it is asked, and with what.

All of it follows from the plan, the seed, the cell and k, so that neither the order of answers nor a run that was
stopped changes anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from assay.errors import UsageError
from assay.generate.drawing import Draws
from assay.generate.parameters import Parameters
from assay.generate.quotas import Cell, Quotas
from assay.generate.template import LONGEST_VALUE, SEEDS, Template
from assay.model.canonical import canonical_json

MOST_SEEDS: Final = 100
"""Examples that one candidate is shown at most."""


@dataclass(frozen=True, slots=True)
class Row:
    """One assignment of a file: values of variables, and its other columns, which become fields of the record."""

    values: Mapping[str, str]
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seed:
    """An example that candidates are shown: its id in hex, its two texts, and its synthetic depth."""

    id: str
    input: str
    output: str
    depth: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """The `number`-th (from 0) candidate of a cell. `values`: of every variable; `fields`: of its row; `model`:
    PROVIDER/MODEL; `parents`: the seeds that it is shown."""

    cell: Cell
    number: int
    values: Mapping[str, str]
    fields: Mapping[str, Any]
    model: str
    params: Mapping[str, Any]
    parents: tuple[str, ...]
    depth: int


@dataclass(frozen=True)
class Plan:
    """What is to be generated. `rows`: assignments of a file, `seeds`: examples to be shown, `shown`: how many of them
    to each candidate; `models`: PROVIDER/MODEL, used in turn with the sweeps of `parameters`.

    Raises UsageError when the parts do not fit each other.
    """

    template: Template
    quotas: Quotas
    models: tuple[str, ...]
    seed: int
    parameters: Parameters = field(default_factory=Parameters)
    rows: Sequence[Row] = ()
    seeds: Sequence[Seed] = ()
    shown: int = 3

    def __post_init__(self) -> None:
        if not self.models:
            raise UsageError("no model was named", "say --model PROVIDER/MODEL")
        if len(set(self.models)) < len(self.models):
            raise UsageError("a model is named twice", "name each model once")
        if not 1 <= self.shown <= MOST_SEEDS:
            raise UsageError(f"{self.shown} seeds for each candidate", f"1 to {MOST_SEEDS}")
        self._check_seeds()
        self._check_quotas()
        self._check_variables()

    def _check_seeds(self) -> None:
        told = self.template.seed_variables
        if told and not self.seeds:
            raise UsageError(
                f"{self.template.id} shows examples ({{{{{told[0]}}}}}), and none are given",
                "say --from REF, a version to take them from",
            )
        if self.seeds and not told:
            raise UsageError(
                f"{self.template.id} shows no examples",
                "use {{seeds}}, or {{seed_input}} and {{seed_output}}",
            )
        if self.seeds and self.rows:
            raise UsageError("assignments and seeds were both given", "say --vars or --from")

    def _check_quotas(self) -> None:
        for name in self.quotas.fields:
            variable = self.template.variables.get(name)
            if variable is None or name in self.template.seed_variables:
                known = ", ".join(self._free) or "none"
                raise UsageError(
                    f"{self.template.id} has no variable {name!r} to put a quota on", f"variables: {known}"
                )
            for value in self.quotas.of(name):
                if variable.values and value not in variable.values:
                    raise UsageError(
                        f"{value[:60]!r} is no value of {name!r}",
                        f"one of: {', '.join(variable.values[:10])}",
                    )
        for cell in self.quotas.counts:
            if self.rows and not self._rows_of(cell):
                told = ", ".join(f"{name}={value}" for name, value in self.named(cell).items())
                raise UsageError(
                    f"no assignment has {told}", "add rows for it, or leave it out of the quotas"
                )

    def _check_variables(self) -> None:
        given = set(self.rows[0].values) if self.rows else set()
        for name in self._free:
            if name in given or name in self.quotas.fields or self.template.variables[name].values:
                continue
            raise UsageError(
                f"{self.template.id}: nothing says what {name!r} is",
                "give a file with --vars, a quota, or `values` in the template",
            )

    @cached_property
    def digest(self) -> str:
        """ "sha256:…" over all that decides which candidates there are."""
        told = {
            "template": self.template.digest,
            "quotas": [list(self.quotas.fields), [[list(c), n] for c, n in self.quotas.counts.items()]],
            "models": list(self.models),
            "seed": self.seed,
            "parameters": self.parameters.as_json(),
            "rows": self._digest_of_rows,
            "seeds": [one.id for one in self.seeds],
            "shown": self.shown,
        }
        return "sha256:" + hashlib.sha256(b"assay.generation.v1\n" + canonical_json(told)).hexdigest()

    def named(self, cell: Cell) -> dict[str, str]:
        """The values of a cell under their names."""
        return dict(zip(self.quotas.fields, cell, strict=True))

    def candidate(self, cell: Cell, number: int) -> Candidate:
        """The `number`-th candidate of a cell. Raises UsageError for a prompt that cannot be."""
        draws = Draws(self.seed, list(cell), number)
        own, turn = self._turn(cell, number)
        row = self._row(cell, number)
        shown = [self.seeds[at] for at in draws.some(len(self.seeds), self._shown, "seeds")]
        values = {**row.values, **self.named(cell), **demonstrated(self.template, shown)}
        for name in self._free:
            if name not in values:
                values[name] = draws.one(self.template.variables[name].values, "value", name)
        return Candidate(
            cell,
            number,
            values,
            row.fields,
            own,
            self.parameters.of(turn, draws),
            tuple(one.id for one in shown),
            1 + max((one.depth for one in shown), default=0),
        )

    @cached_property
    def _free(self) -> list[str]:
        """The variables that are not seeds."""
        return [name for name in self.template.variables if name not in self.template.seed_variables]

    @property
    def _shown(self) -> int:
        return self.shown if SEEDS in self.template.variables else 1

    def _turn(self, cell: Cell, number: int) -> tuple[str, Mapping[str, Any]]:
        """Model and swept parameters: of so many candidates of a cell as there are, each has another, in an order that
        is drawn anew each time (else they would go in step with the rows of a file)."""
        turns = self._turns
        block, at = divmod(number, len(turns))
        order = Draws(self.seed, list(cell), "turn", block).some(len(turns), len(turns))
        return turns[order[at]]

    @cached_property
    def _turns(self) -> list[tuple[str, Mapping[str, Any]]]:
        return [(model, turn) for model in self.models for turn in self.parameters.turns]

    def _row(self, cell: Cell, number: int) -> Row:
        """The rows of a cell in turn, in an order and from a beginning that are drawn."""
        if not self.rows:
            return Row({})
        of_cell = self._rows_of(cell)
        begin = Draws(self.seed, list(cell), "rows").below(len(of_cell))
        return self.rows[of_cell[(begin + number) % len(of_cell)]]

    def _rows_of(self, cell: Cell) -> Sequence[int]:
        """The rows that a cell can have: those with its values, where the file has them."""
        named = self.named(cell)
        return self._by_values.get(tuple(named[name] for name in self._told_by_rows), ())

    @cached_property
    def _told_by_rows(self) -> list[str]:
        """The fields of the quotas that the file says itself."""
        return [name for name in self.quotas.fields if self.rows and name in self.rows[0].values]

    @cached_property
    def _by_values(self) -> dict[Cell, list[int]]:
        found: dict[Cell, list[int]] = {}
        for at in Draws(self.seed, "rows").some(len(self.rows), len(self.rows)):
            values = self.rows[at].values
            found.setdefault(tuple(values[name] for name in self._told_by_rows), []).append(at)
        return found

    @property
    def _digest_of_rows(self) -> str:
        digest = hashlib.sha256()
        for row in self.rows:
            digest.update(canonical_json([dict(row.values), dict(row.fields)]) + b"\n")
        return digest.hexdigest()


def demonstrated(template: Template, shown: Sequence[Seed]) -> dict[str, str]:
    """The seed variables of a template: `seeds` as numbered demonstrations (as in Self-Instruct, Wang et al. 2023), and
    the two texts of the first."""
    if not shown:
        return {}
    told = {
        SEEDS: "\n\n".join(
            f"Example {number}\nInput: {one.input.strip()}\nOutput: {one.output.strip()}"
            for number, one in enumerate(shown, 1)
        ),
        "seed_input": shown[0].input,
        "seed_output": shown[0].output,
    }
    return {name: told[name][:LONGEST_VALUE] for name in template.seed_variables}
