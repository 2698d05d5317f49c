"""Two curators and a reviewer work on one dataset at once, each in processes of their own, through both doors."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

import assay
from assay.model.canonical import canonical_json
from assay.model.example import example_id

CURATOR = """
import json, sys, time
import assay
from assay.errors import Conflict, Forbidden, UsageError
root, actor, seconds, folder = sys.argv[1:]
end, turn, kept, gone = time.monotonic() + float(seconds), 0, [], []
def tell(kind, **more):
    print(json.dumps({"kind": kind, **more}), flush=True)
while time.monotonic() < end:
    turn += 1
    registry = assay.open(root, actor=actor)
    texts = [f"{actor} 写的第 {turn} 条，{k}: {(turn * 7919 + k) % 99991}" for k in range(3)]
    path = f"{folder}/{actor}-{turn}.jsonl"
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\\n" for text in texts)
    try:
        done = registry.import_("desk", [path], add=True)
        tell("added", version=done.version, texts=texts)
    except Conflict as error:
        tell("conflict", message=error.message, hint=error.hint)
        continue
    try:
        registry.releases.approve(done.version)
        tell("approved own", version=done.version)
    except Forbidden as error:
        tell("refused", message=error.message)
    if turn % 3 == 0:
        example = assay.open(root).search(texts[0], "desk", 1)[0].id
        try:
            made = registry.keeping.disable("desk", [example], "不好")
            tell("disabled", text=texts[0], version=made.version)
        except Conflict as error:
            tell("conflict", message=error.message, hint=error.hint)
"""

REVIEWER = """
import json, subprocess, sys, time
root, actor, seconds, folder = sys.argv[1:]
end, turn = time.monotonic() + float(seconds), 0
def assay(*words):
    done = subprocess.run(
        [sys.executable, "-m", "assay.cli.main", *words, "--registry", root, "--actor", actor, "--json"],
        capture_output=True, text=True,
    )
    return done.returncode, json.loads(done.stdout)
def tell(kind, **more):
    print(json.dumps({"kind": kind, **more}), flush=True)
while time.monotonic() < end:
    turn += 1
    queue = f"look-{turn}"
    code, said = assay("review", "create", queue, "desk", "-n", "2")
    if code:
        tell("failed", code=code, said=said)
        continue
    rows = f"{folder}/{queue}.jsonl"
    assay("review", "export", queue, rows)
    with open(rows, encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    with open(rows, "w", encoding="utf-8") as file:
        for k, row in enumerate(found):
            row["verdict"] = "reject" if k == 0 and turn % 2 else "accept"
            file.write(json.dumps(row) + "\\n")
    code, said = assay("review", "import", queue, rows)
    tell("reviewed" if code == 0 else "failed", code=code, said=said, rows=len(found))
    code, said = assay("review", "apply", queue)
    rejected = [row["id"] for row in found if row["verdict"] == "reject"]
    if code == 3:
        tell("conflict", message=said["error"]["message"], hint=said["error"]["hint"])
    else:
        tell("applied" if code == 0 else "failed", code=code, said=said, rejected=rejected)
    code, said = assay("approve", "desk")
    tell("approved" if code == 0 else "not approved", code=code, said=said)
"""


def told(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("seconds", [4, pytest.param(60, marks=pytest.mark.soak)])
def test_nothing_is_lost_and_nobody_approves_their_own(tmp_path, seconds):
    root = tmp_path / "registry"
    registry = assay.init(root, actor="seed")
    seed = tmp_path / "seed.jsonl"
    seed.write_text("".join(json.dumps({"text": f"seed {k}"}) + "\n" for k in range(20)), encoding="utf-8")
    registry.import_("desk", [str(seed)])
    people = [(CURATOR, "mira"), (CURATOR, "王芳"), (REVIEWER, "dana")]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(root), actor, str(seconds), str(tmp_path)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for script, actor in people
    ]  # fmt: skip
    said = [one for process in processes for one in told(process)]
    kinds = Counter(one["kind"] for one in said)
    assert kinds["added"] > 2 and kinds["reviewed"] > 0
    assert kinds["approved own"] == 0 and kinds["refused"] == kinds["added"]
    assert all("cannot approve" in one["message"] for one in said if one["kind"] == "refused")
    assert all(one["message"] and one["hint"] for one in said if one["kind"] == "conflict")
    assert not [one for one in said if one["kind"] == "failed"]

    # Nothing lost: what was added is there, but for what was disabled or rejected by somebody who said so.
    registry = assay.open(root)
    assert not registry.verify().damage
    left_out = {one["text"] for one in said if one["kind"] == "disabled"}
    rejected = {one for applied in said if applied["kind"] == "applied" for one in applied["rejected"]}
    held = {example.payload["text"] for example in registry.version("desk")}
    added = {text for one in said if one["kind"] == "added" for text in one["texts"]}
    missing = added - held - left_out
    assert {example_id(canonical_json({"text": text})).hex() for text in missing} <= rejected
    assert not held & left_out

    # Every version that counts as approved was approved by somebody who made none of it.
    folded = registry.releases.of("desk")
    for standing in folded.versions.values():
        assert not {one.actor for one in standing.approvals} & standing.authors
    assert registry.audit.verify().ok
    print(f"\n{seconds} s: {dict(kinds)}, {registry.version('desk').manifest.number} versions")
