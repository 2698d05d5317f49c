"""Writes docs/policies/*.md from the rules' docstrings: `python tests/docs/policy_pages.py`."""

from __future__ import annotations

from pathlib import Path

from assay.govern.pages import page
from assay.govern.policy import rule_classes

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "policies"


def pages() -> dict[Path, str]:
    """Every page that there should be, and what it says."""
    return {FOLDER / f"{name}.md": page(rule) for name, rule in rule_classes().items() if _built_in(rule)}


def _built_in(rule: type) -> bool:
    return rule.__module__.startswith("assay.")


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
