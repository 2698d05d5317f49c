"""Whatever lies in a registry or a pack, the checks answer; they never raise and never pass what is not there."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.govern.proofs import extract
from assay.govern.proofs.chain import log_name
from assay.govern.proofs.evidence_check import check_evidence, consistency_name
from assay.govern.proofs.note import Checkpoint
from assay.govern.proofs.registry_check import check_registry, stored_name
from assay.govern.proofs.tree import Tree
from assay.govern.proofs.verifier import as_text
from assay.model.canonical import canonical_json
from tests.govern.logs import ORIGIN, Memory, chained
from tests.govern.test_evidence import Pack, sealed

LOG = chained(5)
HEAD = Checkpoint.of(ORIGIN, 5, Tree(LOG).root())
PACK = extract.pack_files(
    LOG, HEAD, [2, 4], [("checkpoints/a", Checkpoint.of(ORIGIN, 3, Tree(LOG).root(3)))], None
)

JUNK = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"[" * 100_000, b"{" * 9_000, b'{"id":' + b"9" * 5_000 + b"}", b"\xef\xbb\xbf{}", b"null", b"\n\n"]
    ),
    st.sampled_from([*LOG, *PACK.values(), HEAD.note.as_bytes()]),
)


def seal(entry):
    """An entry with any fields at all and a digest that fits."""
    return canonical_json(entry | {"sha256": hashlib.sha256(canonical_json(entry)).hexdigest()})


ENTRIES = st.builds(
    lambda seq, prev, more: seal(
        {"time": "", "actor": "", "action": "", "dataset": None, **more, "seq": seq, "prev": prev}
    ),
    st.integers(-3, 9) | st.just(10**15) | st.none() | st.booleans() | st.floats(0, 9),
    st.sampled_from([None, *(hashlib.sha256(data).hexdigest() for data in LOG), "x", 7, []]),
    st.dictionaries(
        st.sampled_from(["actor", "x"]),
        st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    ),
)


@settings(max_examples=200)
@given(
    st.dictionaries(st.integers(1, 8) | st.just(10**9), JUNK | ENTRIES, max_size=5),
    JUNK,
    st.lists(JUNK, max_size=2),
)
def test_any_registry_gets_an_answer(changed, layout, given_notes):
    files = Memory.of(LOG)
    files.files |= {log_name(seq): data for seq, data in changed.items()}
    files.files[stored_name(5, layout)] = layout
    spoilt = {seq for seq, data in changed.items() if seq > 5 or data != LOG[seq - 1]}
    report = check_registry(files, (), [("given", data) for data in given_notes])
    assert as_text(report).isascii() and json.dumps(report.as_json())
    if spoilt - {6, 7, 8}:
        assert not report.ok
    files.files["registry.json"] = layout
    assert json.dumps(check_registry(files).as_json())


@settings(max_examples=200)
@given(
    st.dictionaries(st.sampled_from([*PACK, "key.pub", "manifest"]), JUNK | ENTRIES, min_size=1, max_size=3)
)
def test_any_pack_gets_an_answer(changed):
    for files in ({**sealed(PACK, None), **changed}, sealed({**PACK, **changed}, None)):
        report = check_evidence(Pack(files))
        assert as_text(report).isascii() and json.dumps(report.as_json())
        # Another true checkpoint in the place of the earlier one is no lie, and leaves its proof without use.
        telling = PACK.keys() - {"checkpoints/a", consistency_name(3, 5)}
        if any(files[name] != PACK[name] for name in telling):
            assert not report.ok


def test_a_folder_where_a_file_should_be(tmp_path):
    from assay.govern.proofs.files import FolderFiles

    for name in ("registry.json", "log/00000001.json", "checkpoints/x.note"):
        (tmp_path / name).mkdir(parents=True)
    assert not check_registry(FolderFiles(tmp_path)).ok
    assert not check_evidence(FolderFiles(tmp_path)).ok
    with pytest.raises(ValueError, match="cannot be read"):
        FolderFiles(tmp_path).read("registry.json")
