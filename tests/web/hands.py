"""Two ways to use a page: a mouse, and a keyboard alone. Both know controls by their accessible names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

FOCUSED = """
() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const labels = e.labels && e.labels.length ? [...e.labels].map(l => l.textContent).join(' ') : '';
  const said = e.getAttribute('aria-label') || labels || e.textContent || '';
  return said.replace(/\\s+/g, ' ').trim();
}
"""


class Hand:
    """Somebody at a page. Names are whole, or a pattern of the whole name."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def press(self, name: str) -> None:
        """A button or a link that leads to another page."""
        with self.page.expect_navigation():
            self.act(name)

    def act(self, name: str) -> None:
        """A button, a link or a fold, wherever it leads."""
        raise NotImplementedError

    def write(self, label: str, text: str) -> None:
        raise NotImplementedError

    def pick(self, label: str, value: str) -> None:
        raise NotImplementedError

    def tick(self, label: str) -> None:
        raise NotImplementedError

    def attach(self, label: str, file: Path) -> None:
        raise NotImplementedError

    def download(self, name: str, to: Path) -> Path:
        """What a button or a link sends, kept in a folder."""
        with self.page.expect_download() as sent:
            self.act(name)
        kept = to / sent.value.suggested_filename
        sent.value.save_as(kept)
        return kept

    def accept(self) -> None:
        """The example of a review queue."""
        raise NotImplementedError


class Mouse(Hand):
    """Clicks; text is typed, as there is no other way."""

    def act(self, name: str) -> None:
        pattern = re.compile(rf"^\s*{name}\s*$")
        links = self.page.get_by_role("link", name=pattern)
        buttons = self.page.get_by_role("button", name=pattern)
        folds = self.page.locator("summary").filter(has_text=pattern)
        links.or_(buttons).or_(folds).first.click()

    def _field(self, label: str) -> Any:
        return self.page.get_by_label(re.compile(rf"^\s*{label}\s*$")).first

    def write(self, label: str, text: str) -> None:
        self._field(label).click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def pick(self, label: str, value: str) -> None:
        self._field(label).select_option(value)

    def tick(self, label: str) -> None:
        self._field(label).click()

    def attach(self, label: str, file: Path) -> None:
        with self.page.expect_file_chooser() as asked:
            self._field(label).click()
        asked.value.set_files(file)

    def accept(self) -> None:
        self.press("Accept a")


class Keys(Hand):
    """Tab until a control has the focus, then Enter, blank, arrows and letters. Nothing else."""

    def reach(self, name: str) -> None:
        wanted = re.compile(name)
        for _ in range(400):
            focused = self.page.evaluate(FOCUSED)
            if focused is not None and wanted.fullmatch(focused):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {name!r} on {self.page.url}")

    def act(self, name: str) -> None:
        self.reach(name)
        self.page.keyboard.press("Enter")

    def write(self, label: str, text: str) -> None:
        self.reach(label)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def pick(self, label: str, value: str) -> None:
        self.reach(label)
        self.page.keyboard.press("Home")
        for _ in range(40):
            if self.page.evaluate("document.activeElement.value") == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{label!r} has no {value!r}")

    def tick(self, label: str) -> None:
        self.reach(label)
        self.page.keyboard.press("Space")

    def attach(self, label: str, file: Path) -> None:
        self.reach(label)
        with self.page.expect_file_chooser() as asked:
            self.page.keyboard.press("Space")
        asked.value.set_files(file)

    def accept(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("a")
