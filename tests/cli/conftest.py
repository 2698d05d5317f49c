"""What pictures and command lines are looked at with: 80 columns, no colour, blanks at line ends cut."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from rich.console import Console, RenderableType

from assay.cli.main import run


@pytest.fixture
def paint() -> Callable[[RenderableType], str]:
    def paint(picture: RenderableType, width: int = 80) -> str:
        console = Console(width=width, color_system=None, highlight=False, markup=False, emoji=False)
        with console.capture() as captured:
            console.print(picture, crop=False)
        return "\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n"))

    return paint


@dataclass
class Call:
    """One command line that was run: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output; fails when there is anything beside it."""
        return json.loads(self.out)


@pytest.fixture
def assay_run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Call]:
    """Runs `assay …` in this process, 80 columns wide, not on a terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("ASSAY_REGISTRY", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str) -> Call:
        code = run(words)
        out, err = capsys.readouterr()
        return Call(code, out, err)

    return call
