"""How a golden registry was made: `python tests/golden/make.py FOLDER`, once for each format of the registry.

A golden registry is committed and read for ever. It is never made again.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import assay


def rows(first, count):
    return [
        {
            "id": f"T{n}",
            "input": f"The printer on floor {n} shows error {n * 7919 % 9973}. 打印机坏了",
            "output": f"Please replace cartridge {n * 104729 % 7919} and restart it {n} times. 请重启",
        }
        for n in range(first, first + count)
    ]


def main(folder: Path) -> None:
    clock = iter(datetime(2026, 11, 1, 12, minute, tzinfo=UTC) for minute in range(60))
    registry = assay.init(folder, actor="mira", clock=lambda: next(clock))
    one, two = folder.with_name("one.jsonl"), folder.with_name("two.jsonl")
    year_one = rows(0, 40)
    one.write_text(
        "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in [*year_one, year_one[3]]) + "{broken\n"
    )
    edited = {**year_one[5], "output": "Ask Mira, who has the key to the cabinet. 问米拉"}
    two.write_text(
        "".join(
            json.dumps(r, ensure_ascii=False) + "\n"
            for r in [*year_one[:5], edited, *year_one[6:30], *rows(50, 3)]
        )
    )
    registry.curate("helpdesk", [str(one)], message="year one")
    registry.curate("helpdesk", [str(two)], message="year two")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
