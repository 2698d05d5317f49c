"""A language model for generations: varied texts that follow from the request, and what goes wrong, planted."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from assay.curate.batch import Batch
from assay.kernels.jaccard import similarity
from assay.llm.calling import Terms
from assay.llm.prices import list_prices
from assay.llm.wire import ApiKey
from assay.registry import Registry
from assay.registry.generation.generating import Order
from assay.registry.language_models import Endpoint, LanguageModels
from assay.testing.llm_call import Answer, Call
from assay.testing.llm_server import LlmServer

_ENGLISH = """order parcel invoice refund password account address courier window voucher receipt printer router
battery screen letter number delay week holiday branch office manager warehouse label colour size cable charger
keyboard licence backup server ticket customer driver garden kitchen lamp mirror bottle blanket candle basket ladder
hammer engine pedal saddle helmet jacket button zipper pocket ribbon thread needle carpet curtain pillow drawer shelf
handle hinge screw bucket sponge towel soap brush comb razor scissors paper pencil eraser notebook folder envelope
stamp parcelbox doorbell gate fence bench tree leaf branchlet river bridge tunnel station platform train seat""".split()  # noqa: SIM905
_CHINESE = (
    "订单退款包裹快递发票密码账号地址窗口优惠收据打印路由电池屏幕信件号码延误星期假期分店办公经理仓库标签颜色尺寸电线"
    "键盘许可备份服务器票据顾客司机花园厨房台灯镜子瓶子毯子蜡烛篮子梯子锤子引擎踏板头盔夹克纽扣拉链口袋丝带针线地毯窗帘"
    "枕头抽屉架子把手铰链螺丝水桶海绵毛巾肥皂刷子梳子剪刀纸张铅笔橡皮笔记文件信封邮票门铃栅栏长椅树叶河流桥梁隧道车站"
)


def made_up(call: Call) -> Answer:
    """Of a hundred answers 2 are refusals, 3 placeholders, 3 empty, 14 said (almost) before, and the rest new."""
    draw = random.Random(f"made up:{call.digest}")
    fate = draw.random()
    chinese = bool(re.search("[\u3400-\u9fff]", call.prompt))
    if fate < 0.02:
        return Answer(
            "抱歉，我无法协助处理这个请求。" if chinese else "I'm sorry, but I can't help with that.",
            "refusal",
        )
    if fate < 0.05:
        return Answer("[Insert the answer here] [Your Name]")
    if fate < 0.08:
        return Answer("  ")
    if fate < 0.22:
        # One of five texts, with another last word: near-duplicates, and some of them identical.
        known = random.Random(f"known:{chinese}:{draw.randrange(5)}")
        return Answer(text(known, chinese) + draw.choice(["。", "！", "", "？"]))
    return Answer(text(draw, chinese))


def text(draw: random.Random, chinese: bool) -> str:
    """A text of some forty words (or characters) unlike any other."""
    if chinese:
        return "".join(draw.choice(_CHINESE) for _ in range(60))
    words = [draw.choice(_ENGLISH) for _ in range(36)]
    return " ".join(words).capitalize()


TEMPLATE = {
    "id": "ticket-answer",
    "user": "Topic {{topic}}, in {{language}}, {{tone}}, to {{who}} of {{where}}: write.",
    "variables": {
        "topic": {"values": ["refund", "delivery", "login"]},
        "language": {"values": ["中文", "English"]},
        "tone": {"values": ["kind", "short"]},
        "who": {"values": [f"person {k}" for k in range(2_000)]},
        "where": {"values": [f"{k} {name} Road" for k in range(300) for name in ("Mill", "Church", "东湖")]},
    },
    "example": [
        {"role": "user", "content": "A ticket about {{topic}}, please."},
        {"role": "assistant", "content": "{{output}}"},
    ],
}
SHARES = {"topic": {"refund": 0.5, "delivery": 0.3, "login": 0.2}, "language": {"中文": 1.0, "English": 3.0}}


def models(server: LlmServer, budget: str | None = None, **terms: Any) -> LanguageModels:
    """The server as the provider `lab`, whose model `m` costs 1 dollar and 2 for a million tokens."""
    prices = list_prices().with_override(
        b'{"models": {"m": {"input": 1, "output": 2}, "n": {"input": 3, "output": 4}}}', "prices"
    )
    return LanguageModels(
        {"lab": Endpoint("openai", server.openai_url, ApiKey("any"))},
        prices,
        None if budget is None else Decimal(budget),
        Terms(**({"timeout": 10.0} | terms)),
    )


def order(n: int, **changes: Any) -> Order:
    """`n` examples of `helpdesk`, to two crossed quotas."""
    return Order(**({"dataset": "helpdesk", "template": TEMPLATE, "n": n, "models": ("lab/m",),
                     "shares": SHARES, "seed": 7} | changes))  # fmt: skip


def nearly_the_same(texts: Sequence[str], others: Sequence[str] = (), threshold: float = 0.7) -> list[float]:
    """The similarities of all pairs that are at least `threshold` alike, by brute force."""
    pairs = [(a, b) for at, a in enumerate(texts) for b in (*texts[at + 1 :], *others)]
    return [found for a, b in pairs if (found := similarity(a, b, 5)) >= threshold]


def texts_of(registry: Registry, ref: str) -> list[str]:
    """The full texts of a version, as near_dedup compares them."""
    payloads = [dict(example.payload) for example in registry.version(ref)]
    return Batch(payloads).texts
