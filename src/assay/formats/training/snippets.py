"""Settings and a program beside the data, each pinned to the version that it was written of.

Nothing of an example gets into them: names, counts, digests and file names alone. Axolotl's keys are those of
`src/axolotl/utils/schemas/datasets.py` and `docs/rlhf.qmd` (July 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from assay.formats.training.trl import COMPLETION, LANGUAGE, PREFERENCE, PROMPT, UNPAIRED

PROGRAM: Final = "train_trl.py"
"""Not `trl.py`: a program of that name would import itself."""

_TRAINERS: Final = {LANGUAGE: "SFT", COMPLETION: "SFT", PREFERENCE: "DPO", UNPAIRED: "KTO", PROMPT: "GRPO"}


@dataclass(frozen=True, slots=True)
class Pinned:
    """The version that files were written of, and what they hold. `rows`: split → rows, as they are in the
    files."""

    version: str
    fingerprint: str
    type: str
    conversational: bool
    tools: bool
    rows: Mapping[str, int]

    @property
    def train(self) -> str:
        """The split that is learned from."""
        return "train" if "train" in self.rows else next(iter(self.rows), "train")

    @property
    def test(self) -> str | None:
        """The split that is measured on."""
        return "test" if "test" in self.rows and self.train != "test" else None

    @property
    def name(self) -> str:
        """`helpdesk_v2`: what others call it."""
        return self.version.partition(":")[0].replace("@", "_")

    def comment(self, how: str) -> str:
        rows = ", ".join(f"{split} {count:,}" for split, count in self.rows.items())
        return f"# {self.version}, {self.fingerprint}\n# rows: {rows}; type: {self.type}\n# {how}\n"


def axolotl(pinned: Pinned) -> str | None:
    """`axolotl.yaml`; None where Axolotl reads no such rows."""
    kind = _axolotl_type(pinned)
    if kind is None:
        return None
    found: dict[str, Any] = {"base_model": "NAME-A-MODEL"}
    if pinned.type in (PREFERENCE, UNPAIRED):
        found["rl"] = "dpo" if pinned.type == PREFERENCE else "kto"
    if pinned.type == UNPAIRED:
        found["remove_unused_columns"] = False
    found["datasets"] = [{"path": f"{pinned.train}.jsonl", "ds_type": "json", "split": "train", **kind}]
    if pinned.test is not None:
        found["test_datasets"] = [
            {"path": f"{pinned.test}.jsonl", "ds_type": "json", "split": "train", **kind}
        ]
    if pinned.type == COMPLETION:
        found["train_on_inputs"] = False
    found |= {"dataset_prepared_path": f"prepared/{pinned.name}", "output_dir": f"out/{pinned.name}"}
    return pinned.comment("name a model, then: axolotl train axolotl.yaml") + spelled(found)


def _axolotl_type(pinned: Pinned) -> dict[str, Any] | None:
    chat, type_ = pinned.conversational, pinned.type
    if type_ == LANGUAGE and chat:
        more = {"field_tools": "tools"} if pinned.tools else {}
        return {
            "type": "chat_template",
            "field_messages": "messages",
            "roles_to_train": ["assistant"],
            **more,
        }
    if type_ == LANGUAGE:
        return {"type": "completion", "field": "text"}
    if type_ == PREFERENCE and chat and not pinned.tools:
        return {"type": "chat_template.default", "field_messages": "prompt", "field_chosen": "chosen",
                "field_rejected": "rejected"}  # fmt: skip
    if type_ == PREFERENCE and not chat:
        return {"type": {"field_prompt": "prompt", "field_chosen": "chosen", "field_rejected": "rejected"}}
    if type_ == UNPAIRED and not chat:
        return {"type": {"field_prompt": "prompt", "field_completion": "completion", "field_label": "label"}}
    if type_ == COMPLETION and not chat:
        form = "{instruction}"
        return {"type": {"field_instruction": "prompt", "field_output": "completion", "format": form,
                         "no_input_format": form}}  # fmt: skip
    return None


def trl_program(pinned: Pinned) -> str:
    """A program that trains on the files with TRL and leaves a receipt where it runs under `assay run`."""
    trainer = _TRAINERS[pinned.type]
    files = {"train": pinned.train} | ({"test": pinned.test} if pinned.test else {})
    rewards = ", reward_funcs=reward" if pinned.type == PROMPT else ""
    usage = f"python {PROGRAM} MODEL{' REWARD_MODEL' if rewards else ''}"
    return _PROGRAM.format(
        comment=pinned.comment(f"assay run {pinned.version} -- {usage}"),
        usage=usage,
        trainer=trainer,
        version=pinned.version,
        fingerprint=pinned.fingerprint,
        files="{" + ", ".join(f'"{name}": "{file}.jsonl"' for name, file in files.items()) + "}",
        parameter=", reward: str" if rewards else "",
        rewards=rewards,
    )


def spelled(settings: Mapping[str, Any]) -> str:
    """Settings as YAML, in the order given."""
    return yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)


_PROGRAM: Final = '''{comment}"""Fine-tune a model on {version} with TRL: {usage}"""

import os
import sys
from pathlib import Path

import torch
from datasets import load_dataset
from trl import {trainer}Config, {trainer}Trainer

VERSION = "{version}"
FINGERPRINT = "{fingerprint}"
FILES = {files}


def callbacks() -> list:
    """Under `assay run`, the callback that completes the receipt."""
    if "ASSAY_RUN" not in os.environ:
        return []
    import assay

    runs = assay.open(os.environ["ASSAY_REGISTRY"]).runs
    return [runs.callback(os.environ["ASSAY_DATASET"], run=os.environ["ASSAY_RUN"])]


def main(model: str{parameter}) -> None:
    here = Path(__file__).parent
    data = load_dataset("json", data_files={{name: str(here / file) for name, file in FILES.items()}})
    trainer = {trainer}Trainer(
        model=model,
        args={trainer}Config(
            output_dir="out",
            seed=int(os.environ.get("ASSAY_SEED", "42")),
            use_cpu=not torch.accelerator.is_available(),
        ),
        train_dataset=data["train"],
        eval_dataset=data.get("test"),
        callbacks=callbacks(){rewards},
    )
    trainer.train()
    trainer.save_model()


if __name__ == "__main__":
    main(*sys.argv[1:])
'''
