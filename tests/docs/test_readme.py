"""What README and CONTRIBUTING show is run, and what they link to is there."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md")])


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (REPO / page).read_text("utf-8"), re.DOTALL)


@pytest.fixture
def tickets(tmp_path, monkeypatch):
    generate = REPO / "examples" / "helpdesk" / "generate.py"
    subprocess.run(
        [sys.executable, str(generate), str(tmp_path), "--rows", "400"], check=True, capture_output=True
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_ten_lines_run(tickets, capsys):
    (example,) = blocks("README.md", "python")
    script = tickets / "example.py"
    script.write_text(example, encoding="utf-8")
    found = runpy.run_path(str(script))
    v1 = found["v1"]
    assert v1.read == v1.kept + v1.rejected + v1.malformed == 200
    assert found["table"].num_rows > 200
    assert "=" in capsys.readouterr().out


def test_the_stage_in_contributing_passes_the_suite():
    from assay.testing.stages import RowStageSuite

    (example,) = blocks("CONTRIBUTING.md", "python")
    space = {}
    exec(compile(example, "CONTRIBUTING.md", "exec"), space)

    class Suite(RowStageSuite):
        def stage(self):
            return space["Shouting"]()

        def payloads(self):
            return [{"text": "LOUD"}, {"text": "quiet"}]

    suite = Suite()
    for name in dir(suite):
        if name.startswith("test_"):
            getattr(suite, name)()


def run_commands(page, folder):
    """Every `$ ` line of a page's console blocks, in a folder; `# exit 3` behind one says how it ends."""
    environment = {**os.environ, "ASSAY_REGISTRY": str(folder / ".assay")}
    lines = [
        line[2:] for block in blocks(page, "console") for line in block.splitlines() if line.startswith("$ ")
    ]
    for line in lines:
        line = line.replace(
            "python examples/helpdesk/generate.py tickets",
            f"{sys.executable} {REPO / 'examples' / 'helpdesk' / 'generate.py'} tickets --rows 400",
        )
        line = line.replace(
            "python examples/helpdesk/synthetic.py",
            f"{sys.executable} {REPO / 'examples' / 'helpdesk' / 'synthetic.py'}",
        )
        line = re.sub(r"^assay ", f"{sys.executable} -m assay.cli.main ", line)
        line = re.sub(r"^python ", f"{sys.executable} ", line)
        ends = re.search(r"# exit (\d+)$", line)
        done = subprocess.run(line, shell=True, env=environment, capture_output=True, text=True)
        assert done.returncode == int(ends.group(1) if ends else 0), f"{line}\n{done.stdout}{done.stderr}"
    return len(lines)


def test_the_tutorials_commands_run(tickets):
    assert run_commands("docs/tutorial.md", tickets) > 12


def test_the_commands_of_the_guide_to_branches_run(tickets):
    assert run_commands("docs/guides/branches.md", tickets) > 12


def test_the_story_of_governance_runs(tickets):
    folder = tickets / "desk"
    folder.mkdir()
    os.chdir(folder)
    for block in blocks("docs/guides/governance.md", "yaml"):
        (folder / block.splitlines()[0].removeprefix("# ")).write_text(block, encoding="utf-8")
    assert run_commands("docs/guides/governance.md", folder) > 35
    assert (folder / "evidence.zip").stat().st_size > 10_000


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(REPO)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_command_is_in_the_manual():
    from assay.cli.main import group

    manual = (REPO / "docs" / "cli.md").read_text("utf-8")
    for name in group.list_commands(None):
        assert f"assay {name}" in manual


def test_every_stage_and_code_is_documented():
    from importlib.metadata import entry_points

    pages = [REPO / "docs" / "stages.md", *(REPO / "docs" / "stages").glob("*.md")]
    page = "\n".join(page.read_text("utf-8") for page in pages)
    for point in entry_points(group="assay.stages"):
        assert re.search(rf"^##? {point.name}\b", page, re.MULTILINE), point.name
        for code in point.load().codes:
            assert f"`{code}`" in page, code
