"""The part of verify that recomputes versions: counts, order, exclusions, changes, fingerprints."""

from __future__ import annotations

from collections.abc import Callable

from assay.errors import AssayError, Damaged
from assay.kernels.ids import IdArray, concat, duplicates, id_list, ids_of, is_increasing, order
from assay.model.fingerprint import split_digest, version_digest
from assay.model.version import Manifest, Part, SegmentRef
from assay.store.change import change_between, read_change
from assay.store.erased import Erased
from assay.store.heads import Committed
from assay.store.log import log_key
from assay.store.members import live_rows
from assay.store.objects import Objects, object_key
from assay.store.segments import check_rows, read_groups

Add = Callable[[str, str, str], None]


class Versions:
    """Checks versions one after the other; a segment's rows and a split's digest are computed once."""

    def __init__(self, objects: Objects, sound: set[str], add: Add, gone: Erased) -> None:
        self._objects, self._sound, self._add, self._gone = objects, sound, add, gone
        self._ids: dict[SegmentRef, IdArray | None] = {}
        self._digests: dict[tuple[Part, ...], bytes] = {}

    @property
    def read(self) -> set[str]:
        """Names of the segments that were read, every page of them."""
        return {self._gone.stands_in.get(ref.object) or ref.object for ref in self._ids}

    def check(self, committed: Committed, before: Manifest | None) -> Manifest | None:
        """Report what is wrong with one version; its manifest when that can be read."""
        key = object_key(committed.manifest)
        try:
            manifest = self._objects.manifest(committed.manifest)
        except AssayError as error:
            self._add("manifest", key, error.message)
            return None
        entry = committed.operation
        if (manifest.dataset, manifest.number) != (entry.dataset, committed.number):
            self._add("manifest", key, f"{key} is {manifest.ref}, not {entry.dataset}@v{committed.number}")
        stated = entry.body.get("fingerprint"), entry.body.get("counts")
        if stated != (manifest.fingerprint, dict(manifest.counts)):
            self._add("manifest", log_key(entry.seq), "fingerprint or counts are not those of the manifest")
        if before is not None and (not self._descends(manifest, before) or manifest.change is None):
            self._add("manifest", key, f"{manifest.ref} does not name {before.ref} and its change")
        members = self._members(manifest, key)
        if members is not None:
            self._content(manifest, members, key)
            self._change(manifest, before, members, key)
        return manifest

    def _descends(self, manifest: Manifest, before: Manifest) -> bool:
        """Whether a version names the one before it, by any of the manifests that were read for that."""
        for name in manifest.parents:
            if name == before.name or (name in self._sound and self._objects.manifest(name).is_same(before)):
                return True
        return False

    def _members(self, manifest: Manifest, key: str) -> dict[str, IdArray] | None:
        out: dict[str, IdArray] = {}
        for split, parts in manifest.splits.items():
            found = []
            for part in parts:
                ids = self._segment(part.segment)
                if ids is None:
                    return None
                try:
                    found.append(ids[live_rows(part)])
                except (Damaged, IndexError) as error:
                    self._add("manifest", key, str(error))
                    return None
            joined = concat(found)
            out[split] = joined[order(joined)]
        return out

    def _segment(self, ref: SegmentRef) -> IdArray | None:
        """The ids of a segment after checking all its rows; None when it is damaged (reported once)."""
        if ref not in self._ids:
            now = self._gone.stands_in.get(ref.object, ref.object)
            self._ids[ref] = self._read(ref) if now in self._sound else None
        return self._ids[ref]

    def _read(self, ref: SegmentRef) -> IdArray | None:
        key = object_key(ref.object)
        found = []
        try:
            for table in read_groups(self._objects, ref):
                check_rows(table, key, self._gone.ids)
                found.append(ids_of(table["id"]))
        except AssayError as error:
            self._add("row", key, error.message)
            return None
        ids = concat(found)
        # A segment that stands in for another has its rows and ids, and a size of its own.
        gone = ref.object in self._gone.stands_in
        size = ref.bytes if gone else self._objects.buffer(ref.object).size
        if not is_increasing(ids):
            self._add("row", key, f"the ids of {key} are not sorted, or not distinct")
        elif not len(ids) or (len(ids), size, bytes(ids[0]).hex(), bytes(ids[-1]).hex()) != (
            ref.rows, ref.bytes, ref.min_id, ref.max_id,
        ):  # fmt: skip
            self._add("row", key, f"rows, size or bounds of {key} are not what a manifest says")
        else:
            return ids
        return None

    def _content(self, manifest: Manifest, members: dict[str, IdArray], key: str) -> None:
        together = concat(list(members.values()))
        twice = duplicates(together[order(together)])
        if len(twice):
            self._add("duplicate", key, f"{manifest.ref} holds example {bytes(twice[0]).hex()} twice")
        counts = {split: len(ids) for split, ids in members.items()}
        if counts != dict(manifest.counts):
            self._add("manifest", key, f"{manifest.ref} has {counts} examples; it states {manifest.counts}")
        digests = {}
        for split, ids in members.items():
            parts = manifest.splits[split]
            if parts not in self._digests:
                self._digests[parts] = split_digest(id_list(ids))
            if len(ids):
                digests[split] = self._digests[parts]
        if version_digest(digests) != manifest.fingerprint:
            self._add("fingerprint", key, f"the fingerprint of {manifest.ref} is not that of its examples")

    def _change(
        self, manifest: Manifest, before: Manifest | None, members: dict[str, IdArray], key: str
    ) -> None:
        if manifest.change is None or before is None or manifest.change not in self._sound:
            return
        earlier = self._members(before, object_key(before.name))
        if earlier is None:
            return
        try:
            stated = read_change(self._objects, manifest.change)
        except AssayError as error:
            self._add("change", object_key(manifest.change), error.message)
            return
        links = [(c.old_id, c.id) for c in stated.edited if c.old_id is not None]
        if change_between(earlier, members, links) != stated:
            self._add(
                "change", object_key(manifest.change), f"not what {manifest.ref} changed of {before.ref}"
            )
