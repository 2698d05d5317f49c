"""Invented requests and answers, in English and Chinese, for the corpora of corpus.py.

Nothing here was taken from a dataset: every template, word list and name was written for this file. A slot
`{noun}` is filled from the list of that name, `{name}` with a made-up proper name and `{n}` with a number, so that
two rows which were not planted as a pair share words but hardly ever whole passages.
"""

from __future__ import annotations

import random

ENGLISH: dict[str, list[str]] = {
    "ask": [
        "How do I {verb} the {adjective} {noun} of {name} before the {event}?",
        "Explain to a {person} why a {adjective} {noun} should {verb} a {noun2}.",
        "Write {n} lines about a {person} who wants to {verb} a {noun} near {name}.",
        "Our {noun} at {name} began to {verb} after the {event}; what is the next step?",
        "Compare the {noun} of {name} with a {adjective} {noun2}.",
        "Give me {n} reasons for a {person} not to {verb} any {noun} during the {event}.",
        "Which {noun} is best when the {noun2} has been {adjective} for {n} days?",
        "Turn these notes from {name} into a plan: {noun}, {noun2}, {event}.",
    ],
    "say": [
        "A {person} from {name} would first {verb} the {noun}, then wait {n} minutes.",
        "The {adjective} {noun} is older than the {noun2}, which makes the {event} easier to follow.",
        "Without a {noun2}, nobody can {verb} more than {n} of them in one afternoon.",
        "In {name}, the {noun} was {adjective} until a {person} brought a second {noun2}.",
        "Keep the {noun} dry, because a {adjective} {noun2} can {verb} it within {n} hours.",
        "Most people forget that the {event} starts when the {noun} begins to {verb}.",
        "Step {n}: {verb} the {noun} gently and write down what the {person} sees.",
        "If the {noun2} looks {adjective}, call {name} and ask for the {noun} again.",
        "There are {n} ways to {verb} a {noun}, and {name} recommends the {adjective} one.",
        "After the {event}, the {person} carried the {noun} back to {name} by hand.",
        "It costs about {n} coins to {verb} a {adjective} {noun2}, less during the {event}.",
        "Compared with {name}, our {noun} needs no {noun2} at all and stays {adjective}.",
    ],
    "verb": (
        "repair measure polish replace borrow weigh label fold rinse anchor sketch count heat cool grind sharpen "
        "unwrap seal hoist paint trace balance sift mend carve soak stack tune varnish inspect loosen tighten ferry "
        "survey harvest graft prune rotate calibrate archive translate rehearse"
    ).split(),
    "noun": (
        "lantern kettle compass bicycle greenhouse violin harbour notebook telescope bakery windmill orchard ledger "
        "staircase aquarium printer sailboat beehive quarry carousel lighthouse chimney tractor pendulum mosaic "
        "umbrella tapestry fountain locomotive vineyard barometer hammock chessboard accordion glacier viaduct "
        "pottery wheelbarrow observatory trumpet bookshelf drawbridge thermostat sundial"
    ).split(),
    "noun2": (
        "rope blanket funnel hinge magnet ladder candle filter gasket bucket spindle mirror pulley valve crate spring "
        "wick bracket needle basket lever gauge saddle cork stencil mallet anvil bobbin rudder bellows chisel sieve "
        "clamp trowel awning pedal flask"
    ).split(),
    "adjective": (
        "narrow copper muddy foldable silent amber wooden crooked hollow frozen spotless patched borrowed marble "
        "striped brittle oval rusty woven slippery fragrant tilted waxed vintage magnetic lopsided airtight velvet "
        "speckled portable ceramic dented luminous"
    ).split(),
    "person": (
        "gardener librarian sailor apprentice botanist courier tailor watchmaker miller surveyor juggler translator "
        "glazier archivist shepherd plumber cartographer conductor locksmith weaver beekeeper pharmacist"
    ).split(),
    "event": (
        "spring flood|harvest fair|annual audit|long drought|night market|school concert|boat race|power cut|town "
        "meeting|book sale|first frost|moving day|lantern parade|chess tournament|summer closing"
    ).split("|"),
}

