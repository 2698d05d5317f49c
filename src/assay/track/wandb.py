"""Weights & Biases as a tracker: an artifact by reference, and the receipt in the run's config; extra `wandb`."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any, ClassVar, Final

from assay.errors import MissingExtra, TrackingFailed, UsageError
from assay.track.receipt import Receipt
from assay.track.told import failures_of, id_at, told
from assay.track.uri import VersionUri

CONFIG: Final = "dataset"
OURS: Final = "assay"
SUMMARY: Final = "assay/"
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.-]")
_LONGEST: Final = 128


def artifact_name(dataset: str) -> str:
    """A name that W&B's server takes (ASCII letters, digits, `_`, `.`, `-`), with digits of a digest where letters of
    other scripts had to go."""
    fit = _UNFIT.sub("_", dataset)[: _LONGEST - 9]
    return (
        fit if fit == dataset else f"{fit.strip('_') or 'dataset'}-{sha256(dataset.encode()).hexdigest()[:8]}"
    )


def aliases(receipt: Receipt) -> list[str]:
    """`assay-v2`, and `assay-` with 12 digits of the fingerprint. W&B keeps `v2` for its own counting."""
    version = receipt.version.partition("@")[2]
    digits = receipt.fingerprint.removeprefix("sha256:")[:12]
    return [_UNFIT.sub("_", f"{OURS}-{said}") for said in (version, digits) if said]


class WandB:
    """Writes onto the W&B run that is under way in this process; starts none, and ends none.

    `begin` declares an artifact of type `dataset` that refers to `assay://…` with the fingerprint in the URI: of a
    scheme that it does not know, W&B keeps the URI as the digest. Online the run *uses* it; offline W&B can only
    log it. The receipt stands in `config["assay"]`, and in `config["dataset"]` where the run had no such field. `end`
    writes state and metrics into the run's summary as `assay/NAME`. No row is uploaded. Raises MissingExtra,
    UsageError.
    """

    name: ClassVar[str] = "wandb"

    def __init__(self, place: str | None = None) -> None:
        try:
            import wandb
        except ImportError:
            raise MissingExtra(
                "telling Weights & Biases of runs needs the wandb package", "pip install 'assay-data[wandb]'"
            ) from None
        if place:
            raise UsageError(
                "W&B is told of the run that is under way, and of no other", "leave the place out: wandb"
            )
        self._wandb: Any = wandb

    def begin(self, receipt: Receipt) -> str | None:
        """The W&B run's id; None when none is under way. Raises TrackingFailed."""
        with failures_of(self.name):
            run = self._wandb.run
            if run is None:
                return None
            said = told(receipt) | {"ref": receipt.ref, "uri": str(VersionUri.of(receipt))}
            fields: dict[str, Any] = {OURS: said}
            if _is_ours(run.config.get(CONFIG)):
                fields[CONFIG] = said
            run.config.update(fields, allow_val_change=True)
            self._declare(run, self._artifact(receipt), aliases(receipt))
            return str(run.id)

    def end(self, receipt: Receipt) -> None:
        """State and metrics, into the summary of the run that is still open. Raises TrackingFailed."""
        known = id_at(receipt, self.name)
        if known is None:
            return
        with failures_of(self.name):
            run = self._wandb.run
            if run is None or run.id != known:
                raise TrackingFailed(
                    f"wandb was not told how the run ended: W&B's run {known[:40]} is not open any more",
                    "end the receipt before wandb.finish(); it is in the registry all the same",
                )
            said = {
                name: value for name, value in (("state", receipt.state), ("ended", receipt.ended)) if value
            }
            run.summary.update({SUMMARY + name: value for name, value in {**receipt.metrics, **said}.items()})

    def _artifact(self, receipt: Receipt) -> Any:
        uri = VersionUri.of(receipt)
        said = {"fingerprint": receipt.fingerprint, "version": receipt.version, "rows": receipt.rows}
        made = self._wandb.Artifact(
            artifact_name(receipt.version.partition("@")[0]),
            type="dataset",
            description=f"{receipt.ref} {receipt.fingerprint}",
            metadata=said | ({"split": receipt.split} if receipt.split else {}),
        )
        made.add_reference(str(uri), name=artifact_name(receipt.split or "all"), checksum=False)
        return made

    def _declare(self, run: Any, artifact: Any, names: list[str]) -> None:
        if run.offline:
            run.log_artifact(artifact, aliases=names)
        else:
            run.use_artifact(artifact, aliases=names)


def _is_ours(found: Any) -> bool:
    return found is None or (isinstance(found, dict) and "uri" in found and "fingerprint" in found)
