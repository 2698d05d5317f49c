"""The command line over a registry in an object store: addresses, surroundings, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.cli.cloud import cache_folder, store_options
from assay.errors import UsageError
from assay.testing.s3_server import S3Server

pytest.importorskip("obstore", reason="the extra s3 is not installed")

ADDRESS = "s3://bucket/team"


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with S3Server() as running:
        for name, value in {
            "AWS_ENDPOINT_URL": running.url, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "zqx-secret",
            "AWS_REGION": "us-east-1", "ASSAY_CACHE": str(tmp_path / "near"),
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield running


def test_commands_over_an_address(server, tmp_path, assay_run, monkeypatch):
    rows = [
        {"input": f"Where is order {n * 7919}?", "output": f"It left depot {n * 31} today."}
        for n in range(30)
    ]
    Path("t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    here = ("--registry", ADDRESS)
    assert assay_run("list", *here).err.splitlines() == [
        f"error: no registry at {ADDRESS}",
        "hint:  make one with `assay init`",
    ]
    assert "s3://bucket/team" in assay_run("init", ADDRESS).out
    assert assay_run("init", ADDRESS).code == 2
    made = assay_run("curate", "desk", "t.jsonl", *here, "--json")
    assert made.json["kept"] == 30
    id_ = assay_run("head", "desk", *here, "--json").json["examples"][0]["id"]
    assert assay_run("show", id_, *here).code == 0
    assert assay_run("search", "depot", *here, "--json").code == 0
    assert assay_run("verify", *here).code == 0
    assert not Path(".assay").exists() and len(list((tmp_path / "near").glob("*/index"))) == 1
    monkeypatch.setenv("ASSAY_REGISTRY", ADDRESS)
    assert "desk" in assay_run("list", "--cache", str(tmp_path / "other")).out
    assert len(list((tmp_path / "other").glob("*/near"))) == 1


def test_requests_of_a_command_are_few(server, assay_run):
    """What docs/guides/object-storage.md says of costs."""
    rows = [
        {"input": f"Where is order {n * 7919}?", "output": f"It left depot {n * 31} today."}
        for n in range(30)
    ]
    Path("t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assay_run("init", ADDRESS)
    reads = {"GET": 3, "LIST": 1}
    bounds = {
        ("curate", "desk", "t.jsonl"): {"GET": 3, "LIST": 1, "PUT": 7},
        **{(word, "desk"): reads for word in ("show", "head", "stats", "log")},
        ("list",): reads,
        ("search", "depot"): reads,
    }
    for words, most in bounds.items():
        count = len(server.exchanges)
        assert assay_run(*words, "--registry", ADDRESS).code == 0
        asked = server.requests(count)
        assert set(asked) <= set(most) and all(asked[kind] <= most[kind] for kind in most), (words, asked)


def test_refusals_hold_no_secret(server, assay_run, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url + "/nowhere")
    said = assay_run("list", "--registry", "s3://none/team")
    assert said.code == 2 and "zqx-secret" not in said.err and "no such bucket" in said.err
    assert assay_run("list", "--registry", "ftp://none/team").code == 2


def test_keys_of_a_profile(tmp_path, monkeypatch):
    (tmp_path / "config").write_text(
        "[profile lab]\nregion = eu-west-1\nendpoint_url = https://s3.lab\n[default]\n"
    )
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = A\naws_secret_access_key = B%d\n[lab]\naws_access_key_id = C\n"
    )
    files = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }
    assert store_options(ADDRESS, files) == {"access_key_id": "A", "secret_access_key": "B%d"}
    assert store_options(ADDRESS, {**files, "AWS_PROFILE": "lab", "AWS_REGION": "us-east-2"}) == {
        "access_key_id": "C", "region": "us-east-2", "endpoint": "https://s3.lab",
    }  # fmt: skip
    assert store_options(ADDRESS, {**files, "AWS_ACCESS_KEY_ID": "X"}) == {}
    assert store_options("gs://bucket/team", files) == {}
    with pytest.raises(UsageError, match="no AWS profile 'none'"):
        store_options(ADDRESS, {**files, "AWS_PROFILE": "none"})
    (tmp_path / "config").write_text("no section")
    with pytest.raises(UsageError, match="cannot be read") as caught:
        store_options(ADDRESS, files)
    assert "no section" not in str(caught.value.args)


def test_where_things_are_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder("x", {"ASSAY_CACHE": "y"}) == Path("x")
    assert cache_folder(None, {"ASSAY_CACHE": "y"}) == Path("y")
    assert cache_folder(None, {"XDG_CACHE_HOME": "z"}) == Path("z/assay")
    assert cache_folder(None, {}) == tmp_path / ".cache" / "assay"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder(None, {}) == tmp_path / "Library" / "Caches" / "assay"
