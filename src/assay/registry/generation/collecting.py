"""Collecting what an agent writes while it writes it: every record with its provenance, and none of them lost."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

from assay.errors import AssayError, StorageFailure, UsageError
from assay.model.provenance import ORIGINS
from assay.model.recipe import Recipe
from assay.registry.curating.curation import Request, run_curation
from assay.registry.curating.recipes import load_plan
from assay.registry.curating.spooled_records import depth_of, extra_fields, record_line, stated, turns_of
from assay.registry.timing import spell_time
from assay.store.heads import MAIN

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.results import CurationResult


class Recorder:
    """Takes what a generator wrote, record by record, each with its provenance; `_write` keeps a record's line of JSON.

    `generator`, `params`, `prompt_template`, `origin` and `licence` hold for every record that says nothing else.
    """

    def __init__(
        self,
        registry: Registry,
        generator: str,
        *,
        params: Mapping[str, Any] | None = None,
        prompt_template: str | None = None,
        origin: str = "synthetic",
        licence: str | None = None,
    ) -> None:
        registry.check_writable()
        if not generator:
            raise UsageError("a collection names its generator", "such as generator='provider/model'")
        if origin not in ORIGINS:
            raise UsageError(f"origin {origin!r} is not known", f"one of: {', '.join(ORIGINS)}")
        self._registry = registry
        self._stated = {
            "generator": generator,
            "generation_params": dict(params) if params else None,
            "prompt_template": prompt_template,
            "origin": origin,
            "licence": licence,
        }
        self._lock = Lock()
        self.added = 0

    def add(  # noqa: PLR0913 - the provenance of a record, by keyword
        self,
        prompt: str | Sequence[Mapping[str, Any]],
        output: str | None = None,
        *,
        generator: str | None = None,
        params: Mapping[str, Any] | None = None,
        prompt_template: str | None = None,
        request_id: str | None = None,
        tokens: int | Mapping[str, int] | None = None,
        price: float | None = None,
        created: str | datetime | None = None,
        derived_from: Sequence[str] = (),
        depth: int | None = None,
        origin: str | None = None,
        key: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep one record: a prompt and its output, or the messages of a conversation (with `output`: its last answer).

        `price`: of the call, in the currency of your price table. `created`: now, if it is not said. `derived_from`:
        ids of examples; `depth` is then one more than the deepest of them that the registry knows, and otherwise 1,
        or 0 by human hand. `fields`: whatever else is known. Raises UsageError for what cannot be a record, having kept
        nothing of it; StorageFailure when the disk does not take it.
        """
        who = origin or str(self._stated["origin"])
        said = created if created is not None else self._registry.clock()
        own = {
            "generator": generator,
            "generation_params": dict(params) if params else None,
            "prompt_template": prompt_template,
            "origin": origin,
            "request_id": request_id,
            "tokens": dict(tokens) if isinstance(tokens, Mapping) else tokens,
            "price": price,
            "created": spell_time(said) if isinstance(said, datetime) else said,
            "derived_from": sorted(set(derived_from)) or None,
            "id": key,
            "tools": [dict(tool) for tool in tools] if tools else None,
        }
        told = {name: value for name, value in {**self._stated, **stated(own)}.items() if value is not None}
        extra = extra_fields(fields, price)
        with self._lock:
            self._check_open()
            told["depth"] = depth if depth is not None else self._depth(derived_from, who)
            self._write(record_line({"messages": turns_of(prompt, output), **told, **extra}, told))
            self.added += 1

    def _check_open(self) -> None:
        """Raises UsageError when no records are taken any more."""

    def _write(self, line: bytes) -> None:
        """Keep a line, all of it or nothing."""
        raise NotImplementedError

    def _depth(self, parents: Sequence[str], origin: str) -> int:
        depths = [0 if origin == "human" else 1]
        for parent in parents:
            try:
                known = self._registry.example(parent).provenance
            except UsageError:  # not known here, or no id at all: what is written down is checked below
                continue
            depths.append(1 + depth_of(known))
        return max(depths)


