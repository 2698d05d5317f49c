"""The log's chain, read file by file: where it breaks first, and what was done there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from assay.govern.proofs.merkle import Frontier, leaf_hash
from assay.govern.proofs.spelling import parse_entry

_LOG_NAME = re.compile(r"log/([0-9]{8,15})\.json")


def log_name(seq: int) -> str:
    """The file of entry `seq`: "log/00000001.json"."""
    return f"log/{seq:08d}.json"


def log_number(name: str) -> int | None:
    """The entry that a file's name stands for, or None."""
    found = _LOG_NAME.fullmatch(name)
    seq = int(found[1]) if found else 0
    return seq if seq and log_name(seq) == name else None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    `kind`: bit_flip, deletion, insertion, reordering, rewrite, truncation, restored_copy, fork; or origin, signature,
    checkpoint, proof, manifest, registry, key for what lies around the log. `seq`: the first bad entry, None when it is
    not about an entry. `file`: where.
    """

    kind: str
    seq: int | None
    file: str
    message: str

    def as_json(self) -> dict[str, object]:
        return {"kind": self.kind, "entry": self.seq, "file": self.file, "message": self.message}


@dataclass(frozen=True, slots=True)
class Link:
    """What the chain needs of the file with number `place`: its digest, and what the entry in it says it is."""

    place: int
    digest: str
    seq: int
    prev: str | None
    fault: str = ""


@dataclass
class Chain:
    """A log that was read. `sound`: how many entries from the first on are beyond doubt for one another.

    `roots`: Merkle roots (of sizes up to `sound`) that were asked for, and that of `sound`. `last`: the highest number
    of a file. `reach`: the highest number that a file has or an entry says.
    """

    sound: int = 0
    last: int = 0
    reach: int = 0
    roots: dict[int, bytes] = field(default_factory=dict)
    damage: Finding | None = None


def read_link(place: int, data: bytes) -> Link:
    """What file number `place` holds."""
    digest = hashlib.sha256(data).hexdigest()
    try:
        value = parse_entry(data)
    except ValueError as error:
        return Link(place, digest, 0, None, str(error) or "not JSON")
    return Link(place, digest, value["seq"], value["prev"])


def read_chain(places: Collection[int], read: Callable[[int], bytes], sizes: Collection[int]) -> Chain:
    """Read the files with numbers `places` and name the first damage; note the roots of the given sizes.

    `read` may raise ValueError for a file that cannot be read. Memory: some 300 bytes an entry.
    """
    chain = Chain(last=max(places, default=0))
    links: dict[int, Link] = {}
    frontier, noted = Frontier(), {0: Frontier().root()}
    prev: str | None = None
    for place in sorted(places):
        try:
            data = read(place)
        except ValueError as error:
            links[place] = Link(place, "", 0, None, str(error))
            continue
        link = links[place] = read_link(place, data)
        if frontier.size == place - 1 and not link.fault and (link.seq, link.prev) == (place, prev):
            frontier.append(leaf_hash(data))
            prev = link.digest
            if place in sizes:
                noted[place] = frontier.root()
    chain.reach = max([chain.last, *(link.seq for link in links.values())])
    chain.sound = frontier.size
    if frontier.size < chain.last:
        chain.damage = _name_damage(links, frontier.size + 1)
        chain.sound = min(frontier.size, (chain.damage.seq or 1) - 1)
    noted.setdefault(frontier.size, frontier.root())
    chain.roots = {size: root for size, root in noted.items() if size <= chain.sound}
    return chain


def _name_damage(links: Mapping[int, Link], place: int) -> Finding:
    """What was done at `place`, the first file that does not continue the chain."""
    link = links.get(place)
    prev = links[place - 1].digest if place > 1 else None
    rest = [links[k] for k in sorted(links) if k >= place]
    true = next((one for one in rest if not one.fault and (one.seq, one.prev) == (place, prev)), None)
    if true is not None and (link is None or _is_shuffle(rest, place)):
        said = f"entry {place} lies in {log_name(true.place)}: entries changed places"
        return _found("reordering", place, said)
    if true is not None:
        where = (
            f"{log_name(place)} to {log_name(true.place - 1)}" if true.place > place + 1 else log_name(place)
        )
        return _found(
            "insertion", place, f"{where} was put in; the true entry {place} lies in {true.place:08d}.json"
        )
    if link is None:
        return _found("deletion", place, f"{log_name(place)} is missing, and later entries are there")
    if link.fault:
        return _found("bit_flip", place, f"the bytes of entry {place} were changed: {link.fault}")
    return _name_misfit(links, place, link)


def _name_misfit(links: Mapping[int, Link], place: int, link: Link) -> Finding:
    """`link` is whole, does not follow the entry before it, and no other file does."""
    earlier = {links[k].digest: k for k in range(1, place)}
    if link.digest in earlier:
        return _found("insertion", place, f"{log_name(place)} is a copy of entry {earlier[link.digest]}")
    after = 0 if link.prev is None else earlier.get(link.prev)
    if after is not None and link.seq == after + 1 and after < place - 1:
        said = f"entry {link.seq} is there twice: what is in {log_name(after + 1)} was put in before the true one"
        return _found("insertion", after + 1, said)
    if link.seq > place:
        missing = f"entries {place} to {link.seq - 1} are" if link.seq > place + 1 else f"entry {place} is"
        return _found("deletion", place, f"{missing} missing: {log_name(place)} holds entry {link.seq}")
    if link.seq < place:
        return _found(
            "insertion", place, f"{log_name(place)} holds a foreign entry that says it is {link.seq}"
        )
    if place == 1:
        return _found("rewrite", 1, "the first entry names one before it: it is not this log's first")
    said = f"entry {place} does not follow entry {place - 1}: one of the two was rewritten and sealed anew"
    return _found("rewrite", place - 1, said)


def _is_shuffle(rest: list[Link], place: int) -> bool:
    """Whether these files hold entries of this log only, each once, in another order (some may be missing)."""
    seqs = [link.seq for link in rest]
    if any(link.fault for link in rest) or len(set(seqs)) < len(seqs) or min(seqs) < place:
        return False
    return sorted(seqs) == list(range(place, place + len(seqs))) or rest[0].prev in {
        one.digest for one in rest
    }


def _found(kind: str, seq: int, message: str) -> Finding:
    return Finding(kind, seq, log_name(seq), message)
