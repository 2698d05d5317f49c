"""Write a help desk's raw tickets, with the truth beside them.

    python examples/helpdesk/generate.py OUT_DIR [--rows 5000] [--seed 7]

OUT_DIR/tickets-2024.jsonl and tickets-2025.jsonl hold {"id", "input", "output", "created_at", "agent"} a line;
OUT_DIR/truth.jsonl {"file", "line", "label", "twin_file"?, "twin_line"?} for every line that is not ordinary.

The same rows and seed give the same bytes on any machine.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import phrases as p
import planted

YEARS = (2024, 2025)
SHARES = {
    "exact_duplicate": 0.04, "near_duplicate": 0.07, "macro": 0.05, "non_answer": 0.06, "pii": 0.03,
    "too_short": 0.01, "truncated": 0.02, "repetitive": 0.01, "contradiction": 0.01, "broken": 0.003,
}  # fmt: skip
CHINESE = 0.12


@dataclass
class Desk:
    """One seeded help desk: what it wrote so far, and the truth about it."""

    chance: random.Random
    lines: dict[str, list[bytes]] = field(default_factory=dict)
    truth: list[dict[str, Any]] = field(default_factory=list)
    ordinary: list[tuple[str, int, str, str, bool]] = field(default_factory=list)
    tickets: int = 0

    def fill(self, text: str, chinese: bool, product: str) -> str:
        """A sentence with its slots filled."""
        chance = self.chance
        towns, names, days = (p.ZH_TOWNS, p.ZH_NAMES, p.ZH_DAYS) if chinese else (p.TOWNS, p.NAMES, p.DAYS)
        letters = "BCDFGHKMPRTVX"
        return text.format(
            product=product, n=chance.randrange(2, 12), many=chance.randrange(13, 480), town=chance.choice(towns),
            town2=chance.choice(towns), name=chance.choice(names), day=chance.choice(days),
            code=chance.choice(letters) + chance.choice(letters) + str(chance.randrange(100, 10_000)),
        )  # fmt: skip

    def ticket(self, chinese: bool) -> tuple[str, str]:
        """A question and its answer, unlike the others."""
        chance = self.chance
        if chinese:
            product = chance.choice(p.ZH_PRODUCTS)
            asked = [chance.choice(p.ZH_OPENINGS) + "我们的" + product + chance.choice(p.ZH_SYMPTOMS) + "。"]
            asked += self.some(p.ZH_CONTEXT, 1, 3)
            said = [*self.some(p.ZH_STEPS, 2, 5), chance.choice(p.ZH_CLOSINGS)]
            gap = ""
        else:
            product = chance.choice(p.PRODUCTS)
            asked = [chance.choice(p.OPENINGS), f"our {product} {chance.choice(p.SYMPTOMS)}."]
            asked += self.some(p.CONTEXT, 1, 4)
            said = [chance.choice(p.REASONS), *self.some(p.STEPS, 2, 5), *self.some(p.CLOSINGS, 1, 2)]
            gap = " "
        return gap.join(self.fill(s, chinese, product) for s in asked), gap.join(
            self.fill(s, chinese, product) for s in said
        )

    def some(self, pool: list[str], least: int, most: int) -> list[str]:
        """Between `least` and `most` different entries of a pool."""
        chosen: list[str] = []
        for _ in range(self.chance.randrange(least, most + 1)):
            left = [entry for entry in pool if entry not in chosen]
            chosen.append(self.chance.choice(left))
        return chosen

    def write(
        self, year: int, asked: str, said: str, label: str | None = None, twin: tuple[str, int] | None = None
    ) -> None:
        """One ticket in its year's file, and the truth about it when it is not ordinary."""
        self.tickets += 1
        record = {
            "id": f"T{self.tickets:06}", "input": asked, "output": said,
            "created_at": f"{year}-{self.chance.randrange(1, 13):02}-{self.chance.randrange(1, 29):02}",
            "agent": self.chance.choice(p.NAMES).lower(),
        }  # fmt: skip
        self.put(year, json.dumps(record, ensure_ascii=False).encode(), label, twin)

    def put(self, year: int, line: bytes, label: str | None, twin: tuple[str, int] | None = None) -> None:
        """A raw line, whatever it holds."""
        file = f"tickets-{year}.jsonl"
        self.lines.setdefault(file, []).append(line)
        if label is not None:
            entry: dict[str, Any] = {"file": file, "line": len(self.lines[file]), "label": label}
            if twin is not None:
                entry |= {"twin_file": twin[0], "twin_line": twin[1]}
            self.truth.append(entry)

    def add(self, year: int) -> None:
        """The next line of a year: most are ordinary, some are not."""
        chance = self.chance
        draw, label = chance.random(), None
        for name, share in SHARES.items():
            if draw < share:
                label = name
                break
            draw -= share
        chinese = chance.random() < CHINESE
        if label in ("exact_duplicate", "near_duplicate", "contradiction") and self.ordinary:
            self.again(year, label)
        elif label == "macro":
            self.macro(year)
        elif label == "broken":
            self.broken(year)
        else:
            self.planted(
                year,
                label if label not in ("exact_duplicate", "near_duplicate", "contradiction") else None,
                chinese,
            )

    def planted(self, year: int, label: str | None, chinese: bool) -> None:
        """A ticket of its own; `label` says what is wrong with it."""
        chance = self.chance
        asked, said = self.ticket(chinese)
        if label == "non_answer":
            said = chance.choice(p.ZH_NON_ANSWERS if chinese else p.NON_ANSWERS)
        elif label == "pii":
            asked += ("" if chinese else " ") + planted.personal(chance, chinese)
        elif label == "too_short":
            said = chance.choice(["", "OK", "好", "?"])
        elif label == "truncated":
            said = said[: len(said) * chance.randrange(30, 70) // 100].rstrip(".。 ")
        elif label == "repetitive":
            said = planted.circling(chance, chinese)
        self.write(year, asked, said, label)
        if label is None:
            file = f"tickets-{year}.jsonl"
            self.ordinary.append((file, len(self.lines[file]), asked, said, chinese))

    def again(self, year: int, label: str) -> None:
        """An ordinary ticket once more: retyped, a little changed, or with another answer."""
        file, line, asked, said, chinese = self.chance.choice(self.ordinary)
        if label == "exact_duplicate":
            self.write(year, planted.retyped(self.chance, asked), said, label, (file, line))
        elif label == "contradiction":
            self.write(year, asked, self.ticket(chinese)[1], label, (file, line))
        else:
            other = planted.nearly(self.chance, said)
            similar = planted.jaccard(f"{asked}\n{said}", f"{asked}\n{other}")
            self.write(
                year, asked, other, label if similar >= 0.8 else "near_duplicate_below_0.8", (file, line)
            )

    def macro(self, year: int) -> None:
        """A canned answer to one of few questions."""
        which = self.chance.randrange(len(p.MACROS))
        asked = self.chance.choice(p.MACRO_QUESTIONS[which])
        self.write(year, asked, planted.nearly(self.chance, p.MACROS[which]), "macro")

    def broken(self, year: int) -> None:
        """A line that is no record."""
        whole = json.dumps(
            {"id": "T?", "input": self.ticket(False)[0], "output": "…"}, ensure_ascii=False
        ).encode()
        damage = self.chance.randrange(3)
        if damage == 0:
            whole = whole[: len(whole) // 2]
        elif damage == 1:
            whole = whole.replace(b'"output"', b"output")
        else:
            whole = whole[:40] + b"\xff\xfe" + whole[40:]
        self.put(year, whole, "broken")


def generate(rows: int, seed: int) -> tuple[dict[str, bytes], bytes]:
    """File name → bytes of the tickets, and the bytes of the truth."""
    desk = Desk(random.Random(seed))
    for number in range(rows):
        desk.add(YEARS[number * len(YEARS) // rows])
    files = {name: b"\n".join(lines) + b"\n" for name, lines in desk.lines.items()}
    truth = "".join(json.dumps(entry) + "\n" for entry in desk.truth)
    return files, truth.encode()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    files, truth = generate(arguments.rows, arguments.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (arguments.out / name).write_bytes(data)
    (arguments.out / "truth.jsonl").write_bytes(truth)
    print(f"{arguments.rows:,} tickets in {', '.join(files)} under {arguments.out}")


if __name__ == "__main__":
    main()
