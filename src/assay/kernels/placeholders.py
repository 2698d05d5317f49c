"""Text that stands where text should be: whole-answer placeholders, markers, and slots that nobody filled."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

_WHOLE: Final = frozenset(
    {
        *(
            "noinput",
            "nooutput",
            "noinputprovided",
            "nooutputprovided",
            "noinputrequired",
            "nooutputrequired",
        ),
        *(
            "noinputneeded",
            "nooutputneeded",
            "nooutputexpected",
            "nooutputavailable",
            "inputhere",
            "outputhere",
        ),
        *(
            "noanswer",
            "noresponse",
            "na",
            "notavailable",
            "notapplicable",
            "nocontent",
            "nodata",
            "todo",
            "tbd",
            "tba",
        ),
        *(
            "fixme",
            "placeholder",
            "xx",
            "xxx",
            "xxxx",
            "xxxxx",
            "asdf",
            "asdfasdf",
            "testtest",
            "foobar",
            "comingsoon",
        ),
        *(
            "insertanswerhere",
            "insertresponsehere",
            "inserttexthere",
            "youranswerhere",
            "yourtexthere",
            "answerhere",
        ),
        *(
            "无",
            "暂无",
            "无内容",
            "无输入",
            "无输出",
            "没有输入",
            "没有输出",
            "待补充",
            "待完善",
            "待定",
            "待填写",
        ),
        *(
            "待更新",
            "同上",
            "如上",
            "略",
            "此处省略",
            "暂无数据",
            "暂无内容",
            "暂无回答",
            "占位符",
            "测试测试",
            "请填写",
        ),
        *("请输入", "空", "不适用", "未填写", "未提供", "无数据", "无回答"),
    }
)
"""Whole texts, once `_bare` has taken case, spaces, brackets and marks from them."""

_SLASHED: Final = frozenset(
    {"n/a", "n.a.", "n.a", "#n/a", "-", "--", "---", "...", "……", "…", "?", "？", "。", "."}
)
"""Whole texts that consist of marks, as they are but for case and white space."""

_NOT_BARE: Final = re.compile(r"[\s_\-–—<>\[\](){}\"'`*.,:;!。，、：；！（）【】「」“”‘’《》]+")

MARKER: Final = (
    r"(?i)(?:<|&lt;)\s*no[ _-]?(?:in|out)put\b[^>&\n]{0,120}(?:>|&gt;)|\[\s*no[ _-]?(?:in|out)put\s*\]"
    r"|(?:<|&lt;|\[)无输[入出](?:>|&gt;|\])"
)
"""RE2: the marker with which Self-Instruct and Alpaca say that a field is empty, wherever it stands."""

_OPENING: Final = re.compile(r"(?i)\s*no[ _-]?output\b")
_LOREM: Final = re.compile(r"(?i)\blorem ipsum dolor\b")
_BRACKETED: Final = re.compile(
    r"(?is)\s*(?:\[\s*(?:insert|your|output|add|put|image|picture|graph|chart|table|link)\b[^\[\]]{0,100}\]"
    r"|<\s*(?:insert|your|output|add|put|image of|picture|graph of|chart of|a |an |the )[^<>=]{0,100}>"
    r"|<(?:image|picture|graph|chart|logo|diagram|drawing|audio|video|map|photo|illustration|poster|sketch)>"
    r"|<[a-z][a-z]+[ /][a-z][^<>=/\"]{0,100}>"
    r"|【\s*(?:请|此处|在此|插入|填写)[^【】]{0,100}】)\s*\.?\s*"
)
"""One bracket and nothing else: `[insert chart]`, `<a drawing of a cat>`. Tags of HTML have no words inside them."""

_SLOT: Final = (
    r"\{\{\s*[A-Za-z_\p{Han}][\w .\p{Han}-]{0,40}\s*\}\}"
    r"|(?i:\[\s*(?:insert|your|enter|add|fill in|company|customer|client|recipient|sender)[ '’][^\[\]\n]{0,60}\])"
    r"|(?i:\[\s*(?:your )?(?:first |last |full )?(?:name|date|address|email|phone number|phone|company|"
    r"title|signature)\s*\])"
    r"|(?i:<\s*(?:insert|your|enter)[ _][^<>\n=]{0,60}>)"
    r"|[\[【<《(（{]\s*(?:请)?(?:填写|插入|输入|此处填写|您的|你的|在此)[^\]】>》)）}\n]{0,30}[\]】>》)）}]"
    r"|[\[【{](?:姓名|名字|日期|地址|公司|公司名称|电话|邮箱|产品名称|客户姓名|时间|金额|城市)[\]】}]"
)
"""RE2: a slot that somebody should have filled."""

_WANTED: Final = re.compile(
    r"(?i)template|placeholder|jinja|handlebars|mustache|vue|angular|liquid|blank|\{\{|模板|模版|占位|填空|范本|样例"
)
"""A request that wants slots in its answer."""


@lru_cache(maxsize=1)
def _slots() -> Any:
    import re2

    return re2.compile(_SLOT)


@lru_cache(maxsize=1)
def _marker() -> Any:
    import re2

    return re2.compile(MARKER)


def is_placeholder(text: str) -> bool:
    """Whether a whole text is a placeholder: "nooutput", "N/A", "TODO", "暂无", "[insert chart]"; never if empty."""
    if len(text) > _LONGEST:
        return False
    stripped = text.strip().lower()
    if not stripped:
        return False
    if len(stripped) <= _LONGEST_WORDS and (stripped in _SLASHED or _NOT_BARE.sub("", stripped) in _WHOLE):
        return True
    return text.lstrip()[:1] in "[<【" and _BRACKETED.fullmatch(text) is not None


_LONGEST: Final = 240
_LONGEST_WORDS: Final = 40
"""No bracket that is a placeholder is longer, and no words that are, in characters."""


def holds_placeholder(question: str, answer: str) -> bool:
    """Whether an answer is a placeholder, begins like one, or holds a marker or the printers' dummy text.

    Dummy text that the question brought is none of the answer's fault.
    """
    if is_placeholder(answer) or _OPENING.match(answer):
        return True
    if ("<" in answer or "[" in answer or "&lt;" in answer) and _marker().search(answer):
        return True
    return "orem" in answer and _LOREM.search(answer) is not None and not _LOREM.search(question)


def last_field_is_placeholder(text: str) -> bool:
    """Whether a question is a placeholder or its last line is one, as an empty input field leaves it."""
    tail = text.rstrip()
    return is_placeholder(tail) or is_placeholder(tail[tail.rfind("\n") + 1 :])


def unfilled_slots(question: str, answer: str) -> int:
    """How many slots (`{{name}}`, `[Your Name]`, 【请填写】) an answer leaves open, code blocks aside.

    0 where the question speaks of templates or has slots itself: there they are what was asked for.
    """
    if not ("[" in answer or "{{" in answer or "<" in answer or "【" in answer or "（请" in answer):
        return 0
    prose = "".join(answer.split("```")[::2]) if "```" in answer else answer
    found = sum(1 for _ in _slots().finditer(prose))
    if not found or _WANTED.search(question) or _slots().search(question):
        return 0
    return found
