"""A paper as one HTML page that loads nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence

from assay.govern.document import (
    BLANK,
    Answers,
    Block,
    Bullets,
    Document,
    Listing,
    Mono,
    Pairs,
    Paragraph,
    Section,
    Table,
)
from assay.model.escape import block, inline

_OWN_STYLE = """
.doc h2 { margin-bottom: var(--s3); }
.doc .panel > * + * { margin-top: var(--s3); }
.doc .panel > p { max-width: 84ch; }
.doc .panel > ul { list-style: disc; padding-left: 1.25rem; max-width: 84ch; }
.doc .panel > ul li + li { margin-top: var(--s1); }
.doc .panel > dl.kv { margin-top: var(--s3); }
.doc .panel > .picture { margin-top: var(--s5); }
.doc .panel > .narrow { max-width: 34rem; }
.doc .blank { color: var(--warn); background: var(--warn-weak); border-radius: var(--r-s); padding: 0 6px; }
.doc .ask { font-weight: 620; }
.doc pre { margin: 0; padding: 10px 14px; background: var(--sunken); border-radius: var(--r); overflow-x: auto; }
.doc td { overflow-wrap: anywhere; }
.toc { display: flex; flex-wrap: wrap; gap: 4px var(--s4); margin-top: var(--s4); font-size: var(--t-s); }
.toc a { color: var(--accent); text-decoration: none; } .toc a:hover { text-decoration: underline; }
@media print { .toc { display: none; } }
"""


def page(document: Document, style: str, pictures: Mapping[str, Sequence[str]], kind: str) -> str:
    """One HTML document, complete in itself.

    `style`: a stylesheet with the report's classes. `pictures`: name of a section → trusted HTML figures shown in
    it. `kind` is said in the page's head ("dataset card"). Every text of the document is escaped.
    """
    sheet = style + _OWN_STYLE
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    links = "".join(f'<a href="#{section.name}">{inline(section.title)}</a>' for section in document.sections)
    left = (
        f'<a href="#open">{len(document.open)} left to a person</a>' if document.open else "nothing left open"
    )
    body = "\n".join(_section(section, pictures.get(section.name, ())) for section in document.sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{inline(document.title)} · {inline(kind)}</title>\n<style>{sheet}</style>\n</head>\n<body>\n"
        f'<main class="doc">\n<header><div class="brand">{_MARK}assay {inline(kind)}</div>'
        f'<div class="title"><h1>{inline(document.title)}</h1></div>'
        f'<p class="lede">{inline(document.lede, 2_000)}</p><nav class="toc" aria-label="Sections">{links}</nav>'
        f"</header>\n{body}\n"
        f'<footer class="foot"><p>Written from facts in the registry; {left}. '
        "This file holds everything it shows: it loads nothing and runs no script.</p></footer>\n"
        "</main>\n</body>\n</html>\n"
    )


_MARK = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path class="m1" d="M8 2h8l6 6v8l-6 6H8l-6-6V8z"/>'
    '<path class="m2" d="M7.5 17V12M12 17V6.5M16.5 17V9.5"/></svg>'
)


def _section(section: Section, pictures: Sequence[str]) -> str:
    inside = "".join(_block(one) for one in section.blocks) + "".join(pictures)
    return (
        f'<section class="sec" id="{section.name}"><h2>{inline(section.title)}</h2>'
        f'<div class="panel">{inside}</div></section>'
    )


def _block(one: Block) -> str:
    match one:
        case Paragraph(text):
            return f"<p>{inline(text, 10_000)}</p>"
        case Pairs(rows):
            return (
                f'<dl class="kv">{"".join(f"<dt>{inline(k)}</dt><dd>{_value(v)}</dd>" for k, v in rows)}</dl>'
            )
        case Table(heads, rows, right):
            return _table(heads, rows, right)
        case Bullets(items):
            return f"<ul>{''.join(f'<li>{inline(item, 10_000)}</li>' for item in items)}</ul>"
        case Answers(rows):
            return "".join(f'<div><p class="ask">{inline(k)}</p>{_said(texts)}</div>' for k, texts in rows)
        case Listing(text):
            return f"<pre><code>{block(text, 20_000)}</code></pre>"


def _said(texts: Sequence[str]) -> str:
    if not texts:
        return f'<p><span class="blank">{BLANK[1:-1]}</span></p>'
    return "".join(f"<p>{inline(text, 10_000)}</p>" for text in texts)


def _value(value: str) -> str:
    if not value or value == BLANK:
        return f'<span class="blank">{BLANK[1:-1]}</span>'
    said = inline(value, 4_000)
    return f'<span class="mono">{said}</span>' if isinstance(value, Mono) else said


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> str:
    side = [' class="num"' if k in right else "" for k in range(len(heads))]
    top = "".join(f'<th scope="col"{side[k]}>{inline(head)}</th>' for k, head in enumerate(heads))
    lines = "".join(
        "<tr>"
        + "".join(f"<td{side[k]}>{_value(value) if value else ''}</td>" for k, value in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{inline(heads[0])}">'
        f'<table class="tight"><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'
    )
