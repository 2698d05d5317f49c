"""Does curation help? Tiny models learn from raw tickets and from curated ones, and are asked the same questions.

    python examples/training/train.py FOLDER [--seeds 3] [--steps 100] [--rows 3000] [--mlflow]

FOLDER (emptied first) gets a registry with `helpdesk@v1` (the tickets as they came), `helpdesk@v2` (curated) and the
frozen eval set `helpdesk-eval`; one training a version and seed, each with a receipt; and `results/RUN.jsonl`, one
line an item of the eval set: {"item", "question", "score", "tags"}. The score is the mean log-probability of a token of
the right answer: higher is better, and only differences mean something, for the model is tiny and knows nothing else.

Needs `pip install 'assay-data[train]' torch trl datasets` (and mlflow with --mlflow). No network, no GPU.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import fmean
from typing import Any

for name, value in {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "WANDB_DISABLED": "true",
}.items():
    os.environ.setdefault(name, value)
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpdesk"))

import torch  # noqa: E402
from datasets import disable_progress_bars, load_dataset  # noqa: E402
from tiny import LONGEST, tiny_model, tiny_tokenizer  # noqa: E402
from trl import SFTConfig, SFTTrainer  # noqa: E402

import assay  # noqa: E402
from assay.model.example import Example  # noqa: E402
from generate import generate  # noqa: E402

MARK = "runs-of-assay.txt"
BATCH = 8
VERSIONS = ("helpdesk@v1", "helpdesk@v2")


def main() -> None:
    asked = options()
    folder: Path = asked.folder
    started = time.monotonic()
    registry, items = prepare(folder, asked.rows, asked.items)
    texts = (e.input + "\n" + e.output for ref in VERSIONS for e in registry.version(ref))
    tokenizer = tiny_tokenizer(texts)
    scores: dict[str, list[float]] = {ref: [] for ref in VERSIONS}
    for seed in range(1, asked.seeds + 1):
        for ref in VERSIONS:
            run = f"{ref.replace('@', '-')}-seed-{seed}"
            with tracked(asked.mlflow, folder, run):
                mean = train(registry, folder, ref, run, seed, asked, tokenizer, items)
            scores[ref].append(mean)
            print(f"{run:<20} {mean:8.4f}   {time.monotonic() - started:6.1f} s", flush=True)
    report(folder, scores)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3, help="trainings a version")
    parser.add_argument("--steps", type=int, default=100, help="steps a training: the same for both versions")
    parser.add_argument("--rows", type=int, default=3_000, help="raw tickets")
    parser.add_argument("--items", type=int, default=200, help="items of the eval set")
    parser.add_argument("--mlflow", action="store_true", help="tell MLflow too, in FOLDER/mlflow.db")
    return parser.parse_args()


def prepare(folder: Path, rows: int, count: int) -> tuple[Any, list[Example]]:
    """A registry with both versions and the frozen eval set, and its items."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise SystemExit(f"{folder} holds something else; name another folder")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "results").mkdir(parents=True)
    (folder / MARK).write_text("examples/training/train.py empties this folder\n", "utf-8")
    disable_progress_bars()
    registry = assay.init(folder / "registry")
    raw = []
    for name, data in generate(rows, 7)[0].items():
        (folder / name).write_bytes(data)
        raw.append(str(folder / name))
    registry.import_("helpdesk", raw, message="as they came")
    evals = folder / "eval.jsonl"
    evals.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ordinary(count)), "utf-8")
    registry.freeze("helpdesk-eval", [str(evals)])
    curated = registry.curate("helpdesk", raw, message="curated")
    print(f"v1: {len(registry.version('helpdesk@v1')):,} examples as they came; v2: {curated.kept:,} curated")
    turns = (json.loads(line) for line in evals.read_text("utf-8").splitlines())
    return registry, [
        Example.of({"messages": [{"role": "user", "content": row["input"]},
                                 {"role": "assistant", "content": row["output"]}]})
        for row in turns
    ]  # fmt: skip


def ordinary(count: int) -> list[dict[str, str]]:
    """Tickets of another seed with nothing wrong about them."""
    files, truth = generate(count * 2, 99)
    planted = {(entry["file"], entry["line"]) for entry in map(json.loads, truth.splitlines())}
    good = [
        json.loads(line)
        for name, data in sorted(files.items())
        for number, line in enumerate(data.splitlines(), 1)
        if (name, number) not in planted
    ]
    return [{"input": row["input"], "output": row["output"]} for row in good[:count]]


