"""Every phrase of the interface has a Chinese one, and no Chinese one is left over."""

from __future__ import annotations

import ast
import json
import re
from importlib.resources import files
from string import Formatter

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from assay.measure import health
from assay.web.rendering import words
from assay.web.said import SAID
from assay.web.singular import ONE

WEB = files("assay.web")
PHRASE = re.compile(r"""_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")


def phrases() -> set[str]:
    """What stands in `_(…)` in templates and pages."""
    sources = [*(WEB / "templates").iterdir(), *(WEB / "pages").iterdir()]
    texts = [one.read_text("utf-8") for one in sources if one.name.endswith((".html", ".py"))]
    found = {a or b for text in texts for a, b in PHRASE.findall(text)}
    return found - {""} | {text for words in _looked_up(texts) for text in words}


def _looked_up(texts: list[str]) -> list[list[str]]:
    """The values of a table that is looked up inside `_(…)`: `_({"a": "b"}.get(…, "c"))`."""
    tables = (re.findall(r"_\((\{[^}]*\})\.get\([^,]*, \"([^\"]*)\"\)\)", text) for text in texts)
    return [[*ast.literal_eval(table).values(), other] for found in tables for table, other in found]


def judged() -> set[str]:
    """The constants of the health checks that people read."""
    tree = ast.parse(files("assay.measure").joinpath("health.py").read_text("utf-8"))
    found = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert health.health
    return found


def test_every_phrase_has_a_chinese_one() -> None:
    missing = sorted((phrases() | set(SAID)) - words("zh").keys())
    assert missing == []


def test_the_titles_reasons_and_advice_of_health_have_chinese_ones() -> None:
    from assay.measure.health import Curated
    from assay.measure.profile import profile

    checks = health.health(profile([]), Curated(0, {}, False))
    said = {text for check in checks for text in (check.title, check.why, check.advice, check.range)}
    assert sorted(said - words("zh").keys()) == []


def test_no_chinese_phrase_is_left_over() -> None:
    assert sorted(words("zh").keys() - phrases() - set(SAID) - judged()) == []


def test_a_chinese_phrase_takes_the_same_values() -> None:
    for english, chinese in words("zh").items():
        fields = [
            sorted(name for _, name, _, _ in Formatter().parse(one) if name) for one in (english, chinese)
        ]
        assert fields[0] == fields[1], english


def test_what_is_said_of_one_is_said_of_many_too() -> None:
    assert sorted(ONE.keys() - phrases() - set(SAID)) == []
    for many, one in ONE.items():
        fields = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (many, one)]
        assert fields[1] <= fields[0], many


def test_the_file_is_sorted_one_phrase_a_line() -> None:
    text = (WEB / "words" / "zh.json").read_text("utf-8")
    keys = list(json.loads(text))
    assert keys == sorted(keys)
    assert len(text.splitlines()) == len(keys) + 2
