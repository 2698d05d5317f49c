"""The Merkle tree: the reference vectors of Certificate Transparency, and the recursion of RFC 6962 itself."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.govern.proofs.merkle import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
)
from assay.govern.proofs.tree import Tree

# google/certificate-transparency, merkletree/merkle_verifier_test: inputs, roots of the first 1 … 8, proofs.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSIONS = [  # leaf from 0, size, path
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCIES = [  # first, second, path
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def test_hashes_of_the_reference():
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    leaf = leaf_hash(bytes(range(16, 32)))
    assert leaf.hex() == "3bfb960453ebaebf33727da7a1f4db38acc051d381b6da20d6d4e88f0eabfd7a"
    node = node_hash(bytes(range(32)), bytes(range(32, 64)))
    assert node.hex() == "1a378704c17da31e2d05b6d121c2bb2c7d76f6ee6fa8f983e596c2d034963c57"


def test_roots_of_the_reference():
    tree, frontier = Tree(), Frontier()
    for size, (data, root) in enumerate(zip(LEAVES, ROOTS, strict=True), 1):
        tree.append(data)
        frontier.append(leaf_hash(data))
        assert tree.root().hex() == frontier.root().hex() == root
        assert tree.root(size).hex() == root
    assert [Tree(LEAVES).root(size).hex() for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize(("index", "size", "path"), INCLUSIONS)
def test_inclusion_proofs_of_the_reference(index, size, path):
    assert [part.hex() for part in Tree(LEAVES).inclusion(index, size)] == path
    parts, root = [bytes.fromhex(part) for part in path], bytes.fromhex(ROOTS[size - 1])
    assert check_inclusion(index, size, leaf_hash(LEAVES[index]), parts, root)


@pytest.mark.parametrize(("first", "second", "path"), CONSISTENCIES)
def test_consistency_proofs_of_the_reference(first, second, path):
    assert [part.hex() for part in Tree(LEAVES).consistency(first, second)] == path
    old, new = bytes.fromhex(ROOTS[first - 1]), bytes.fromhex(ROOTS[second - 1])
    assert check_consistency(first, second, old, new, [bytes.fromhex(part) for part in path])


def test_every_proof_of_every_small_tree():
    data = [bytes([n]) for n in range(34)]
    tree = Tree(data)
    for size in range(35):
        root = mth(data[:size])
        assert tree.root(size) == root
        for index in range(size):
            path = tree.inclusion(index, size)
            assert check_inclusion(index, size, leaf_hash(data[index]), path, root)
            assert not check_inclusion(index, size, leaf_hash(b"other"), path, root)
            assert not check_inclusion(index, size, leaf_hash(data[index]), [*path, root], root)
            assert not check_inclusion(index, size, leaf_hash(data[index]), path[:-1], root) or not path
        for first in range(size + 1):
            path = tree.consistency(first, size)
            assert check_consistency(first, size, mth(data[:first]), root, path)
            assert not check_consistency(first, size, mth(data[:first]), root, [*path, root])
            if path:
                assert not check_consistency(first, size, mth(data[:first]), root, path[:-1])
            if first > 0:
                assert not check_consistency(first, size, mth([*data[: first - 1], b"other"]), root, path)


@settings(max_examples=60)
@given(st.data(), st.integers(2, 300))
def test_a_proof_bent_anywhere_fails(data, size):
    tree = Tree(n.to_bytes(2, "big") for n in range(size))
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size - 1))
    root, old = tree.root(), tree.root(first)
    for path, check in (
        (tree.inclusion(index), lambda p: check_inclusion(index, size, tree.leaf(index), p, root)),
        (tree.consistency(first), lambda p: check_consistency(first, size, old, root, p)),
    ):
        assert check(path)
        at, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
        bent = bytearray(path[at])
        bent[bit // 8] ^= 1 << bit % 8
        assert not check([*path[:at], bytes(bent), *path[at + 1 :]])
    elsewhere = data.draw(st.integers(0, size - 1).filter(lambda n: n != index))
    assert not check_inclusion(elsewhere, size, tree.leaf(index), tree.inclusion(index), root)


def test_what_no_tree_has_is_refused():
    tree = Tree(LEAVES)
    for bad in (
        lambda: tree.root(9), lambda: tree.root(-1), lambda: tree.leaf(8), lambda: tree.inclusion(8),
        lambda: tree.inclusion(3, 3), lambda: tree.inclusion(-1), lambda: tree.consistency(5, 4),
        lambda: tree.consistency(1, 9),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"leaves|leaf"):
            bad()
    assert not check_inclusion(-1, 8, tree.leaf(0), [], tree.root())
    assert not check_inclusion(0, 1, tree.leaf(0)[:31], [], tree.leaf(0)[:31])
    assert not check_consistency(2, 1, tree.root(2), tree.root(1), [])
    assert not check_consistency(0, 0, EMPTY_ROOT, tree.root(1), [])
    assert not check_consistency(0, 3, tree.root(1), tree.root(3), [])
