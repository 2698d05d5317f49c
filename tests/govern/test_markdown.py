"""Markdown and HTML: texts of strangers stay texts."""

import html
import re

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assay.govern.document import Answers, Bullets, Document, Listing, Mono, Pairs, Paragraph, Section, Table
from assay.govern.markdown import markdown
from assay.govern.page import page
from assay.model.escape import spelled
from tests.govern.papers import HOSTILE

TEXTS = st.text(min_size=1, max_size=40) | st.sampled_from(
    [HOSTILE, "1. x", "- x", "# x", "    x", "| a | b |", "---", "=== ", "```", "a\n\n# b", "<b>", "&lt;",
     "http://e.example", "www.e.example", "[x]: http://e", "![x](y)", "\\", "\\|", "*a*", "_a_", "~~a~~", "`", "<!-- x",
     "\u2028# x", "1) x"]
)  # fmt: skip


def holding(text):
    return Document(
        text, text,
        [Section("a", text, [Paragraph(text), Pairs([(text, text)]), Table((text, "b"), [(text, Mono(text))], (1,)),
                             Bullets([text]), Answers([(text, (text, text)), (text, ())]), Listing(text)])], (),
    )  # fmt: skip


def shape(text):
    """The kinds of elements that a renderer makes of it, without their texts."""
    tokens = (
        MarkdownIt("commonmark", {"html": True})
        .enable(["table", "strikethrough"])
        .parse(markdown(holding(text)))
    )
    found = []
    for token in tokens:
        found.append(token.type)
        found += [inner.type for inner in token.children or () if inner.type not in ("text", "text_special")]
    return [kind for kind in found if kind not in ("code_inline", "code_block")]


@settings(max_examples=150)
@given(TEXTS)
@example(HOSTILE)
def test_no_text_becomes_markup(text):
    if not spelled(text):
        return  # a text of blanks leaves an empty cell, heading or item, and nothing else
    assert shape(text) == shape("word")


def test_texts_are_all_there():
    tokens = MarkdownIt("commonmark").enable("table").render(markdown(holding(HOSTILE)))
    bare = html.unescape(re.sub(r"<[^>]*>", "", tokens))
    assert bare.count("alert(1)") >= 10 and "\u202e" not in bare and "\x1b" not in bare


@settings(max_examples=100)
@given(TEXTS)
@example(HOSTILE)
def test_no_text_becomes_html(text):
    if not spelled(text):
        return
    found = page(holding(text), "p { color: red }", {}, "card")
    assert tags_of(found) == tags_of(page(holding("word"), "p { color: red }", {}, "card"))
    assert "<script" not in found and "\u202e" not in found


def tags_of(page):
    """Names of elements in order, without the spans in which unsafe characters of listings are spelled."""
    return [name for name in re.findall(r"<([a-z0-9]+)[\s>]", page) if name != "span"]
