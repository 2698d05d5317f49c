"""The group: global options on either side, errors with their exit codes, nothing imported too early."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.cli.main import COMMANDS
from assay.cli.session import Session
from assay.errors import Conflict, Damaged, InvalidRecipe, NotFound, StorageFailure

Run = Callable[..., Any]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(assay_run: Run, name: str) -> None:
    call = assay_run(name, "--help")
    assert call.code == 0
    assert call.out.startswith(f"Usage: assay {name} ")
    for option in ("--registry", "--actor", "--json"):
        assert option in call.out
    assert max(map(len, call.out.split("\n"))) <= 90


def test_help_lists_every_command_and_imports_none() -> None:
    script = (
        "import sys; from assay.cli.main import run; run(['--help']);"
        "bad = [m for m in ('rich', 'numpy', 'pyarrow', 'pydantic', 'duckdb') if m in sys.modules];"
        "sys.exit(f'imported {bad}' if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


def test_no_command_is_usage(assay_run: Run) -> None:
    call = assay_run()
    assert call.code == 2
    assert call.out == ""
    assert "Usage: assay" in call.err


def test_a_misspelt_command_is_corrected(assay_run: Run) -> None:
    call = assay_run("curat")
    assert (call.code, call.out) == (2, "")
    assert call.err == "error: there is no command 'curat'; did you mean curate?\nhint:  see: assay --help\n"


def test_no_registry_says_how_to_make_one(assay_run: Run, tmp_path: Path) -> None:
    call = assay_run("list", "--registry", str(tmp_path / "none"))
    assert (call.code, call.out) == (2, "")
    assert call.err.startswith("error: no registry at ")
    assert "assay init" in call.err
    assert "Traceback" not in call.err


@pytest.mark.parametrize("words", [("--json", "list"), ("list", "--json")])
def test_an_error_in_json_is_one_document(assay_run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    call = assay_run("--registry", str(tmp_path), *words)
    assert (call.code, call.err) == (2, "")
    assert set(call.json["error"]) == {"code", "message", "hint"}
    assert call.json["error"]["code"] == "not_found"


def test_a_usage_error_in_json_is_one_document(assay_run: Run) -> None:
    call = assay_run("why", "helpdesk", "tickets.jsonl:0", "--json")
    assert call.code == 2
    assert call.json["error"]["code"] == "usage"


@pytest.mark.parametrize(
    "place",
    [
        "tickets.jsonl",
        "tickets.jsonl:",
        ":3",
        "t:x",
        "t:0",
        "t:-1",
        "t:1.5",
        "t:1e3",
        "t:1_0",
        "t:٣",
        "t:" + "9" * 40,
    ],
)
def test_record_numbers_are_not_trusted(assay_run: Run, place: str) -> None:
    call = assay_run("why", "helpdesk", place)
    assert call.code == 2
    assert call.err.startswith("error: ")
    assert "Traceback" not in call.err


@pytest.mark.parametrize(
    "words", [("head", "x", "-n", "0"), ("head", "x", "-n", "-5"), ("search", "q", "-n", "9" * 30)]
)
def test_counts_are_not_trusted(assay_run: Run, words: tuple[str, ...]) -> None:
    assert assay_run(*words).code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("no such thing", "look elsewhere"), 2),
        (InvalidRecipe("2 problems\n  stages[0]: no"), 2),
        (Conflict("somebody was first"), 3),
        (Damaged("objects/ab: not what it says"), 1),
        (StorageFailure("disk full"), 2),
        (PermissionError(13, "Permission denied", "/srv/registry"), 2),
        (OSError("odd"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(assay_run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(assay, "open", refuse, raising=False)
    call = assay_run("list")
    assert call.code == code
    assert call.out == ""
    assert "Traceback" not in call.err
    if code != 130:
        assert call.err.startswith("error: ")
        assert assay_run("list", "--json").json["error"]["message"]


def test_what_follows_the_command_wins(monkeypatch: pytest.MonkeyPatch, assay_run: Run) -> None:
    seen: list[tuple[str, str | None]] = []

    def remember(path: str, *, actor: str | None, database: str | None) -> None:
        assert database is None
        seen.append((path, actor))
        raise NotFound("stop here")

    monkeypatch.setattr(assay, "open", remember, raising=False)
    monkeypatch.delenv("ASSAY_DATABASE", raising=False)
    assay_run("list")
    monkeypatch.setenv("ASSAY_REGISTRY", "/from/env")
    assay_run("list")
    assay_run("--registry", "/before", "--actor", "ann", "list")
    assay_run("--registry", "/before", "--actor", "ann", "list", "--registry", "/after", "--actor", "bo")
    assert seen == [(".assay", None), ("/from/env", None), ("/before", "ann"), ("/after", "bo")]


def test_hostile_error_text_is_spelled_out(monkeypatch: pytest.MonkeyPatch, assay_run: Run) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NotFound("no \x1b[31m[bold]file\u202e \udcff", "try\x07 it")

    monkeypatch.setattr(assay, "open", refuse, raising=False)
    assert assay_run("list").err == "error: no \\x1b[31m[bold]file\\u202e \\udcff\nhint:  try\\x07 it\n"
    assert assay_run("list", "--json").json["error"]["message"].endswith("\udcff")


def test_commands_to_copy_are_quoted_and_reach_the_same_registry() -> None:
    assert Session().command("head", "helpdesk@v1") == "assay head helpdesk@v1"
    there = Session().override("my data/.assay", None, False)
    assert there.command("head", "客服") == "assay head '客服' --registry 'my data/.assay'"
    assert Session("/from/env").command("list") == "assay list"  # the environment will say it again


@pytest.mark.parametrize("words", [["--help"], ["list", "--help"], ["list", "--json"]])
def test_a_closed_pipe_is_quiet(words: list[str]) -> None:
    script = f"import sys; from assay.cli.main import run; sys.exit(run({words!r}))"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", script], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 141


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_terminal_encoding_will_do(encoding: str) -> None:
    script = "from assay.cli import streams; streams.prepare();print('█▒ → 密码 − é \\ud800')"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env={**os.environ, "PYTHONIOENCODING": encoding}
    )
    assert done.returncode == 0, done.stderr
    shown = {
        "ascii": rb"#- > \u5bc6\u7801 - \xe9 \ud800",
        "latin-1": b"#- > \\u5bc6\\u7801 - \xe9 \\ud800",
        "utf-8": "█▒ → 密码 − é ".encode() + rb"\ud800",
    }
    assert done.stdout.rstrip() == shown[encoding]