CHINESE: dict[str, list[str]] = {
    "ask": [
        "请问{name}的{noun}在{event}之前应该怎样{verb}？",
        "请向一位{person}说明，为什么{adjective}的{noun}需要{noun2}。",
        "写{n}句话，讲一位{person}在{name}{verb}{noun}的经过。",
        "我们{name}的{noun}在{event}以后变得{adjective}，下一步怎么办？",
        "比较{name}的{noun}和{adjective}的{noun2}。",
        "{event}期间不宜{verb}{noun}，请给出{n}条理由。",
    ],
    "say": [
        "{name}的{person}通常先{verb}{noun}，再等{n}分钟。",
        "{adjective}的{noun}比{noun2}更早出现，所以{event}并不难懂。",
        "没有{noun2}，一个下午最多只能{verb}{n}件。",
        "在{name}，{noun}一直很{adjective}，直到{person}带来了另一个{noun2}。",
        "请保持{noun}干燥，{adjective}的{noun2}会在{n}小时内把它弄坏。",
        "很多人忘了，{noun}开始{verb}的时候，{event}就已经开始了。",
        "第{n}步：轻轻{verb}{noun}，并记下{person}看到的情况。",
        "如果{noun2}看起来{adjective}，就给{name}打电话，再要一份{noun}。",
        "{event}结束后，{person}亲手把{noun}送回了{name}。",
        "{verb}一个{adjective}的{noun2}大约要{n}元，{event}期间会便宜一些。",
    ],
    "verb": "修理 测量 擦亮 更换 借用 称量 折叠 冲洗 描绘 清点 加热 冷却 打磨 密封 粉刷 平衡 缝补 雕刻 浸泡 堆放 检查 拧紧 运送 嫁接".split(),
    "noun": (
        "灯笼 水壶 罗盘 自行车 温室 小提琴 码头 笔记本 望远镜 面包房 风车 果园 账本 楼梯 鱼缸 打印机 帆船 蜂箱 灯塔 烟囱 拖拉机 雨伞 挂毯 "
        "喷泉 机车 葡萄园 气压计 吊床 棋盘 手风琴 书架 日晷"
    ).split(),
    "noun2": "绳子 毯子 漏斗 铰链 磁铁 梯子 蜡烛 滤网 垫圈 水桶 镜子 滑轮 阀门 木箱 弹簧 支架 篮子 杠杆 马鞍 软木塞 木槌 筛子 夹子".split(),
    "adjective": "狭窄 泥泞 安静 弯曲 空心 冰冷 干净 脆弱 生锈 光滑 芳香 倾斜 古老 沉重 明亮 斑驳 轻便 潮湿 结实 陈旧".split(),
    "person": "园丁 图书管理员 水手 学徒 植物学家 邮差 裁缝 钟表匠 磨坊主 翻译 档案员 牧羊人 水管工 锁匠 织布工 养蜂人 药剂师".split(),
    "event": "春汛 丰收节 年终盘点 大旱 夜市 学校音乐会 龙舟赛 停电 居民大会 旧书市集 初霜 搬家日 灯会 象棋比赛".split(),
}

OPENINGS = "b br c ch d dr f fl g gr h j k kl l m n p pr qu r s sh sk st t th tr v w y z".split()
VOWELS = "a e i o u ai au ea ie oo ou".split()
ENDINGS = "b ck d ff g l ll m mp n nd ng nt p r rn s sk st t th x".split()
SURFACE = "安白北长成川春大德东方丰福高谷光海和河红湖华黄江金静居康兰乐丽林灵岭龙梅明南宁平青泉仁荣山石水松泰天桐万文溪晓新星秀雅阳永玉园云正中竹紫"


def _name(chance: random.Random, chinese: bool) -> str:
    if chinese:
        return "".join(chance.choice(SURFACE) for _ in range(3)) + chance.choice("镇村站馆坊")
    syllables = [chance.choice(OPENINGS) + chance.choice(VOWELS) for _ in range(chance.randrange(1, 4))]
    return ("".join(syllables) + chance.choice(ENDINGS)).capitalize()


def sentence(chance: random.Random, chinese: bool, kind: str = "say") -> str:
    """One sentence: kind `ask` is a request, `say` a part of an answer."""
    words = CHINESE if chinese else ENGLISH
    slots = {
        slot: chance.choice(words[slot]) for slot in ("verb", "noun", "noun2", "adjective", "person", "event")
    }
    number = chance.randrange(2, 1000)
    return chance.choice(words[kind]).format(name=_name(chance, chinese), n=number, **slots)


def _contact(chance: random.Random, chinese: bool) -> str:
    """An address and a number that belong to nobody: a reserved domain, the range kept free for fiction."""
    address = f"{_name(chance, False).lower()}@example.org"
    number = f"{chance.randrange(201, 990)}-555-01{chance.randrange(100):02d}"
    return f"请写信到 {address} 或致电 {number}。" if chinese else f"Write to {address} or call {number}."


def row(chance: random.Random, chinese: bool) -> tuple[str, str]:
    """A request and an answer of two to twelve sentences, in one language; one in a hundred names a contact."""
    count = chance.choice((2, 3, 3, 4, 4, 5, 6, 8, 10, 12))
    said = [sentence(chance, chinese) for _ in range(count)]
    if chance.random() < 0.01:
        said.append(_contact(chance, chinese))
    return sentence(chance, chinese, "ask"), ("" if chinese else " ").join(said)


def word(chance: random.Random, chinese: bool) -> str:
    """A word (English) or a character (Chinese) to put into a text."""
    words = CHINESE if chinese else ENGLISH
    found = chance.choice(words[chance.choice(("verb", "noun", "noun2", "adjective", "person"))])
    return chance.choice(found) if chinese else found
