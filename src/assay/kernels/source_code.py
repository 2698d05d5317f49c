"""Prose and program: what of a text is written for people.

A lexical screen: it looks at fences and at the shape of lines and parses nothing.
"""

from __future__ import annotations

from typing import Final

WINDOW: Final = 2400
"""Characters that are searched for fences; what follows is not looked at."""

MIN_SYMBOLS: Final = 0.04
"""Share of symbols of programs below which lines are not looked at: prose has a hundredth or two."""

CODE_LINES: Final = 0.5
"""Share of lines with the shape of code from which a text is code."""

_FENCES: Final = ("```", "~~~")
_SYMBOLS: Final = "{}[]();=<>_&|\\$#*/+@"
_NOT_SYMBOLS: Final = bytes(b for b in range(256) if chr(b) not in _SYMBOLS)
_ENDS: Final = ("{", "}", ";", "};", "});", "},", "],", "[", "(", "):", "\\", "->", "=>")
_STARTS: Final = (
    "#include", "#!", "//", "/*", "*/", "</", "<?", "<!", "@",
    "$ ", ">>> ", "--", "}", "]", ")",
)  # fmt: skip
_WORDS: Final = frozenset({
    "def", "class", "import", "from", "return", "if", "elif", "else", "for", "while", "try", "except",
    "finally", "with", "raise", "yield", "async", "await", "lambda", "function", "const", "let", "var",
    "export", "public", "private", "protected", "static", "void", "int", "float", "double", "char",
    "struct", "enum", "interface", "package", "func", "fn", "impl", "mod", "namespace", "using",
    "template", "typedef", "switch", "case", "break", "continue", "echo", "sudo", "pip", "npm",
    "git", "docker", "curl", "local", "require", "module", "throw", "catch", "new",
})  # fmt: skip
_SQL: Final = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "FROM", "WHERE", "JOIN"}
)
_SENTENCE_ENDS: Final = (".", "?", "!", "。", "？", "！")
_INSIDE: Final = ("==", "!=", "=>", "->", "()", "::", "+=", "&&", "||", "</", "/>", '":', "={", '="')
_CALL_MARKS: Final = "(){}=;:"
_TAILS: Final = ":("
_COMMENTS: Final = ("#", "* ")

LISTS: Final[tuple[tuple[str, ...], ...]] = (
    _FENCES, tuple(_SYMBOLS), _STARTS, _ENDS, tuple(sorted(_WORDS)), tuple(sorted(_SQL)), _SENTENCE_ENDS, _INSIDE,
    tuple(_CALL_MARKS), tuple(_TAILS), _COMMENTS,
)  # fmt: skip
"""All of these, in the order of native/language.h."""


def prose_of(text: str) -> str:
    """The text without its fenced code blocks, as far as `WINDOW` goes; a fence left open runs to the end."""
    head = text[:WINDOW]
    for fence in _FENCES:
        if fence in head:
            head = "\n".join(head.split(fence)[::2])
    return head


def has_fence(text: str) -> bool:
    """Is there a fenced block within `WINDOW`?"""
    return any(fence in text[:WINDOW] for fence in _FENCES)


def looks_like_code(text: str) -> bool:
    """Do at least half of the lines have the shape of source code, mark-up or structured data?

    Comments may be in any language: they count as code where the other lines are.
    """
    symbols = len(text.encode("utf-8", "replace").translate(None, _NOT_SYMBOLS))
    if symbols < 2 or symbols < MIN_SYMBOLS * len(text):
        return False
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    comments = sum(line.startswith(_COMMENTS) for line in lines)
    found = sum(map(_is_code, lines))
    return found > 0 and found >= CODE_LINES * (len(lines) - comments)


def _is_code(line: str) -> bool:
    if line.startswith(_STARTS) or line.endswith(_ENDS):
        return True
    words = line.split(None, 4)
    first = words[0].rstrip(_TAILS)
    if first in _SQL:
        return True
    if first in _WORDS and not line.endswith(_SENTENCE_ENDS) and any(mark in line for mark in _CALL_MARKS):
        return True
    if line.endswith(")") and 0 < line.find("(") < len(words[0]):
        return True
    # An assignment has its sign early; a sentence about an equation has it late.
    return "=" in words[1:4] or any(mark in line for mark in _INSIDE)
