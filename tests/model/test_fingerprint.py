"""The fingerprint is the set, nothing else; its proofs cannot be forged."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assay.model.fingerprint import Proof, fingerprint, prove, split_digest, version_digest

# Few distinct bytes make long common prefixes: deep tries, which random ids never have.
ids = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.lists(st.sampled_from([0, 1, 0x10, 0xFF]), min_size=32, max_size=32).map(bytes),
    st.integers(0, 400).map(lambda n: bytes(30) + n.to_bytes(2, "big")),
    st.integers(0, 400).map(lambda n: hashlib.sha256(str(n).encode()).digest()),
)
id_sets = st.sets(ids, max_size=120)
modest = settings(deadline=None, max_examples=60)


def reference(members: set[bytes], depth: int = 0) -> bytes:
    """The definition, word by word."""
    if len(members) <= 16:
        return hashlib.sha256(b"\x00" + b"".join(sorted(members))).digest()
    children = [reference({i for i in members if int(i.hex()[depth], 16) == k}, depth + 1) for k in range(16)]
    return hashlib.sha256(b"\x01" + b"".join(children)).digest()


@given(id_sets)
@modest
def test_it_is_what_the_definition_says(members: set[bytes]) -> None:
    expected = hashlib.sha256(b"\x02" + len(members).to_bytes(8, "big") + reference(members)).digest()
    assert split_digest(sorted(members)) == expected


@given(id_sets, ids)
@modest
def test_another_set_has_another_digest(members: set[bytes], other: bytes) -> None:
    assert split_digest(sorted(members)) != split_digest(sorted(members ^ {other}))


@given(st.dictionaries(st.sampled_from(["train", "test", "验证"]), id_sets, min_size=1))
@modest
def test_splits_count_by_name_and_empty_ones_do_not(splits: dict[str, set[bytes]]) -> None:
    ordered = {name: sorted(members) for name, members in splits.items()}
    backwards = dict(reversed(list(ordered.items())))
    assert fingerprint(ordered) == fingerprint(backwards) == fingerprint(ordered | {"empty": []})
    if splits.get("train", set()) != splits.get("test", set()):
        swapped = ordered | {"train": ordered.get("test", []), "test": ordered.get("train", [])}
        assert fingerprint(swapped) != fingerprint(ordered)


def test_the_name_of_a_split_cannot_run_into_its_digest() -> None:
    digest = b"b" * 32
    assert version_digest({"a": digest}) != version_digest({"ab": digest})
    assert version_digest({"a": digest, "b": digest}) != version_digest({"b": digest})


@given(id_sets, ids, st.data())
@modest
def test_presence_and_absence_are_proved(members: set[bytes], other: bytes, data: st.DataObject) -> None:
    listed = sorted(members)
    digest = split_digest(listed)
    wanted = data.draw(st.sampled_from([*listed, other]))
    proof = prove(listed, wanted)
    assert proof.present == (wanted in members)
    assert proof.holds(digest)
    assert not replace(proof, present=not proof.present).holds(digest)


@given(id_sets, ids, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=150)
def test_a_proof_cannot_be_forged(members: set[bytes], other: bytes, rng: random.Random) -> None:
    """Whatever fields are altered: a proof that holds says the truth."""
    listed = sorted(members)
    digest = split_digest(listed)
    proof = prove(listed, rng.choice([*listed, other]))
    for _ in range(12):
        forged = alter(proof, listed, other, rng)
        if forged.holds(digest):
            assert forged.present == (forged.id in members)
            assert forged.count == len(members)


def alter(proof: Proof, listed: list[bytes], other: bytes, rng: random.Random) -> Proof:
    bucket, siblings = list(proof.bucket), [list(level) for level in proof.siblings]
    match rng.randrange(10):
        case 0:
            return replace(proof, present=not proof.present)
        case 1:
            return replace(proof, id=other, present=rng.random() < 0.5)
        case 2:
            return replace(proof, count=max(0, proof.count + rng.choice([-1, 1, 2**40])))
        case 3 if bucket:
            return replace(proof, bucket=tuple(bucket[:-1]), present=proof.id in bucket[:-1])
        case 4:
            return replace(
                proof, bucket=tuple(sorted([*bucket, other])), present=proof.id in [*bucket, other]
            )
        case 5 if bucket:  # the same bytes, cut elsewhere
            joined, cut = b"".join(bucket), rng.choice([1, 16, 31, 33, 64])
            pieces = tuple(joined[i : i + cut] for i in range(0, len(joined), cut))
            return replace(proof, bucket=pieces, present=proof.id in pieces)
        case 6 if siblings:  # pass an inner node off as the leaf, or leave out a level
            return replace(proof, siblings=tuple(map(tuple, siblings[:-1])))
        case 7 if siblings:
            level = rng.choice(siblings)
            level[rng.randrange(16)] = hashlib.sha256(b"\x00").digest()
            return replace(proof, siblings=tuple(map(tuple, siblings)))
        case 8 if siblings:
            return replace(proof, bucket=tuple(siblings[-1][:16]), siblings=tuple(map(tuple, siblings[:-1])))
        case 9 if siblings:  # the empty bucket of a sibling's place
            return replace(proof, bucket=(), present=False)
    return replace(proof, id=rng.choice([*listed, other]))


@given(st.sets(ids, min_size=17, max_size=60))
@modest
def test_malformed_proofs_do_not_hold_and_do_not_raise(members: set[bytes]) -> None:
    listed = sorted(members)
    digest = split_digest(listed)
    proof = prove(listed, listed[0])
    assume(proof.siblings)
    for bad in (
        replace(proof, id=b""),
        replace(proof, id=listed[0] + b"\x00"),
        replace(proof, count=-1),
        replace(proof, count=2**70),
        replace(proof, siblings=proof.siblings * 40),
        replace(proof, siblings=(proof.siblings[0][:-1], *proof.siblings[1:])),
        replace(proof, siblings=((*proof.siblings[0][:-1], b"short"), *proof.siblings[1:])),
        replace(proof, bucket=(*proof.bucket, b"")),
        replace(proof, bucket=tuple(reversed(proof.bucket)) if len(proof.bucket) > 1 else ()),
    ):
        assert not bad.holds(digest)


def test_a_frozen_vector() -> None:
    """The worked example of docs/format.md."""
    members = sorted(hashlib.sha256(str(n).encode()).digest() for n in range(20))
    assert split_digest(members[:3]).hex() == VECTOR_3
    assert split_digest(members).hex() == VECTOR_20
    assert fingerprint({"train": members, "test": members[:3]}) == VECTOR


VECTOR_3 = "a383fdcbb21709eef70c063f86f31eb54112b57f760e7e8c5a2682ea24976d5c"
VECTOR_20 = "861c8f07200ae7ca86def2eb42cf2deab4c90c1127aa44c73cf21b84b9532e69"
VECTOR = "sha256:da4087747a7f40937c2a5c5dbd854a11054bc584c82f181bdf764be5eb56dcb7"
