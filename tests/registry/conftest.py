"""A registry in a temporary folder, and ways to write sources."""

from __future__ import annotations

import json

import pytest

import assay


@pytest.fixture
def registry(tmp_path):
    return assay.init(tmp_path / "registry", actor="mira")


@pytest.fixture
def write(tmp_path):
    """write("a.jsonl", rows) → its path as text."""

    def make(name, rows):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return str(path)

    return make


TOPICS = ["printer", "router", "invoice", "password", "delivery", "refund", "keyboard", "licence", "backup"]


def ticket(n, **more):
    """A ticket unlike any other: n decides every word of it."""
    words = [f"{TOPICS[(n * k + k) % len(TOPICS)]}{(n * 7919 + k * 104729) % 9973}" for k in range(1, 13)]
    return {
        "input": f"My {TOPICS[n % len(TOPICS)]} number {n} fails: {' '.join(words[:6])}?",
        "output": f"Please do this for case {n}: {' then '.join(words[6:])}.",
        **more,
    }
