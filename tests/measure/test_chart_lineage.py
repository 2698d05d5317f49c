"""The picture of a line of versions: every version is in picture and table, and no text acts."""

from __future__ import annotations

from typing import Any

import html5lib
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.measure.charts.lineage import LANES, Node, lineage


def named(tree: Any, name: str) -> list[Any]:
    return [one for one in tree.iter() if isinstance(one.tag, str) and one.tag.endswith(f"}}{name}")]


HEADS = ("Version", "Branch", "State")


@given(
    st.lists(st.tuples(st.sampled_from("abcdefghijkl"), st.integers(0, 40)), max_size=30),
    st.text(max_size=20),
)
@settings(max_examples=40, deadline=None)
def test_every_version_is_in_the_picture_and_in_its_table(made: list[tuple[str, int]], said: str) -> None:
    nodes = [
        Node(
            number, f"n@v{number}", f"/d/n@v{number}", branch, number - 1 if number > 1 else None,
            (number - back,) if 0 < back < number else (), ("", "approved", "released", "revoked")[number % 4],
            (said,), (said,),
        )
        for number, (branch, back) in reversed(list(enumerate(made, start=1)))
    ]  # fmt: skip
    page = lineage("l", said, HEADS, nodes)
    tree = html5lib.HTMLParser(namespaceHTMLElements=False).parseFragment(page)
    assert len(list(tree.iter("tr"))) == len(nodes) + 1
    words = [text.text for text in named(tree, "text")]
    assert [word for word in words if word and word.startswith("n@v")] == [one.ref for one in nodes]
    widest = max((float(one.attrib["cx"]) for one in named(tree, "circle")), default=0)
    assert widest <= 20 + 26 * (LANES - 1)
    assert not [one for one in tree.iter() if isinstance(one.tag, str) and "style" in one.attrib]


def test_a_hostile_branch_and_message_are_text() -> None:
    hostile = '"><script>alert(1)</script>\u202e'
    node = Node(1, hostile, f"/d/{hostile}", hostile, None, (), "revoked", (hostile,), (hostile,))
    page = lineage("l", hostile, (hostile,), [node])
    assert "<script" not in page
    assert "\u202e" not in page


def test_what_led_to_a_version_from_outside_the_page_is_a_line_to_the_edge() -> None:
    node = Node(7, "n@v7", "/", "main", 6, (), "", (), ())
    assert 'class="lnk far"' in lineage("l", "x", HEADS, [node])
