"""What an evidence pack says of the log: entries with their proofs, the checkpoint, and the signed list of files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from assay.govern.proofs.chain import log_name
from assay.govern.proofs.evidence_check import (
    CHECKPOINT,
    KEY,
    MANIFEST_HEAD,
    consistency_name,
    inclusion_name,
)
from assay.govern.proofs.files import is_plain
from assay.govern.proofs.note import Checkpoint, Key, Note
from assay.govern.proofs.signing import SigningKey
from assay.govern.proofs.tree import Tree
from assay.model.canonical import canonical_json


def inclusion(tree: Tree, origin: str, seq: int, size: int) -> dict[str, Any]:
    """The proof that entry `seq` is among the first `size`. Raises ValueError when it is not."""
    path = tree.inclusion(seq - 1, size)
    return {
        "kind": "inclusion", "origin": origin, "seq": seq, "size": size, "leaf": tree.leaf(seq - 1).hex(),
        "path": [part.hex() for part in path], "root": tree.root(size).hex(),
    }  # fmt: skip


def consistency(tree: Tree, origin: str, first: int, second: int) -> dict[str, Any]:
    """The proof that the log of `first` entries became that of `second`. Raises ValueError when it cannot be."""
    path = tree.consistency(first, second)
    return {
        "kind": "consistency", "origin": origin, "from": first, "to": second, "from_root": tree.root(first).hex(),
        "to_root": tree.root(second).hex(), "path": [part.hex() for part in path],
    }  # fmt: skip


def pack_files(
    entries: Sequence[bytes],
    head: Checkpoint,
    wanted: Collection[int] | None,
    earlier: Iterable[tuple[str, Checkpoint]],
    key: Key | None,
) -> dict[str, bytes]:
    """Path → bytes of what a pack holds of the log, without its manifest.

    `entries`: the log's, at least `head.size` of them. `wanted`: the numbers to put in, with proofs; None: the whole
    log, which needs none. `earlier`: the pack's other checkpoints and their paths, none later than `head`. Raises
    ValueError for a number that the log has not.
    """
    tree = Tree(entries[: head.size])
    found = {CHECKPOINT: head.note.as_bytes()}
    if key is not None:
        found[KEY] = f"{key}\n".encode()
    for seq in sorted(set(range(1, head.size + 1) if wanted is None else wanted)):
        if wanted is not None:
            found[inclusion_name(seq)] = canonical_json(inclusion(tree, head.origin, seq, head.size))
        found[log_name(seq)] = entries[seq - 1]
    for name, one in earlier:
        found[name] = one.note.as_bytes()
        if wanted is not None and one.size != head.size:
            proof = consistency(tree, head.origin, one.size, head.size)
            found[consistency_name(one.size, head.size)] = canonical_json(proof)
    return found


def manifest(digests: Mapping[str, str], signer: SigningKey | None = None) -> bytes:
    """The file `manifest` of a pack: path → SHA-256 (hex) of every other file, as a note, signed if there is a key.

    Raises ValueError for a path that is not plain ASCII (letters, digits, `._-` and slashes).
    """
    for path in digests:
        if not is_plain(path):
            raise ValueError(f"{path!r} cannot be a path in an evidence pack")
    lines = [f"{digests[path]}  {path}\n" for path in sorted(digests)]
    note = Note(f"{MANIFEST_HEAD}\n{''.join(lines)}")
    return (signer.sign(note) if signer else note).as_bytes()
