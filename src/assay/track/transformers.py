"""A callback for the `Trainer` of transformers, and those of TRL, that writes receipts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from assay.errors import MissingExtra
from assay.track.digests import Transform
from assay.track.environment import environment_here
from assay.track.open_run import OpenRun, Runs
from assay.track.telling import Failed
from assay.track.tracker import Tracker

try:
    from transformers import TrainerCallback
except ImportError:
    raise MissingExtra(
        "the callback needs the transformers package", "pip install 'assay-data[train]'"
    ) from None

ROW_SETTINGS: Final = (
    "dataset_text_field", "max_length", "max_prompt_length", "truncation_mode", "packing", "packing_strategy",
    "padding_free", "completion_only_loss", "assistant_only_loss", "eos_token", "chat_template_path",
)  # fmt: skip
"""Settings of TRL's trainers that change what a model sees of rows: the transform, where none is named."""


class AssayCallback(TrainerCallback):  # type: ignore[misc]
    """Writes that `run` learned from `ref` when training begins, and what came of it when it ends.

        trainer = SFTTrainer(…, callbacks=[registry.runs.callback("helpdesk@v2:train")])

    `runs`: `registry.runs`. Rows are counted in the training set where it has a length, the seed is the trainer's,
    the chat template the tokenizer's; what is named here counts instead. A run that is not ended (an exception, an
    exit) is written down as failed when this object goes, or at once after `with callback: trainer.train()`.
    Evaluations after training add their figures. Where several processes train, the first one writes. Raises when
    training begins what `Runs.begin` raises: models must be allowed to learn from the version.
    """

    def __init__(  # noqa: PLR0913 - what a receipt holds, by keyword
        self,
        runs: Runs,
        ref: str,
        *,
        run: str,
        trackers: Sequence[str | Tracker] = (),
        transform: Transform | None = None,
        chat_template: str | Mapping[str, str] | None = None,
        seed: int | None = None,
        force: bool = False,
        reason: str = "",
        failed: Failed | None = None,
    ) -> None:
        self._runs, self.ref, self.run = runs, ref, run
        self._named = {"transform": transform, "chat_template": chat_template, "seed": seed}
        self._passed = {"force": force, "reason": reason}
        self._told: dict[str, Any] = {"trackers": trackers, "failed": failed}
        self._open: OpenRun | None = None

    @property
    def receipt(self) -> Any:
        """The newest receipt; None before training begins."""
        return None if self._open is None else self._open.receipt

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        if not state.is_world_process_zero:
            return
        self._fail()
        found = {
            "transform": row_settings(args),
            "chat_template": getattr(given.get("processing_class"), "chat_template", None),
            "seed": getattr(args, "seed", None),
        }
        said = {name: found[name] if value is None else value for name, value in self._named.items()}
        receipt = self._runs.begin(
            self.ref,
            self.run,
            rows=rows_of(given.get("train_dataloader")),
            environment=environment_here(accelerator_of(args)),
            **said,
            **self._passed,
            **self._told,
        )
        self._open = OpenRun(self._runs, receipt, self._told)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **given: Any) -> None:
        if self._open is not None and self._open.is_open:
            self._open.saw(last_figures([logs or {}]))

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        if self._open is not None and self._open.is_open:
            self._open.end("finished", last_figures(state.log_history) | {"steps": state.global_step})

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **given: Any) -> None:
        """Figures of an evaluation after the end; those before it are in the log."""
        if self._open is not None and not self._open.is_open and metrics:
            self._open.end(self._open.receipt.state, last_figures([metrics]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fail()

    def _fail(self) -> None:
        if self._open is not None and self._open.is_open:
            self._open.end("failed", {})


def last_figures(history: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The last figure of each name in a trainer's log, but for the step at which it was written."""
    return {
        name: value
        for entry in history
        for name, value in entry.items()
        if name != "step" and isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def row_settings(args: Any) -> dict[str, Any] | None:
    """What a TRL trainer's settings say of rows; None for a trainer that has none of them."""
    found = {name: getattr(args, name) for name in ROW_SETTINGS if hasattr(args, name)}
    return {name: value for name, value in found.items() if _is_plain(value)} or None


def rows_of(loader: Any) -> int | None:
    """How many rows a trainer reads an epoch; None for a stream, whose length nobody knows."""
    try:
        return len(loader.dataset)
    except (AttributeError, TypeError):
        return None


def accelerator_of(args: Any) -> str:
    """`cpu`, `cuda NVIDIA A100`, `8 × cuda NVIDIA A100`: what a trainer runs on."""
    device = getattr(args, "device", None)
    kind = str(getattr(device, "type", "unknown"))
    torch = sys.modules.get("torch")
    if kind == "cuda" and torch is not None:
        kind = f"{kind} {torch.cuda.get_device_name(device)}"
    many = getattr(args, "world_size", 1)
    return f"{many} × {kind}" if many > 1 else kind


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, bool, int, float))
