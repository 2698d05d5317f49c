"""A language model for generations: varied texts that follow from the request, and what goes wrong, planted."""

from __future__ import annotations

import random
import re

from assay.testing.llm_call import Answer, Call

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
    """Of a hundred answers 2 are refusals, 3 placeholders, 2 empty, 10 said (almost) before, and the rest new."""
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
    if fate < 0.07:
        return Answer("  ")
    if fate < 0.17:
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
