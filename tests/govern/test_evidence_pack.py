"""The evidence pack: whole, signed, checked by its own verifier with Python alone, and every tampering told."""

import hashlib
import json
import subprocess
import sys
import zipfile

import pytest

from assay.errors import NotFound, UsageError
from assay.registry.governing.evidence import EvidenceRequest
from tests.govern import papers

pytest.importorskip("cryptography", reason="signing needs the extra `sign`")


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evidence")
    registry = papers.make(folder)
    papers.write(folder / "other.jsonl", [papers.record(n) for n in range(200, 210)])
    registry.curate("zebra7", [str(folder / "other.jsonl")], recipe=str(folder / "recipe.yaml"))
    body = {
        "version": 2,
        "fingerprint": "x",
        "note": registry.store.objects.put_json({"salt": "00" * 16, "text": "why"}),
    }
    found = registry.store.objects.put_json({"findings": []})
    registry.act("approve", "helpdesk", body | {"findings": found})
    registry.audit.make_key(folder / "key")
    return registry


@pytest.fixture(scope="module")
def pack(registry, tmp_path_factory):
    path = tmp_path_factory.mktemp("pack") / "e.zip"
    made = registry.papers.evidence(EvidenceRequest("helpdesk@v2", str(path), key_of(registry)))
    return path, made


def key_of(registry, public=False):
    return str(registry.root.parent / ("key.pub" if public else "key"))


def read(path):
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def verify(path, folder, *words):
    """The pack's own verifier, isolated: no site packages of ours, no environment."""
    script = folder / "verify.py"
    script.write_bytes(read(path)["verify.py"])
    command = [sys.executable, "-I", "-S", str(script), str(path), "--json", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def test_it_holds_what_an_auditor_asks_for(registry, pack):
    path, made = pack
    files = read(path)
    wanted = """card/card.md card/card.html card/card.json croissant.json forms/dps.md forms/dps.json
        forms/eu-summary.md forms/eu-summary.json ledger.json acts.json version/manifest.json
        version/curation.json verify.py README.txt manifest checkpoint key.pub"""
    assert set(wanted.split()) <= set(files)
    assert {name: len(data) for name, data in files.items()} == dict(made.files)
    facts = registry.papers.facts("helpdesk@v2")
    assert hashlib.sha256(files["version/manifest.json"]).hexdigest() == facts.manifest[:64]
    ledger = json.loads(files["ledger.json"])
    assert ledger["read"] == ledger["kept"] + ledger["rejected"] + ledger["malformed"] == 23
    assert made.signed_by and made.entries == len(json.loads(files["acts.json"]))


def test_its_own_verifier_passes_it_offline(registry, pack, tmp_path):
    path, made = pack
    code, report = verify(path, tmp_path, "--key", key_of(registry, public=True))
    assert (code, report["findings"]) == (0, [])
    assert report["entries"] == made.entries < made.size


def test_acts_and_what_they_name_are_in_it_and_notes_only_when_asked(registry, pack, tmp_path):
    files = read(pack[0])
    acts = {name: data for name, data in files.items() if name.startswith("acts/")}
    assert sorted(name.partition("-")[2] for name in acts) == ["findings.json", "run.json"]
    assert b"why" not in b"".join(acts.values())
    path = tmp_path / "n.zip"
    registry.papers.evidence(EvidenceRequest("helpdesk@v2", str(path), notes=True))
    notes = [data for name, data in read(path).items() if name.endswith("-note.json")]
    assert [json.loads(data)["text"] for data in notes] == ["why"]
    assert verify(path, tmp_path)[0] == 0


def test_other_datasets_are_not_in_it(registry, pack):
    files = read(pack[0])
    assert all(b"zebra7" not in data for data in files.values())
    quoted = [json.loads(data)["dataset"] for name, data in files.items() if name.startswith("log/")]
    assert set(quoted) == {"helpdesk", None}


CHANGED = """card/card.md croissant.json ledger.json log/00000002.json checkpoint version/manifest.json"""


@pytest.mark.parametrize("name", CHANGED.split())
def test_every_change_is_told(registry, pack, tmp_path, name):
    files = read(pack[0])
    changed = bytearray(files[name])
    changed[len(changed) // 2] ^= 1
    rewrite(tmp_path / "e.zip", files | {name: bytes(changed)})
    code, report = verify(tmp_path / "e.zip", tmp_path, "--key", key_of(registry, public=True))
    assert code == 1 and any(name in found["file"] for found in report["findings"])


def test_what_is_taken_out_or_put_in_is_told(registry, pack, tmp_path):
    files = read(pack[0])
    for changed in ({k: v for k, v in files.items() if k != "ledger.json"}, files | {"more.txt": b"x"}):
        rewrite(tmp_path / "e.zip", changed)
        code, report = verify(tmp_path / "e.zip", tmp_path)
        assert code == 1 and {found["file"] for found in report["findings"]} & {"ledger.json", "more.txt"}


def test_another_key_does_not_pass(registry, pack, tmp_path):
    registry.audit.make_key(tmp_path / "other", name="eve")
    code, report = verify(pack[0], tmp_path, "--key", str(tmp_path / "other.pub"))
    assert code == 1 and report["findings"]


def rewrite(path, files):
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)


def test_a_dry_run_writes_nothing(registry, tmp_path):
    before = registry.store.storage.list("")
    made = registry.papers.evidence(EvidenceRequest("helpdesk", str(tmp_path / "e.zip"), dry_run=True))
    assert "card/card.md" in made.files and "manifest" not in made.files
    assert not list(tmp_path.iterdir())
    assert {stat.key for stat in registry.store.storage.list("")} == {stat.key for stat in before}


def test_what_cannot_be_done_is_said(registry, tmp_path):
    (tmp_path / "e.zip").write_text("ours")
    with pytest.raises(UsageError, match="exists"):
        registry.papers.evidence(EvidenceRequest("helpdesk", str(tmp_path / "e.zip")))
    with pytest.raises(UsageError, match="lies in no folder"):
        registry.papers.evidence(EvidenceRequest("helpdesk", str(tmp_path / "none" / "e.zip")))
    with pytest.raises(NotFound):
        registry.papers.evidence(
            EvidenceRequest("helpdesk", str(tmp_path / "x.zip"), key=str(tmp_path / "none"))
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.zip"]
