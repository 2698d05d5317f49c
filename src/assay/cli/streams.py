"""Standard streams that cannot fail on a character: what an old terminal lacks is spelled in ASCII."""

from __future__ import annotations

import codecs
import os
import sys

# One column for one column, so that tables stay straight.
_ASCII = str.maketrans(
    {
        "█": "#", "▉": "#", "▊": "#", "▋": "#", "▌": "#", "▍": "|", "▎": "|", "▏": "|", "▒": "-", "░": ".",
        "━": "-", "─": "-", "│": "|", "╸": "-", "╺": "-", "└": "`", "├": "|", "→": ">", "−": "-", "·": "-",
        "…": "~", "↵": "/", "✓": "+", "✗": "x", "≥": ">", "≤": "<", "×": "x", "↑": "^", "●": "*", "“": '"',
        "”": '"', "’": "'", "–": "-",
    }
)  # fmt: skip


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end].translate(_ASCII)
    return lost.encode("ascii", "backslashreplace").decode("ascii"), error.end


def prepare() -> None:
    """Make both streams accept any text. Called once, before anything is printed."""
    codecs.register_error("assay", _spell)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="assay")


def silence() -> None:
    """Let the interpreter's last flush go nowhere, so that it does not complain of the closed pipe."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
