"""What is planted among the tickets, so that one knows what a curation should find."""

from __future__ import annotations

import random

LUHN_PREFIXES = ("4539", "5412", "6228")
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def jaccard(a: str, b: str) -> float:
    """Similarity of two texts as sets of 5-character shingles, lower case, white space folded."""
    one, two = (" ".join(text.lower().split()) for text in (a, b))
    first, second = ({text[k : k + 5] for k in range(max(1, len(text) - 4))} for text in (one, two))
    return len(first & second) / len(first | second)


def card_number(chance: random.Random) -> str:
    """A card number with a valid check digit that no bank gave to anybody."""
    digits = [int(c) for c in chance.choice(LUHN_PREFIXES)] + [chance.randrange(10) for _ in range(11)]
    total = sum(d if k % 2 else (2 * d - 9 if d > 4 else 2 * d) for k, d in enumerate(digits))
    digits.append(-total % 10)
    text = "".join(map(str, digits))
    return " ".join(text[k : k + 4] for k in range(0, 16, 4))


def id_card(chance: random.Random) -> str:
    """A Chinese identity card number with a valid check character and a made-up person."""
    stem = f"{chance.randrange(110101, 659001):06}{chance.randrange(1950, 2005)}"
    stem += f"{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}{chance.randrange(1000):03}"
    total = sum(weight * int(c) for weight, c in zip(ID_WEIGHTS, stem, strict=True))
    return stem + "10X98765432"[total % 11]


def personal(chance: random.Random, chinese: bool) -> str:
    """A sentence with fake personal data in it."""
    digits = "".join(str(chance.randrange(10)) for _ in range(8))
    if chinese:
        return chance.choice(
            [
                f"我的手机号是138{digits}，请打给我。",
                f"身份证号{id_card(chance)}，请核实。",
                f"邮箱是user{digits[:4]}@example.cn。",
            ]
        )
    return chance.choice(
        [
            f"You can reach me at colleague{digits[:4]}@example.com.",
            f"Call me back on (212) 555-{digits[:4]}.",
            f"My social security number is 212-{int(digits[:2]) % 89 + 10}-{int(digits[2:6]) % 8999 + 1000}.",
            f"I paid with card {card_number(chance)}.",
            f"It comes from the address 93.184.{int(digits[:2])}.{int(digits[2:4]) + 1}.",
        ]
    )


def retyped(chance: random.Random, text: str) -> str:
    """The same words in other case, white space or character width."""
    change = chance.randrange(3)
    if change == 0:
        return text.upper()
    if change == 1:
        return text.replace(" ", "  ") + " "
    return text.translate({k: k + 0xFEE0 for k in range(0x30, 0x3A)})


def nearly(chance: random.Random, text: str) -> str:
    """The text with one word or character changed."""
    if " " in text:
        words = text.split(" ")
        words[chance.randrange(len(words))] = chance.choice(["really", "kindly", "now", "again", "simply"])
        return " ".join(words)
    at = chance.randrange(len(text))
    return text[:at] + chance.choice("请再先已也") + text[at + 1 :]


def circling(chance: random.Random, chinese: bool) -> str:
    """An answer that goes round in circles."""
    phrase = "请重启一下设备，" if chinese else "please restart the device and "
    return phrase * chance.randrange(14, 30)
