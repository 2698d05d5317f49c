"""The callback, `assay run` and exported rows, with the real trainers of TRL on a tiny model."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.formats.training.trl import TYPES
from assay.registry import Registry

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
for name in ("torch", "transformers", "trl", "datasets"):
    pytest.importorskip(name, reason=f"{name} is not installed: pip install --group interop")

sys.path.insert(0, str(EXAMPLES / "training"))
from tiny import TEMPLATE, tiny_model, tiny_tokenizer  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
ASKED = ["退款怎么办理", "where is my order", "how do I reset it", "发票开错了", "the printer is stuck"]
TOOLS = [
    {
        "type": "function",
        "function": {"name": "find", "description": "finds", "parameters": {"type": "object"}},
    }
]


@pytest.fixture(scope="module", autouse=True)
def offline() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"HF_HUB_OFFLINE": "1", "WANDB_DISABLED": "true", "TOKENIZERS_PARALLELISM": "false",
                            "CUDA_VISIBLE_DEVICES": "", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}.items():  # fmt: skip
            patch.setenv(name, value)
        yield


def conversation(n: int) -> dict[str, Any]:
    asked = f"{ASKED[n % 5]} {n}"
    turns = [
        {"role": "human", "content": asked},
        {"role": "gpt", "content": f"Step {n % 7}: 请看第 {n} 页。"},
    ]
    if n % 6 == 0:
        argument = {"page": n} if n % 12 else {"words": [asked]}
        call = {"id": "c", "type": "function", "function": {"name": "find", "arguments": argument}}
        turns[1:1] = [{"role": "assistant", "content": "", "tool_calls": [call]},
                      {"role": "tool", "tool_call_id": "c", "content": "found"}]  # fmt: skip
        return {"messages": turns, "tools": TOOLS}
    return {"messages": turns}


DATA: dict[str, list[dict[str, Any]]] = {
    "chat": [conversation(n) for n in range(36)],
    "text": [{"text": f"{ASKED[n % 5]}：第 {n} 次。"} for n in range(12)],
    "pairs": [{"prompt": f"{ASKED[n % 5]} {n}", "completion": f"do {n}"} for n in range(12)],
    "prefs": [{"prompt": f"{ASKED[n % 5]} {n}", "chosen": f"do {n}", "rejected": f"no {n}"} for n in range(12)],
    "chatprefs": [
        {"prompt": [{"role": "user", "content": f"{ASKED[n % 5]} {n}"}],
         "chosen": [{"role": "assistant", "content": f"do {n}"}],
         "rejected": [{"role": "assistant", "content": f"no {n}"}]}
        for n in range(12)
    ],
    "labelled": [{"prompt": f"{ASKED[n % 5]} {n}", "completion": f"do {n}", "label": n % 2 == 0} for n in range(12)],
}  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    root = tmp_path_factory.mktemp("desk")
    registry = assay.init(root / "registry", actor="mira")
    for name, rows in DATA.items():
        path = root / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        registry.curate(name, [str(path)], recipe="import")
    return registry


@pytest.fixture(scope="module")
def tokenizer(desk: Registry) -> Any:
    return tiny_tokenizer(example.input + example.output for name in DATA for example in desk.version(name))


def loaded(desk: Registry, name: str, folder: Path, type_: str | None = None) -> Any:
    from datasets import load_dataset

    desk.export(name, str(folder), format="trl", as_type=type_)
    files = {"train": str(folder / "train.jsonl")}
    return load_dataset("json", data_files=files, cache_dir=str(folder / "cache"))["train"]


def settings(kind: Any, folder: Path, steps: int = 2, **more: Any) -> Any:
    return kind(
        output_dir=str(folder / "out"), max_steps=steps, per_device_train_batch_size=4, report_to=[], use_cpu=True,
        logging_steps=1, save_strategy="no", disable_tqdm=True, max_length=64, seed=11, learning_rate=5e-3,
        dataloader_pin_memory=False, **more,
    )  # fmt: skip


def test_a_fine_tune_leaves_its_receipt(desk: Registry, tokenizer: Any, tmp_path: Path) -> None:
    from trl import SFTConfig, SFTTrainer

    rows = loaded(desk, "chat@v1:train", tmp_path)
    callback = desk.runs.callback("chat@v1:train", run="sft-11")
    trainer = SFTTrainer(
        model=tiny_model(tokenizer), args=settings(SFTConfig, tmp_path, 12), train_dataset=rows,
        eval_dataset=rows.select(range(6)), processing_class=tokenizer, callbacks=[callback],
    )  # fmt: skip
    assert 1e5 < sum(one.numel() for one in trainer.model.parameters()) < 1e6
    trainer.train()
    measured = trainer.evaluate()
    (run,) = desk.runs.named("sft-11")
    receipt = desk.runs.receipt(run)
    assert receipt is not None
    assert (receipt.ref, receipt.fingerprint) == ("chat@v1:train", desk.version("chat").fingerprint)
    assert (receipt.rows, receipt.seed, receipt.state) == (len(rows), 11, "finished")
    assert receipt.chat_template == "sha256:" + hashlib.sha256(TEMPLATE.encode()).hexdigest()
    assert receipt.transform is not None
    assert receipt.metrics["eval_loss"] == pytest.approx(measured["eval_loss"])
    assert receipt.metrics["steps"] == 12
    assert receipt.metrics["loss"] < trainer.state.log_history[0]["loss"]
    assert {"torch", "transformers", "trl", "datasets"} <= receipt.environment.keys()
    assert receipt.environment["accelerator"] == "cpu"
    assert desk.runs.holds(receipt)


def test_a_fine_tune_that_breaks_off_has_failed(desk: Registry, tokenizer: Any, tmp_path: Path) -> None:
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    class Breaks(TrainerCallback):
        def on_step_end(self, *given: Any, **more: Any) -> None:
            raise KeyboardInterrupt

    callback = desk.runs.callback("text", run="broken")
    trainer = SFTTrainer(
        model=tiny_model(tokenizer), args=settings(SFTConfig, tmp_path), train_dataset=loaded(desk, "text", tmp_path),
        processing_class=tokenizer, callbacks=[Breaks(), callback],
    )  # fmt: skip
    with pytest.raises(KeyboardInterrupt), callback:
        trainer.train()
    assert desk.runs.receipt(desk.runs.named("broken")[0]).state == "failed"


WAYS = {
    ("chat", "language-modeling"), ("chat", "prompt-completion"), ("chat", "prompt-only"),
    ("text", "language-modeling"), ("pairs", "prompt-completion"), ("pairs", "prompt-only"),
    ("prefs", "preference"), ("prefs", "unpaired-preference"), ("prefs", "prompt-completion"),
    ("chatprefs", "preference"), ("chatprefs", "unpaired-preference"), ("labelled", "unpaired-preference"),
}  # fmt: skip


def test_every_type_is_what_trl_takes_it_for(desk: Registry, tokenizer: Any, tmp_path: Path) -> None:
    from trl.data_utils import is_conversational, maybe_apply_chat_template

    assert {type_ for _, type_ in WAYS} == set(TYPES)
    for name, type_ in sorted(WAYS):
        rows = loaded(desk, name, tmp_path / f"{name}-{type_}", type_)
        for row in rows:
            row = {key: value for key, value in row.items() if value is not None}
            tools = json.loads(row.pop("tools")) if "tools" in row else None
            assert is_conversational(row) is name.startswith("chat")
            told = maybe_apply_chat_template(row, tokenizer, tools=tools)
            assert told.keys() == ({"text"} if type_ == "language-modeling" else row.keys())
            assert all(isinstance(value, str) for key, value in told.items() if key != "label")
            assert not any("<|human|>" in str(value) for value in told.values())


def test_calls_of_tools_keep_their_own_arguments(desk: Registry, tmp_path: Path) -> None:
    rows = loaded(desk, "chat", tmp_path)
    found = [
        m["tool_calls"][0]["function"]["arguments"]
        for row in rows
        for m in row["messages"]
        if m.get("tool_calls")
    ]
    assert {tuple(one) for one in found} == {("page",), ("words",)}
    assert [json.loads(row["tools"]) for row in rows if row["tools"]] == [TOOLS] * len(found)


@pytest.mark.parametrize(
    ("trainer", "name", "type_"),
    [
        ("SFT", "chat", "prompt-completion"), ("SFT", "pairs", "prompt-completion"),
        ("DPO", "prefs", "preference"), ("DPO", "chatprefs", "preference"),
        ("KTO", "labelled", "unpaired-preference"), ("KTO", "chatprefs", "unpaired-preference"),
    ],
)  # fmt: skip
def test_trainers_take_the_rows(
    desk: Registry, tokenizer: Any, tmp_path: Path, trainer: str, name: str, type_: str
) -> None:
    import trl

    kind, config = getattr(trl, f"{trainer}Trainer"), getattr(trl, f"{trainer}Config")
    told = desk.runs.callback(name, run=f"{trainer}-{name}")
    made = kind(
        model=tiny_model(tokenizer), args=settings(config, tmp_path), processing_class=tokenizer,
        train_dataset=loaded(desk, name, tmp_path, type_), callbacks=[told],
        **({} if trainer == "SFT" else {"ref_model": tiny_model(tokenizer)}),
    )  # fmt: skip
    made.train()
    receipt = desk.runs.receipt(desk.runs.named(f"{trainer}-{name}")[0])
    assert receipt.state == "finished" and receipt.metrics["steps"] == 2 and receipt.metrics["train_loss"] > 0


def test_the_exported_program_trains_under_assay_run(desk: Registry, tokenizer: Any, tmp_path: Path) -> None:
    model, data = tmp_path / "model", tmp_path / "data"
    tiny_model(tokenizer).save_pretrained(model)
    tokenizer.save_pretrained(model)
    desk.export("text", str(data), format="trl")
    line = [sys.executable, "-m", "assay.cli.main", "run", "text", "--name", "whole", "--seed", "5",
            "--registry", str(desk.root), "--", sys.executable, str(data / "train_trl.py"), str(model)]  # fmt: skip
    place = os.environ | {"HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run(line, cwd=tmp_path, env=place, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    (run,) = desk.runs.named("whole")
    receipt = desk.runs.receipt(run)
    assert (receipt.state, receipt.seed, receipt.ref) == ("finished", 5, "text@v1")
    assert receipt.program is not None and receipt.program.endswith("train_trl.py")
    assert receipt.chat_template and receipt.metrics["train_loss"] > 0
    assert (tmp_path / "out" / "model.safetensors").exists()
