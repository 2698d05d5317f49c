"""The layout `article` under DVC and Git: a new version is a new file, and `dvc diff` says so."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import assay
from tests.interop.foreign import QUIET


@pytest.fixture
def project(tmp_path):
    """run(*words) within a new Git and DVC repository, which looks at no settings outside."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    for tool in ("git", "dvc"):
        if shutil.which(tool, path=path) is None:
            pytest.skip(f"{tool} is not installed: pip install --group interop")
    home = tmp_path / "home"
    home.mkdir()
    names = {
        f"GIT_{who}_{what}": "mira@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    kept = {"PATH": path} | {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    here = tmp_path / "project"
    here.mkdir()

    def run(*words):
        program = shutil.which(words[0], path=path)
        environment = {**kept, **QUIET, **names, "HOME": str(home)}
        done = subprocess.run(
            [program, *words[1:]], cwd=here, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("git", "init", "-q")
    run("dvc", "init", "-q")
    run("dvc", "config", "core.analytics", "false")
    return here, run


def test_dvc_tracks_versions_of_the_article_layout(project, tmp_path):
    here, run = project
    registry = assay.init(tmp_path / "registry", actor="mira")
    rows = [{"input": f"问题 {k}", "output": f"答案 {k}"} for k in range(20)]
    source = tmp_path / "a.jsonl"
    for number in (1, 2):
        source.write_text("".join(json.dumps(row) + "\n" for row in rows[: 10 * number]), "utf-8")
        registry.import_("a", [str(source)])
        registry.export("a", str(here / "data"), format="article")
        run("dvc", "add", "-q", "data")
        run("git", "add", "-A")
        run("git", "commit", "-qm", f"v{number}")
    said = json.loads(run("dvc", "diff", "--json", "HEAD~1", "HEAD"))
    assert {one["path"] for one in said["added"]} >= {"data/v2/meta.json", "data/v2/samples.jsonl"}
    assert [one["path"] for one in said["modified"]] == ["data/"]
    assert not said["deleted"] and not said["renamed"]
    meta = json.loads((here / "data" / "v2" / "meta.json").read_text("utf-8"))
    assert meta["fingerprint"] == registry.version("a@v2").fingerprint

    # Exported again, nothing has changed for DVC; an older commit brings the older version's bytes back.
    registry.export("a@v1", str(here / "data"), format="article")
    registry.export("a@v2", str(here / "data"), format="article")
    assert "up to date" in run("dvc", "status")
    kept = (here / "data" / "v1" / "samples.jsonl").read_bytes()
    run("git", "checkout", "-q", "HEAD~1")
    run("dvc", "checkout", "-q")
    assert sorted(path.name for path in (here / "data").iterdir()) == ["v1"]
    assert (here / "data" / "v1" / "samples.jsonl").read_bytes() == kept
