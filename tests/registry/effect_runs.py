"""A dataset in two versions, and runs on both whose results were planted."""

import csv
import json

import numpy as np

import assay

TOPICS = ("refunds", "billing", "shipping", "退款")
EFFECTS = {"refunds": 0.30, "billing": 0.0, "shipping": -0.25, "退款": 0.0}
ITEMS = 240


def row(k, topic):
    if topic == "退款":
        return {
            "instruction": f"第{k}个问题：订单{k * 7}怎么退款？",
            "output": f"请查看第{k}页。",
            "category": topic,
        }
    return {
        "instruction": f"Question {k}: how does case {k * 7} of {topic} work?",
        "output": f"See page {k}.",
        "category": topic,
    }


def registry(root):
    """`helpdesk@v2` has 60 rows of refunds more than v1, 10 fewer, and 15 of a topic that nobody measures."""
    first = [row(k, TOPICS[k % 4]) for k in range(200)]
    gone = {4 * k for k in range(10)}
    second = [one for k, one in enumerate(first) if k not in gone]
    second += [row(1_000 + k, "refunds") for k in range(60)] + [row(2_000 + k, "warranty") for k in range(15)]
    made = assay.init(root / "registry", actor="mira")
    for number, rows in enumerate((first, second), 1):
        path = root / f"v{number}.jsonl"
        path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows))
        made.import_("helpdesk", [str(path)])
    return made


def results(root, version, seed, *, items=ITEMS, tags=True, effects=EFFECTS):
    """What one run scored, as CSV; its path."""
    rng = np.random.default_rng([version, seed])
    hard = np.random.default_rng(1).normal(0, 0.2, items)
    path = root / f"v{version}-s{seed}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["item", "question", "category", "score", "seed"] if tags else ["item", "score"])
        for k in range(items):
            topic = TOPICS[k % 4]
            score = 0.5 + hard[k] + (effects[topic] if version == 2 else 0) + rng.normal(0, 0.05)
            asked = row(9_000 + k, topic)["instruction"]
            out.writerow([f"q{k:04}", asked, topic, score, seed] if tags else [f"q{k:04}", score])
    return path


def linked(root, made, runs=3):
    """Runs on both versions, their results attached."""
    for version in (1, 2):
        for seed in range(runs):
            name = f"ft-v{version}-s{seed}"
            made.runs.link(f"helpdesk@v{version}", name)
            made.results.attach(name, [str(results(root, version, seed))], evaluation="support")
    return made