class Lines(Recorder):
    """Records as lines of JSON, for who keeps them himself: `land` takes them in."""

    def __init__(self, registry: Registry, generator: str, **stated: Any) -> None:
        super().__init__(registry, generator, **stated)
        self.lines: list[bytes] = []

    def _write(self, line: bytes) -> None:
        self.lines.append(line)


class Collector(Recorder):
    """`with registry.collect("reviews", generator="lab/m") as c: c.add(prompt, output)`: one version on leaving.

    `generator`, `params`, `prompt_template`, `origin` and `licence` hold for every record that says nothing else.
    `recipe`: what curates the records (default: `import`, which keeps all). `add`: to the newest version (default: if
    there is one). Records lie in a spool file in the registry's `tmp` from the moment they are added. On an exception,
    in the block or in the curation, no version is made, the file stays, and a note on the exception says where it is.
    `add` may be called from many threads. `result` is the curation's result after leaving, None without records.
    """

    def __init__(  # noqa: PLR0913 - the options of a collection, by keyword
        self,
        registry: Registry,
        name: str,
        generator: str,
        *,
        params: Mapping[str, Any] | None = None,
        prompt_template: str | None = None,
        origin: str = "synthetic",
        licence: str | None = None,
        recipe: str | Recipe = "import",
        add: bool | None = None,
        branch: str = MAIN,
        message: str = "",
    ) -> None:
        super().__init__(
            registry,
            generator,
            params=params,
            prompt_template=prompt_template,
            origin=origin,
            licence=licence,
        )
        self._name = name
        self._plan = load_plan(recipe)
        self._add, self._branch, self._message = add, branch, message
        self._file: int | None = None
        self._size = 0
        self.source = ""
        """The name under which the ledger knows the records."""
        self.path: Path | None = None
        """The spool file, while there is one."""
        self.result: CurationResult | None = None

    def __enter__(self) -> Self:
        if self.path is not None or self.result is not None:
            raise UsageError("a collector is entered once", "ask `registry.collect` for another one")
        time = spell_time(self._registry.clock()).translate({ord(mark): None for mark in "-:."})
        self.source = f"collected-{time}-{self._registry.entropy(6).hex()}.jsonl"
        folder = self._registry.scratch_root() or Path(tempfile.gettempdir())
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / self.source
        try:
            self._file = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except OSError as error:
            raise StorageFailure(f"{self.path} cannot be made: {error.strerror}", "check the disk") from None
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        with self._lock:
            self._close()
        if error is not None:
            self._say(error)
            return
        if self.added:
            try:
                self.result = self._curate()
            except BaseException as failed:
                self._say(failed)
                raise
        if self.result is None or not self.result.malformed:
            self._drop()

    def _curate(self) -> CurationResult:
        head = self._registry.head_of(self._name, self._branch)
        request = Request(
            self._name,
            [str(self.path)],
            self._plan,
            add=head is not None if self._add is None else self._add,
            message=self._message,
            shape="messages",
            container="jsonl",
            branch=self._branch,
            uris={str(self.path): self.source},
        )
        return run_curation(self._registry, request, None)

    def _check_open(self) -> None:
        if self._file is None:
            raise UsageError("the collection is closed", "add records inside its `with` block")

    def _write(self, line: bytes) -> None:
        assert self._file is not None
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
            raise StorageFailure(
                f"{self.path} cannot be written: {error.strerror}", "make room and add the record again"
            ) from None
        self._size += len(line)

    def _close(self) -> None:
        if self._file is not None:
            os.fsync(self._file)
            os.close(self._file)
            self._file = None

    def _say(self, error: BaseException) -> None:
        """Tell whoever catches the exception where the records are."""
        if not self.added:
            self._drop()
            return
        add = ""
        with suppress(AssayError):  # whatever it is must not hide where the records are
            add = " --add" if self._registry.head_of(self._name, self._branch) is not None else ""
        error.add_note(
            f"{self.added} collected records are kept in {self.path}; "
            f"`assay import {self._name} {self.path}{add}` takes them in"
        )

    def _drop(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            self.path = None
