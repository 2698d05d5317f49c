"""A registry in a temporary folder, other people in it, and ways to write sources."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

import assay


@pytest.fixture
def clock():
    """A clock that stands still until it is moved: clock.now = …"""

    class Clock:
        now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def registry(tmp_path, clock):
    return assay.init(tmp_path / "registry", actor="ann", clock=clock)


@pytest.fixture
def ben(registry, clock):
    return assay.open(registry.root, actor="ben", clock=clock)


@pytest.fixture
def write(tmp_path):
    """write("a.jsonl", rows) → its path as text."""

    def make(name, rows):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return str(path)

    return make


WORDS = ["printer", "router", "发票", "密码", "refund", "keyboard", "快递", "backup", "licence"]


def ticket(n, **more):
    """A ticket unlike any other, every second one in Chinese."""
    words = " ".join(
        f"{WORDS[(n * k + k) % len(WORDS)]}{(n * 7919 + k * 104729) % 9973}" for k in range(1, 7)
    )
    word, step = WORDS[n % 9], n * 31 % 997
    if n % 2:
        asked, said = f"请问第{n}号{word}出了什么问题：{words}？", f"请按第{step}步操作，{words[::-1]}。"
    else:
        asked, said = f"My {word} number {n} fails: {words}?", f"Do step {step}: {words[::-1]}."
    return {"input": asked, "output": said, **more}