def train(  # noqa: PLR0913 - what makes a run
    registry: Any,
    folder: Path,
    ref: str,
    run: str,
    seed: int,
    asked: Any,
    tokenizer: Any,
    items: list[Example],
) -> float:
    """Train one model, attach what it says of each item to its run, and put the mean into its receipt; the mean."""
    data = folder / "data" / ref
    if not data.exists():
        registry.export(f"{ref}:train", str(data), format="trl", as_type="prompt-completion")
    rows = load_dataset("json", data_files=str(data / "train.jsonl"), cache_dir=str(folder / "cache"))[
        "train"
    ]
    callback = registry.runs.callback(f"{ref}:train", run=run, trackers=("mlflow",) if asked.mlflow else ())
    trainer = SFTTrainer(
        model=tiny_model(tokenizer, seed),
        args=SFTConfig(
            output_dir=str(folder / "out" / run), seed=seed, max_steps=asked.steps, per_device_train_batch_size=BATCH,
            learning_rate=3e-3, warmup_steps=10, max_length=LONGEST, logging_steps=20, save_strategy="no",
            report_to=[], disable_tqdm=True, use_cpu=True, dataloader_pin_memory=False,
        ),
        train_dataset=rows,
        processing_class=tokenizer,
        callbacks=[callback],
    )  # fmt: skip
    trainer.remove_callback(
        next(c for c in trainer.callback_handler.callbacks if type(c).__name__ == "PrinterCallback")
    )
    with callback:
        trainer.train()
    found = [measure(trainer.model, tokenizer, item) for item in items]
    with (folder / "results" / f"{run}.jsonl").open("w", encoding="utf-8") as file:
        for item, score in zip(items, found, strict=True):
            line = {"item": item.name, "question": item.input, "score": round(score, 6),
                    "tags": {"language": language(item.input)}}  # fmt: skip
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    registry.runs.end(callback.receipt, "finished", {"answer_log_probability": fmean(found)})
    registry.results.attach(run, [str(folder / "results" / f"{run}.jsonl")], evaluation="helpdesk-eval")
    return fmean(found)


@torch.no_grad()
def measure(model: Any, tokenizer: Any, item: Example) -> float:
    """The mean log-probability of a token of the right answer, given the question."""
    messages = item.payload["messages"]
    asked = tokenizer.apply_chat_template(messages[:1], tokenize=False, add_generation_prompt=True)
    whole = tokenizer.apply_chat_template(messages, tokenize=False)
    start = len(tokenizer(asked)["input_ids"])
    ids = torch.tensor([tokenizer(whole)["input_ids"][:LONGEST]])
    known = torch.log_softmax(model.eval()(input_ids=ids).logits[0, :-1].float(), dim=-1)
    said = known.gather(1, ids[0, 1:, None])[start - 1 :, 0]
    return float(said.mean())


def language(text: str) -> str:
    return "zh" if any("\u4e00" <= letter <= "\u9fff" for letter in text) else "en"


@contextlib.contextmanager
def tracked(asked: bool, folder: Path, run: str) -> Any:
    """A run of MLflow around a training, where one is asked for."""
    if not asked:
        yield
        return
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{(folder / 'mlflow.db').absolute()}")
    mlflow.set_experiment("helpdesk")
    with mlflow.start_run(run_name=run):
        yield


def report(folder: Path, scores: dict[str, list[float]]) -> None:
    """What came out, and what to ask next."""
    print()
    for ref, found in scores.items():
        print(
            f"{ref}  mean {fmean(found):.4f} over {len(found)} seeds: {' '.join(f'{one:.4f}' for one in found)}"
        )
    print(flush=True)
    registry = ["--registry", str(folder / "registry")]
    subprocess.run([sys.executable, "-m", "assay.cli.main", "compare", *VERSIONS, *registry], check=True)
    words = " ".join(registry)
    print(f"\nYour turn\n  assay runs list {words}\n  assay runs show helpdesk-v2-seed-1 {words}")
    print(f"  assay compare {' '.join(VERSIONS)} --json {words}\n  assay serve {words}")


if __name__ == "__main__":
    main()
