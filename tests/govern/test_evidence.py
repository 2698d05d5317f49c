"""Evidence packs: whole logs and extracts, in folders and zips, checked by the one file that needs Python alone."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.govern.proofs import extract
from assay.govern.proofs.chain import log_name
from assay.govern.proofs.evidence_check import check_evidence
from assay.govern.proofs.files import FolderFiles, ZipFiles
from assay.govern.proofs.note import Checkpoint
from assay.govern.proofs.signing import SigningKey
from assay.govern.proofs.standalone import MODULES, standalone_source
from assay.govern.proofs.tree import Tree
from tests.govern.logs import ORIGIN, Memory, chained

pytest.importorskip("cryptography")
LOG = chained(9)
ANN, EVE = SigningKey("ann", bytes(32)), SigningKey("eve", bytes([7]) * 32)


class Pack(Memory):
    """A pack in memory."""

    def sha256(self, name):
        return hashlib.sha256(self.read(name)).hexdigest()


def checkpoint(size, signer=ANN, entries=LOG):
    one = Checkpoint.of(ORIGIN, size, Tree(entries).root(size))
    return Checkpoint(one.origin, one.size, one.root, signer.sign(one.note))


def sealed(files, signer=ANN):
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "manifest"}
    return {**files, "manifest": extract.manifest(digests, signer)}


def pack(wanted, size=9, earlier=(4,), key=ANN.public):
    made = [(f"checkpoints/{n:08d}-x.note", checkpoint(n)) for n in earlier]
    files = extract.pack_files(LOG, checkpoint(size), wanted, made, key)
    return sealed({**files, "card.md": "# 卡片\n".encode()})


WHOLE, EXTRACT = pack(None), pack([2, 3, 7])


def kinds(files, keys=(ANN.public,), given=()):
    return {found.kind for found in check_evidence(Pack(files), keys, given).findings}


@pytest.mark.parametrize("keys", [(ANN.public,), (), (ANN.public, EVE.public)])
@pytest.mark.parametrize(("files", "entries"), [(WHOLE, 9), (EXTRACT, 3)])
def test_a_true_pack_holds(files, entries, keys):
    report = check_evidence(Pack(files), keys)
    assert report.ok, report.findings
    assert (report.entries, report.size, report.whole) == (entries, 9, entries == 9)
    assert report.own_key == (not keys)
    assert [one.state for one in report.checkpoints] == ["holds", "holds"]
    assert any("key came with the pack" in said for said in report.leaves_open()) == (not keys)


def test_a_pack_holds_against_a_checkpoint_kept_elsewhere():
    for size, files in ((4, EXTRACT), (9, EXTRACT), (6, WHOLE)):
        report = check_evidence(Pack(files), [ANN.public], [("mine", checkpoint(size).note.as_bytes())])
        assert report.ok, report.findings
        assert any("mine" in said for said in report.proves())
    # No proof leads there from an extract: not a pass.
    assert kinds(EXTRACT, given=[("mine", checkpoint(6).note.as_bytes())]) == {"proof"}


def test_a_pack_of_a_forked_log_is_told_by_a_checkpoint_kept_elsewhere():
    other = chained(7, LOG[:2], "forged")
    head = checkpoint(9, EVE, other)
    for wanted in (None, [5]):
        files = sealed(extract.pack_files(other, head, wanted, [], EVE.public), EVE)
        assert check_evidence(Pack(files)).ok  # with its own key, all fits
        assert "signature" in kinds(files)
        mine = [("mine", checkpoint(9).note.as_bytes())]
        assert "fork" in kinds(files, (EVE.public, ANN.public), mine)


@settings(max_examples=150)
@given(st.sampled_from([WHOLE, EXTRACT]), st.data())
def test_a_bit_flipped_in_any_file_is_found(files, data):
    name = data.draw(st.sampled_from(sorted(files)))
    at, bit = data.draw(st.integers(0, len(files[name]) - 1)), data.draw(st.integers(0, 7))
    bent = bytearray(files[name])
    bent[at] ^= 1 << bit
    assert kinds({**files, name: bytes(bent)})


@pytest.mark.parametrize("files", [WHOLE, EXTRACT])
def test_a_file_taken_out_or_put_in_is_found(files):
    for name in files:
        assert kinds({other: data for other, data in files.items() if other != name}), name
    assert kinds({**files, "note.txt": b""}) == {"manifest"}
    assert kinds({**files, "名 .txt": b""}) == {"manifest"}


def test_what_the_manifest_was_made_to_fit_is_found_by_the_proofs():
    """Whoever holds the pack's manifest key but not the log's: entries still do not fit the checkpoint."""
    forged = {**EXTRACT, log_name(3): chained(9, (), "forged")[2]}
    assert "proof" in kinds(sealed(forged))
    swapped = {**EXTRACT, log_name(3): EXTRACT[log_name(7)], log_name(7): EXTRACT[log_name(3)]}
    assert "proof" in kinds(sealed(swapped)) or "reordering" in kinds(sealed(swapped))
    gone = {name: data for name, data in EXTRACT.items() if name != log_name(7)}
    assert kinds(sealed(gone)) == {"deletion"}
    for bad in (b"[]", b"{}", b'{"path":["zz"]}', b'{"path":7}', b'{"path":' + b"[" * 5_000):
        assert kinds(sealed({**EXTRACT, "proofs/00000003.json": bad})) == {"proof"}
    gone = {name: data for name, data in WHOLE.items() if name != log_name(7)}
    assert kinds(sealed(gone)) == {"deletion"}
    cut = {name: data for name, data in WHOLE.items() if name != log_name(9)}
    assert kinds(sealed(cut)) == {"truncation"}
    assert kinds(sealed({**WHOLE, log_name(10): chained(1, LOG)[-1]})) == {"insertion"}


def test_a_pack_without_what_it_needs():
    assert kinds({}) == {"manifest", "checkpoint"}
    assert kinds(sealed({"card.md": b""})) == {"checkpoint"}
    assert kinds(sealed(EXTRACT, EVE)) == {"signature"}
    assert kinds(sealed({**EXTRACT, "key.pub": b"nonsense"}), ()) == {"key"}
    for text in (
        "assay.evidence.v2\n",
        "assay.evidence.v1\nabc  x\n",
        f"assay.evidence.v1\n{'0' * 64}  ../x\n",
    ):
        assert "manifest" in kinds({**EXTRACT, "manifest": f"{text}\n".encode()})


def test_a_path_that_is_not_plain_is_not_listed():
    for path in ("../x", "/x", "a//b", "a b", "卡", ".x", "a/../b"):
        with pytest.raises(ValueError, match="cannot be a path"):
            extract.manifest({path: "0" * 64})


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return path


def write_folder(root, files):
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def test_a_zip_that_could_hide_something_is_not_opened(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        write_zip(tmp_path / "two.zip", {"a": b"1"})
        with zipfile.ZipFile(tmp_path / "two.zip", "a") as out:
            out.writestr("a", b"2")
    with pytest.raises(ValueError, match="two files of one name"):
        ZipFiles(tmp_path / "two.zip")
    (tmp_path / "no.zip").write_bytes(b"no zip")
    for bad in ("no.zip", "none.zip"):
        with pytest.raises(ValueError, match="not a zip"):
            ZipFiles(tmp_path / bad)


def test_a_link_out_of_the_pack_is_not_followed(tmp_path):
    (tmp_path / "secret").write_bytes(WHOLE["card.md"])
    folder = write_folder(tmp_path / "pack", WHOLE)
    (folder / "card.md").unlink()
    (folder / "card.md").symlink_to(tmp_path / "secret")
    assert {found.file for found in check_evidence(FolderFiles(folder), [ANN.public]).findings} == {"card.md"}


@pytest.fixture(scope="module")
def verifier(tmp_path_factory):
    path = tmp_path_factory.mktemp("verifier") / "verify.py"
    path.write_text(standalone_source(), encoding="utf-8")

    def run(*words):
        call = [sys.executable, "-I", "-S", str(path), *map(str, words)]
        return subprocess.run(call, capture_output=True, text=True, encoding="utf-8", cwd=path.parent)

    run.path = path
    return run


def test_the_verifier_imports_python_alone():
    import ast

    needs = set()
    for node in ast.walk(ast.parse(standalone_source())):
        if isinstance(node, ast.Import):
            needs |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            needs.add(node.module.split(".")[0])
    assert needs <= sys.stdlib_module_names
    assert len(MODULES) == len(set(MODULES))


def test_the_verifier_checks_packs_offline_and_alone(verifier, tmp_path):
    (tmp_path / "ann.pub").write_text(f"{ANN.public}\n")
    (tmp_path / "mine").write_bytes(checkpoint(4).note.as_bytes())
    for place in (write_zip(tmp_path / "x.zip", EXTRACT), write_folder(tmp_path / "whole", WHOLE)):
        done = verifier(place, "--key", tmp_path / "ann.pub", "--checkpoint", tmp_path / "mine", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        answer = json.loads(done.stdout)
        assert answer["ok"] and answer["proves"] and answer["does_not_prove"]
        assert answer["root"] == Tree(LOG).root().hex()
    done = verifier(write_zip(tmp_path / "bad.zip", {**EXTRACT, log_name(3): b"\x1b[2J"}))
    assert done.returncode == 1
    assert "DAMAGE      bit_flip entry 3" in done.stdout and "\x1b" not in done.stdout
    assert "This proves" not in done.stdout


def test_the_verifier_in_a_pack_checks_the_pack_it_lies_in(tmp_path):
    files = {name: data for name, data in WHOLE.items() if name != "manifest"}
    folder = write_folder(tmp_path / "pack", sealed({**files, "verify.py": standalone_source().encode()}))
    done = subprocess.run([sys.executable, "-I", str(folder / "verify.py")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "This proves" in done.stdout and "It does not prove" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [(["none.zip"], "not a zip"), ([".", "--key", "none"], "none"), ([".", "--checkpoint", "none"], "none")],
)
def test_the_verifier_says_what_it_cannot_read(verifier, words, said):
    done = verifier(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and "Traceback" not in done.stderr


def test_the_verifier_refuses_a_private_key(verifier, tmp_path):
    (tmp_path / "key").write_text(ANN.as_text())
    done = verifier(".", "--key", tmp_path / "key")
    assert done.returncode == 2 and "private half" in done.stderr and ANN.as_text()[-20:] not in done.stderr
