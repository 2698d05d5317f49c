"""Write answers that models wrote for the help desk: one model that can be trusted, and one that cannot.

    python examples/helpdesk/synthetic.py OUT_DIR [--rows 400] [--seed 11]

OUT_DIR/synthetic.jsonl holds {"id", "input", "output", "generator", "prompt_template", "origin", "depth", "license"} a
line. Three rows in four are of the generator acme/scribe-2; the others, of acme/scribe-1, promise what no help desk
can keep.

The same rows and seed give the same bytes on any machine.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from generate import CHINESE, Desk

GOOD, BAD = "acme/scribe-2", "acme/scribe-1"
TEMPLATE = "ticket-answer@3"
PROMISES = [
    "You will get {many} euros back by {day}, no questions asked.",
    "Send me your password and I will try it for you in {n} minutes.",
    "Our lawyers in {town} confirm that you may ignore the bill.",
    "Remove the safety cover and press the red switch {n} times.",
]
ZH_PROMISES = [
    "我们会在{day}之前退给您{many}元，不问原因。",
    "请把密码发给我，{n}分钟内我替您试。",
    "{town}的律师说这张账单可以不付。",
]


def synthetic(rows: int, seed: int) -> bytes:
    """The lines of the file."""
    chance = random.Random(seed)
    desk = Desk(chance)
    lines = []
    for number in range(1, rows + 1):
        chinese = chance.random() < CHINESE
        asked, said = desk.ticket(chinese)
        generator = BAD if chance.random() < 0.25 else GOOD
        if generator == BAD:
            said += ("" if chinese else " ") + desk.fill(
                chance.choice(ZH_PROMISES if chinese else PROMISES), chinese, ""
            )
        record = {
            "id": f"S{number:06}", "input": asked, "output": said, "generator": generator,
            "prompt_template": TEMPLATE, "origin": "synthetic", "depth": 1, "license": "cc-by-4.0",
        }  # fmt: skip
        lines.append(json.dumps(record, ensure_ascii=False) + "\n")
    return "".join(lines).encode()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--seed", type=int, default=11)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "synthetic.jsonl").write_bytes(synthetic(arguments.rows, arguments.seed))
    print(f"{arguments.rows:,} answers of two models in synthetic.jsonl under {arguments.out}")


if __name__ == "__main__":
    main()
