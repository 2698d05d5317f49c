"""Where the answers of a made-up language model come from: a script, or a rule with a seed."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from assay.errors import UsageError
from assay.testing.llm_call import Answer, Call, as_answer
from assay.testing.llm_wire import mapping

_ENGLISH = (
    ("The customer", "A clerk", "The driver", "Our team", "The bank", "A student", "The shop", "A nurse"),
    ("asks about", "explains", "forgets", "checks", "returns", "describes", "orders", "compares"),
    (
        "the invoice",
        "a broken lamp",
        "two tickets",
        "the password",
        "a late parcel",
        "the recipe",
        "a refund",
    ),
    ("on Monday", "in plain words", "before noon", "with great care", "once more", "without a reason"),
)
_CHINESE = (
    ("顾客", "店员", "司机", "我们的团队", "银行", "学生", "护士", "邻居"),
    ("星期一", "中午之前", "昨天晚上", "再一次", "耐心地", "没有理由地"),
    ("询问了", "解释了", "忘记了", "检查了", "退回了", "描述了", "比较了"),
    ("账单", "坏掉的台灯", "两张车票", "登录密码", "迟到的包裹", "一份菜谱", "退款"),
)
_HAN = re.compile("[\u3400-\u9fff]")
_DEPTH = 16


class Script:
    """Gives the answers of a list in the order in which requests arrive; asked for more, it raises `UsageError`."""

    def __init__(self, answers: Iterable[Answer | str | Mapping[str, Any]]) -> None:
        self._answers = [as_answer(answer) for answer in answers]
        self._next = 0
        self._lock = threading.Lock()

    def __call__(self, call: Call) -> Answer:
        with self._lock:
            self._next += 1
            if self._next > len(self._answers):
                count = len(self._answers)
                raise UsageError(
                    f"a script of {count} answers was asked for one more", "add answers to the script"
                )
            return self._answers[self._next - 1]


class Seeded:
    """Makes up an answer: equal for equal requests and seeds, and most likely another for any other request.

    With a schema the answer is JSON that follows it, its fields in the schema's order: enums, constants, bounds of
    numbers, of lengths and of arrays are kept, local `$ref` and the first-to-last choice of `anyOf` followed, to a
    depth of 16. A number without bounds lies within `scale`, both ends included. Patterns and formats of texts are
    not heeded. Without a schema it is one to four sentences. Chinese is answered in Chinese.
    """

    def __init__(self, seed: int = 0, scale: tuple[int, int] = (1, 5)) -> None:
        self.seed, self.scale = seed, scale

    def __call__(self, call: Call) -> Answer:
        draw = random.Random(f"answer:{self.seed}:{call.digest}")  # noqa: S311 -- a rule, not a secret
        chinese = is_chinese(call.prompt)
        if call.schema is None:
            return Answer(sentences(draw, chinese))
        value = _Filling(call.schema, draw, self.scale, chinese).value(call.schema)
        return Answer(json.dumps(value, ensure_ascii=False))


def is_chinese(text: str) -> bool:
    """Whether at least a fifth of a text's characters are Han."""
    return 5 * len(_HAN.findall(text)) >= len(text) > 0


def sentences(draw: random.Random, chinese: bool) -> str:
    """One to four made-up sentences."""
    parts = _CHINESE if chinese else _ENGLISH
    made = [[draw.choice(words) for words in parts] for _ in range(draw.randint(1, 4))]
    return (
        "".join("".join(one) + "。" for one in made)
        if chinese
        else " ".join(" ".join(one) + "." for one in made)
    )


class _Filling:
    """One value that follows a schema."""

    def __init__(
        self, root: Mapping[str, Any], draw: random.Random, scale: tuple[int, int], chinese: bool
    ) -> None:
        self.root, self.draw, self.scale, self.chinese = root, draw, scale, chinese

    def value(self, schema: Any, depth: int = 0) -> Any:
        schema = self._followed(schema)
        if depth > _DEPTH:
            return None
        if "const" in schema:
            return schema["const"]
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return self.draw.choice(schema["enum"])
        if isinstance(schema.get("anyOf"), list) and schema["anyOf"]:
            return self.value(self.draw.choice(schema["anyOf"]), depth + 1)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = self.draw.choice(kind) if kind else "null"
        if kind == "object":
            parts = mapping(schema, "properties")
            return {name: self.value(part, depth + 1) for name, part in parts.items()}
        if kind == "array":
            low = _whole(schema.get("minItems"), 0)
            high = max(low, min(_whole(schema.get("maxItems"), low + 2), low + 8))
            return [self.value(schema.get("items"), depth + 1) for _ in range(self.draw.randint(low, high))]
        return self._plain(kind, schema)

    def _plain(self, kind: Any, schema: Mapping[str, Any]) -> Any:
        if kind == "boolean":
            return self.draw.random() < 0.5
        if kind in ("integer", "number"):
            low, high = bounds(schema, self.scale)
            whole = low <= (middle := self.draw.randint(int(low // 1), int(high // 1))) <= high
            return middle if whole else (low if kind == "number" else int(-(-low // 1)))
        if kind == "null":
            return None
        text = sentences(self.draw, self.chinese)
        while len(text) < _whole(schema.get("minLength"), 0):
            text += sentences(self.draw, self.chinese)
        limit = schema.get("maxLength")
        return text[:limit] if isinstance(limit, int) else text

    def _followed(self, schema: Any) -> Mapping[str, Any]:
        for _ in range(_DEPTH):
            ref = schema.get("$ref") if isinstance(schema, dict) else None
            if not isinstance(ref, str) or not ref.startswith("#"):
                break
            schema = (
                mapping(self.root, *ref.removeprefix("#").strip("/").split("/")) if ref != "#" else self.root
            )
        return schema if isinstance(schema, dict) else {}


def bounds(schema: Mapping[str, Any], scale: tuple[int, int]) -> tuple[float, float]:
    """The least and greatest number that a schema allows; `scale` stands in for a bound it does not name."""
    step = 1 if schema.get("type") == "integer" else 1e-6
    low, high = _number(schema.get("minimum")), _number(schema.get("maximum"))
    above, below = _number(schema.get("exclusiveMinimum")), _number(schema.get("exclusiveMaximum"))
    if low is None and above is not None:
        low = above + step
    if high is None and below is not None:
        high = below - step
    least = low if low is not None else min(scale[0], high if high is not None else scale[0])
    most = high if high is not None else max(scale[1], least)
    return least, max(least, most)


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and abs(value) < 2**53 else None


def _whole(value: Any, otherwise: int) -> int:
    return min(value, 10_000) if isinstance(value, int) and value >= 0 else otherwise
