"""Words in PostgreSQL: each row's tokens, as assay cuts them, with their positions, in a `tsvector` under a GIN index.

PostgreSQL keeps 255 positions of a token and 16,383 of a text, and a megabyte of a text's tokens. A text beyond that is
in doubt: its words alone make it a candidate, and whoever asks looks at it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from assay.store.index.tables import BITS, Found, Rows, listed
from assay.store.index.words import Phrase, Query, is_plain, tokens
from assay.store.postgres import Link

TABLES: Final = """
CREATE TABLE words (row BIGINT PRIMARY KEY, lexemes TSVECTOR);
CREATE INDEX words_lexemes ON words USING GIN (lexemes);
CREATE TABLE odd (row BIGINT PRIMARY KEY);
"""
_LONGEST: Final = 200
"""Characters of a token that are kept; PostgreSQL takes 2,046 bytes."""
_MOST_TOKENS: Final = 64
"""Tokens of one term that are asked for; what follows is looked at in the text."""
_POSITIONS: Final = 250
_LAST: Final = 16_000
_BYTES: Final = 1_000_000
_FIRST: Final = 1_000
"""Rows that are fetched at first: most searches end before."""


class PostgresWords:
    """What `Tables` says of words."""

    link: Link

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Found:
        return self.link.execute(sql, values)

    def indexed(self, number: int) -> int:
        first = number << BITS
        (last,) = self.execute(
            "SELECT max(row) FROM words WHERE row BETWEEN ? AND ?", (first, first + (1 << BITS) - 1)
        ).fetchone()
        return 0 if last is None else int(last) - first + 1

    def put_words(self, rows: Sequence[tuple[int, str]]) -> None:
        odd = []
        with self.link.connection.cursor() as cursor:
            with cursor.copy("COPY words (row, lexemes) FROM STDIN") as copy:
                for row, text in rows:
                    lexemes, whole = lexemes_of(text)
                    copy.write_row((row, lexemes))
                    if not whole:
                        odd.append((row,))
            cursor.executemany("INSERT INTO odd VALUES (%s)", odd)

    def near(self, query: Query, low: int, high: int) -> Rows | None:
        phrases = query.phrases()
        if not phrases:
            return None
        found = (
            "SELECT string_agg(row::text, ',') FROM ("
            "SELECT row FROM words WHERE lexemes @@ ?::tsquery AND row BETWEEN ? AND ? UNION "
            "SELECT row FROM odd JOIN words USING (row) WHERE (lexemes IS NULL OR lexemes @@ ?::tsquery)"
            " AND row BETWEEN ? AND ?) AS found"
        )
        values = (_asked(phrases, " <-> "), low, high, _asked(phrases, " & "), low, high)
        return listed(self.execute(found, values).fetchone()[0])

    def doubtful(self, low: int, high: int) -> Rows:
        found = "SELECT string_agg(row::text, ',') FROM odd WHERE row BETWEEN ? AND ?"
        return listed(self.execute(found, (low, high)).fetchone()[0])

    def is_exact(self, query: Query) -> bool:
        return all(map(is_plain, query.terms)) and all(
            len(p.tokens) <= _MOST_TOKENS and max(map(len, p.tokens)) < _LONGEST for p in query.phrases()
        )

    def ranked(self, query: Query, numbers: Collection[int]) -> Iterator[int] | None:
        phrases = query.phrases()
        if not phrases:
            return None
        found = (
            "SELECT row FROM words, (SELECT ?::tsquery AS asked) AS a"
            " WHERE lexemes @@ asked AND (row >> 32) = ANY(?) ORDER BY ts_rank(lexemes, asked) DESC, row"
        )
        in_doubt = (
            "SELECT row FROM odd JOIN words USING (row) WHERE (lexemes IS NULL OR lexemes @@ ?::tsquery)"
            " AND (row >> 32) = ANY(?) ORDER BY row"
        )
        chosen = sorted(numbers)

        def rows() -> Iterator[int]:
            for part in (f" LIMIT {_FIRST}", f" OFFSET {_FIRST}"):
                some = self.execute(found + part, (_asked(phrases, " <-> "), chosen)).fetchall()
                yield from (row for (row,) in some)
                if len(some) < _FIRST:
                    break
            yield from (row for (row,) in self.execute(in_doubt, (_asked(phrases, " & "), chosen)))

        return rows()


def lexemes_of(text: str) -> tuple[str | None, bool]:
    """A `tsvector` as PostgreSQL reads it, and whether it has all tokens with all positions."""
    places: dict[str, list[int]] = {}
    cut = [token[:_LONGEST] for token in tokens(text).split()]
    for position, token in enumerate(cut, 1):
        places.setdefault(token, []).append(position)
    whole = len(cut) <= _LAST and all(len(found) <= _POSITIONS for found in places.values())
    if whole:
        spelled = " ".join(f"'{token}':{','.join(map(str, found))}" for token, found in places.items())
    else:
        spelled = " ".join(f"'{token}'" for token in places)
    return (spelled, whole) if len(spelled.encode()) <= _BYTES else (None, False)


def _asked(phrases: Sequence[Phrase], joint: str) -> str:
    return " & ".join(f"({joint.join(_operands(phrase))})" for phrase in phrases)


def _operands(phrase: Phrase) -> list[str]:
    some = phrase.tokens[:_MOST_TOKENS]
    last = len(phrase.tokens) - 1
    return [f"'{t[:_LONGEST]}'{':*' if phrase.prefix and n == last else ''}" for n, t in enumerate(some)]
