"""What a statement may say: one SELECT over the tables at hand, and nothing that reaches outside of them.

The statement is held against DuckDB's own syntax tree of it, so that no trick of spelling passes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import orjson

from assay.errors import UsageError

if TYPE_CHECKING:
    import duckdb

LONGEST: Final = 100_000
"""Characters of a statement."""

DEEPEST: Final = 100
"""Brackets within each other: DuckDB's parser takes time by their square, and nothing stops it (2,000: 5 s)."""

TABLE_FUNCTIONS: Final = frozenset({"unnest", "range", "generate_series", "json_each", "json_tree"})
"""What may stand behind FROM beside tables."""

OUTWARD_FUNCTIONS: Final = frozenset(
    {"current_setting", "getvariable", "getenv", "nextval", "currval", "write_log", "pg_sleep"}
)
"""Functions that look or reach beyond the rows; DuckDB has no others that its own locks leave open."""

GROWING_FUNCTIONS: Final = frozenset(
    {
        "range", "generate_series", "repeat", "lpad", "rpad", "list_resize", "array_resize", "bitstring", "format",
        "printf",
    }
)  # fmt: skip
"""Functions that make a value as large as a number says, in one go, which no limit stops in time."""

_CLASS: Final = re.compile(r"^(?:[A-Z][A-Za-z ]{2,30} Error: )+")
_TEXT: Final = re.compile(r"'[^']*'")
_BRACKETS: Final = re.compile(r"[][(){}]")
_WHERE: Final = "SELECT id FROM examples WHERE (\n{}\n)"


def check_query(db: duckdb.DuckDBPyConnection, sql: str, tables: Collection[str]) -> None:
    """Raises UsageError unless `sql` is one SELECT over `tables`, saying what is wrong with it."""
    if not sql.strip():
        raise UsageError("the statement is empty", "for example: SELECT count(*) FROM examples")
    _allowed(_tree(db, sql, "a statement"), tables)


def where_query(db: duckdb.DuckDBPyConnection, where: str) -> str:
    """The statement that gives the ids of the examples for which the expression `where` holds.

    Raises UsageError unless `where` is one expression on one row: no second statement, no subquery, no clause.
    """
    if not where.strip():
        raise UsageError("the expression is empty", "for example: generator = 'gpt-4' and score < 3")
    sql = _WHERE.format(where)
    tree, shape = _tree(db, sql, "an expression"), _tree(db, _WHERE.format("true"), "an expression")
    found = tree["statements"][0]["node"].pop("where_clause", None)
    shape["statements"][0]["node"].pop("where_clause")
    if _plain(tree) != _plain(shape):
        raise UsageError(
            "this is more than one expression",
            "write what holds for a row: generator = 'gpt-4' and score < 3",
        )
    for node in _nodes(found):
        if node.get("class") in ("SUBQUERY", "WINDOW"):
            word = "subquery" if node["class"] == "SUBQUERY" else "window function"
            raise UsageError(
                f"a {word} cannot stand in an expression on one row", "`assay query` takes whole statements"
            )
    _allowed(found, ())
    return sql


def _depth(sql: str) -> int:
    """How many brackets stand within each other, those of texts left out."""
    depth = deepest = 0
    for char in _BRACKETS.findall(_TEXT.sub("", sql)):
        depth += 1 if char in "([{" else -1
        deepest = max(deepest, depth)
    return deepest


def _tree(db: duckdb.DuckDBPyConnection, sql: str, what: str) -> Any:
    """DuckDB's syntax tree of one SELECT statement. Raises UsageError for anything else."""
    if len(sql) > LONGEST:
        raise UsageError(f"{what} may have {LONGEST:,} characters; this one has {len(sql):,}", "shorten it")
    if _depth(sql) > DEEPEST:
        raise UsageError(f"{what} may have {DEEPEST} brackets within each other", "take some away")
    try:
        sql.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{what} is Unicode text; this one has characters that are none") from None
    ((spelled,),) = db.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    tree = orjson.loads(spelled)
    if tree.get("error"):
        said = str(tree.get("error_message", ""))
        if tree.get("error_type") != "parser":
            raise UsageError("only SELECT statements are answered", "the registry is changed by its commands")
        raise UsageError(f"{what} that cannot be read: {first_line(said)}", "the dialect is DuckDB's")
    if len(tree["statements"]) != 1:
        raise UsageError(f"{len(tree['statements'])} statements; one is answered", "leave out the `;`")
    return tree


