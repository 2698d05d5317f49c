"""What the pictures are looked at with: 80 columns, no colour, blanks at line ends cut."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.console import Console, RenderableType


@pytest.fixture
def paint() -> Callable[[RenderableType], str]:
    def paint(picture: RenderableType, width: int = 80) -> str:
        console = Console(width=width, color_system=None, highlight=False, markup=False, emoji=False)
        with console.capture() as captured:
            console.print(picture)
        return "\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n"))

    return paint
