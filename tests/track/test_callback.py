"""The callback for trainers, against a made-up trainer; tests/interop has the real one."""

from __future__ import annotations

import gc
import importlib
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from assay.errors import MissingExtra
from assay.registry import Registry
from assay.track.receipt import Receipt
from tests.registry.conftest import registry, ticket, write

__all__ = ["registry", "write"]
TEMPLATE = "{% for m in messages %}{{ m.content }}。{% endfor %}"


@pytest.fixture
def curated(registry: Registry, write: Any) -> Registry:
    registry.curate("desk", [write("tickets.jsonl", [ticket(n) for n in range(12)])])
    return registry


@pytest.fixture
def transformers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The callback's module, over a `transformers` that has no more than the base class."""
    monkeypatch.setitem(sys.modules, "transformers", SimpleNamespace(TrainerCallback=object))
    monkeypatch.delitem(sys.modules, "assay.track.transformers", raising=False)
    yield importlib.import_module("assay.track.transformers")
    sys.modules.pop("assay.track.transformers", None)


class Trainer:
    """Calls a callback as the trainers of transformers do."""

    def __init__(self, callback: Any, steps: int = 2, rows: int = 9, first: bool = True) -> None:
        self.callback, self.steps = callback, steps
        self.args = SimpleNamespace(
            seed=5, device=SimpleNamespace(type="cpu"), world_size=1, max_length=64, packing=False
        )
        self.state = SimpleNamespace(is_world_process_zero=first, log_history=[], global_step=0)
        self.given = {
            "processing_class": SimpleNamespace(chat_template=TEMPLATE),
            "train_dataloader": SimpleNamespace(dataset=range(rows)),
        }

    def tell(self, event: str, **more: Any) -> None:
        getattr(self.callback, event)(self.args, self.state, None, **self.given, **more)

    def log(self, figures: dict[str, Any]) -> None:
        self.state.log_history.append(figures | {"step": self.state.global_step})
        self.tell("on_log", logs=figures)

    def train(self, stop_at: int | None = None) -> None:
        self.tell("on_train_begin")
        for step in range(self.steps):
            if step == stop_at:
                raise RuntimeError("out of memory")
            self.state.global_step += 1
            self.log({"loss": 2.0 - step, "note": "x"})
        self.log({"train_loss": 1.5})
        self.tell("on_train_end")


def receipt_of(registry: Registry, run: str) -> Receipt:
    found = registry.runs.receipt(registry.runs.named(run)[0])
    assert found is not None
    return found


def test_a_training_leaves_a_receipt(curated: Registry, transformers: Any) -> None:
    callback = curated.runs.callback("desk:train", run="sft-一")
    trainer = Trainer(callback)
    assert callback.receipt is None
    trainer.train()
    trainer.tell("on_evaluate", metrics={"eval_loss": 1.25, "epoch": 1.0})
    found = receipt_of(curated, "sft-一")
    assert found == callback.receipt
    assert (found.ref, found.rows, found.seed, found.state) == ("desk@v1:train", 9, 5, "finished")
    assert dict(found.metrics) == {
        "loss": 1.0,
        "train_loss": 1.5,
        "steps": 2.0,
        "eval_loss": 1.25,
        "epoch": 1.0,
    }
    assert found.environment["accelerator"] == "cpu"
    assert found.chat_template and found.transform
    other = Trainer(curated.runs.callback("desk:train", run="other"))
    other.args.max_length = 65
    other.train()
    assert receipt_of(curated, "other").transform != found.transform
    assert receipt_of(curated, "other").chat_template == found.chat_template


def test_a_training_that_breaks_off_has_failed(curated: Registry, transformers: Any) -> None:
    callback = curated.runs.callback("desk", run="with")
    with pytest.raises(RuntimeError), callback:
        Trainer(callback).train(stop_at=1)
    found = receipt_of(curated, "with")
    assert (found.state, dict(found.metrics)) == ("failed", {"loss": 2.0})

    dropped = curated.runs.callback("desk", run="dropped")
    with pytest.raises(RuntimeError):
        Trainer(dropped).train(stop_at=0)
    assert receipt_of(curated, "dropped").state == "started"
    del dropped
    gc.collect()
    assert receipt_of(curated, "dropped").state == "failed"

    again = curated.runs.callback("desk", run="again")
    with pytest.raises(RuntimeError):
        Trainer(again).train(stop_at=0)
    Trainer(again).train()
    assert receipt_of(curated, "again").state == "finished"


def test_one_process_of_several_writes_and_a_stream_has_no_length(
    curated: Registry, transformers: Any
) -> None:
    silent = curated.runs.callback("desk", run="silent")
    Trainer(silent, first=False).train()
    assert silent.receipt is None and curated.runs.list() == []
    named = curated.runs.callback("desk", transform={"mine": 1}, chat_template="mine", seed=0)
    trainer = Trainer(named)
    trainer.given["train_dataloader"] = SimpleNamespace(dataset=iter(()))
    trainer.train()
    assert named.receipt.rows == 12 and named.receipt.seed == 0
    assert named.receipt.chat_template != receipt_of(curated, named.run).transform
    assert named.run.startswith("run-")


@pytest.mark.parametrize(
    ("device", "world", "said"),
    [("cpu", 1, "cpu"), ("cpu", 8, "8 × cpu"), ("mps", 1, "mps"), ("cuda", 2, "2 × cuda 张量")],
)
def test_the_accelerator_is_named(
    transformers: Any, monkeypatch: pytest.MonkeyPatch, device: str, world: int, said: str
) -> None:
    cuda = SimpleNamespace(get_device_name=lambda one: "张量")
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    args = SimpleNamespace(device=SimpleNamespace(type=device), world_size=world)
    assert transformers.accelerator_of(args) == said


def test_without_transformers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.delitem(sys.modules, "assay.track.transformers", raising=False)
    with pytest.raises(MissingExtra) as missing:
        importlib.import_module("assay.track.transformers")
    assert "assay-data[train]" in missing.value.hint