def _allowed(tree: Any, tables: Collection[str]) -> None:
    """Raises UsageError for a table or function in `tree` that is not at hand."""
    known = {*tables}
    sources = set()
    for node in _nodes(tree):
        known.update(str(name).lower() for name in _ctes(node))
        if node.get("type") == "TABLE_FUNCTION":
            sources.add(id(node.get("function")))
    for node in _nodes(tree):
        kind = node.get("type")
        if kind == "BASE_TABLE":
            _check_table(node, known, tables)
        elif kind == "TABLE_FUNCTION":
            name = _function(node.get("function") or {})
            if name not in TABLE_FUNCTIONS:
                raise UsageError(f"{name}() cannot be asked", f"the tables are {_listed(tables)}")
        elif node.get("class") == "FUNCTION" and id(node) not in sources:
            _check_function(_function(node))


def _check_function(name: str) -> None:
    if name in OUTWARD_FUNCTIONS:
        raise UsageError(f"the function {name}() looks beyond the rows and is not answered")
    if name in GROWING_FUNCTIONS:
        hint = (
            f"{name}() behind FROM is fine"
            if name in TABLE_FUNCTIONS
            else "make it where you read the answer"
        )
        raise UsageError(f"the function {name}() can make a value of any size and is not answered", hint)


def _check_table(node: dict[str, Any], known: Collection[str], tables: Collection[str]) -> None:
    name = str(node.get("table_name") or "")
    path = (node.get("qualified_name") or {}).get("path") or [name]
    plain = not node.get("schema_name") and not node.get("catalog_name") and len(path) == 1
    if plain and str(path[0]).lower() in known and not node.get("at_clause"):
        return
    shown = ".".join(str(part) for part in path)[:60]
    near = get_close_matches(name.lower(), list(known), 1)
    meant = f"did you mean {near[0]}? " if near else ""
    raise UsageError(f"there is no table {shown!r}", f"{meant}the tables are {_listed(tables)}")


def _ctes(node: dict[str, Any]) -> Iterator[Any]:
    """The names that a node's WITH defines, in whichever way the tree writes them."""
    held = node.get("cte_map")
    for entry in (held.get("map") or ()) if isinstance(held, dict) else ():
        if isinstance(entry, dict):
            yield entry.get("key")
    if node.get("type") in ("CTE_NODE", "RECURSIVE_CTE_NODE"):
        yield node.get("cte_name")


def _function(node: dict[str, Any]) -> str:
    path = (node.get("qualified_name") or {}).get("path")
    return str(path[-1] if path else node.get("function_name") or "a table function").lower()


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object of a tree."""
    stack = [tree]
    while stack:
        at = stack.pop()
        if isinstance(at, dict):
            yield at
            stack.extend(at.values())
        elif isinstance(at, list):
            stack.extend(at)


def _plain(tree: Any) -> Any:
    """A tree without the places of its words in the text."""
    if isinstance(tree, dict):
        return {k: _plain(v) for k, v in tree.items() if not k.startswith("query_location")}
    return [_plain(v) for v in tree] if isinstance(tree, list) else tree


def _listed(tables: Collection[str]) -> str:
    return ", ".join(tables) or "not for expressions"


def first_line(said: str, most: int = 300) -> str:
    """The first line of what DuckDB says of an error, without its class, cut to size."""
    line = next((part for part in said.splitlines() if part.strip()), "")
    return _CLASS.sub("", line).strip()[:most]
