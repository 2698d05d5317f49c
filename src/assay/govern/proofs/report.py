"""What a check of a log or an evidence pack found, and plain sentences on what that proves."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.govern.proofs.chain import Chain, Finding, log_name
from assay.govern.proofs.note import Checkpoint, Key


@dataclass(frozen=True, slots=True)
class Held:
    """A checkpoint that the log was held against.

    `state`: holds, fork (another root), short (the log ends before it), unreached (damage lies before its end).
    `outside`: it was brought along, not found beside the log. `signed`: keys whose signature is right.
    """

    file: str
    checkpoint: Checkpoint
    outside: bool
    signed: tuple[Key, ...]
    state: str

    def as_json(self) -> dict[str, object]:
        return {
            "file": self.file, "size": self.checkpoint.size, "root": self.checkpoint.root.hex(), "state": self.state,
            "outside": self.outside, "signed_by": [f"{key.name}+{key.id.hex()}" for key in self.signed],
        }  # fmt: skip


@dataclass
class Report:
    """The answer. `entries`: log entries read; `size`, `root`: the tree they make or were proven to be in.

    `whole`: the entries are all of the log up to `size`, not an extract. `listed`: files of a pack that its
    manifest names. `own_key`: signatures were checked with the key that lay in the pack itself.
    """

    origin: str = ""
    entries: int = 0
    size: int = 0
    root: bytes = b""
    whole: bool = True
    listed: int = 0
    own_key: bool = False
    manifest_signed: tuple[Key, ...] = ()
    checkpoints: list[Held] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings

    def add(self, kind: str, file: str, message: str, seq: int | None = None) -> None:
        self.findings.append(Finding(kind, seq, file, message))

    def ordered(self) -> list[Finding]:
        """The findings, the first bad entry first; those about no entry come last."""
        return sorted(self.findings, key=lambda one: (one.seq is None, one.seq or 0))

    def proves(self) -> list[str]:
        """What follows from this report; nothing when anything was found."""
        if not self.ok:
            return []
        said = []
        if self.whole:
            said.append(
                f"The {self.entries:,} entries follow one another without a gap, each as its digest says."
            )
        elif self.entries:
            said.append(
                f"These {self.entries:,} entries are in the log of {self.size:,} that the checkpoint covers."
            )
        if self.listed:
            said.append(f"The {self.listed:,} files of the pack are those that its manifest lists.")
        holding = [one for one in self.checkpoints if one.state == "holds" and one.checkpoint.size]
        inside = [one for one in holding if one.signed and not one.outside]
        inside = [max(inside, key=lambda one: one.checkpoint.size)] if inside else []
        said += [self._held(one) for one in (*(one for one in holding if one.outside), *inside)]
        signers = {key for one in self.checkpoints for key in one.signed} | set(self.manifest_signed)
        said += [f"Signed with the key {key.name}+{key.id.hex()}." for key in sorted(signers, key=str)]
        return said

    def leaves_open(self) -> list[str]:
        """What no report of this kind proves, and what this one lacks."""
        said = []
        holding = [one for one in self.checkpoints if one.state == "holds"]
        if not any(one.outside for one in holding):
            rewritten = "" if any(one.signed for one in holding) else "rewritten all of it, or "
            said.append(
                "No checkpoint kept elsewhere was held against this: whoever can write here could have "
                f"{rewritten}put back an older copy, and made it fit."
            )
        if self.own_key:
            said.append("The key came with the pack: compare its name and id with what its owner tells you.")
        signed = self.manifest_signed or any(one.signed for one in self.checkpoints)
        if not signed:
            said.append("No signature was checked: give the public key of who signed.")
        if not self.whole:
            said.append("Entries that are not in the extract: what they say, and that none of them matters.")
        return [
            *said,
            "That what the entries say is true, or that nothing was done outside the registry.",
            "When it was done: times are those of the writers' clocks.",
        ]

    def as_json(self) -> dict[str, object]:
        return {
            "ok": self.ok, "origin": self.origin, "entries": self.entries, "size": self.size, "root": self.root.hex(),
            "whole": self.whole, "files_listed": self.listed,
            "findings": [one.as_json() for one in self.ordered()],
            "checkpoints": [one.as_json() for one in self.checkpoints],
            "proves": self.proves(), "does_not_prove": self.leaves_open(),
        }  # fmt: skip

    @staticmethod
    def _held(one: Held) -> str:
        return f"The log begins with the {one.checkpoint.size:,} entries that {one.file} covered when it was made."


def hold(
    report: Report, chain: Chain, kept: list[tuple[str, Checkpoint, bool, tuple[Key, ...]]], trace: str
) -> None:
    """Hold a whole log against checkpoints (file, checkpoint, outside, signers) and add what that shows.

    `trace`: evidence beside the log that it was once longer, or nothing.
    """
    roots: dict[int, set[bytes]] = {}
    for file, one, outside, signed in kept:
        roots.setdefault(one.size, set()).add(one.root)
        if one.size in chain.roots:
            state = "holds" if chain.roots[one.size] == one.root else "fork"
        else:
            state = "short" if one.size > chain.reach else "unreached"
        report.checkpoints.append(Held(file, one, outside, signed, state))
    good = max((h.checkpoint.size for h in report.checkpoints if h.state == "holds"), default=0)
    forks = [h for h in report.checkpoints if h.state == "fork"]
    if forks:
        first = min(forks, key=lambda h: h.checkpoint.size)
        size = first.checkpoint.size
        low = max((h.checkpoint.size for h in report.checkpoints if h.state == "holds" and h.checkpoint.size < size),
                  default=0)  # fmt: skip
        said = f"entries {low + 1} to {size} are not those that {first.file} covers: the log was rewritten or forked"
        report.add("fork", log_name(low + 1), said, low + 1)
    elif any(len(different) > 1 for different in roots.values()):
        said = "two checkpoints of one size have different roots: somebody was shown another log"
        report.add("fork", log_name(good + 1), said, good + 1)
    short = [h for h in report.checkpoints if h.state == "short"]
    if short:
        _shortfall(report, chain, max(short, key=lambda h: (h.checkpoint.size, h.outside)), short, trace)


def _shortfall(report: Report, chain: Chain, far: Held, short: list[Held], trace: str) -> None:
    inside = [h for h in short if not h.outside]
    if inside and not trace:
        trace = f"{inside[0].file} lies beside the log and covers {inside[0].checkpoint.size:,} entries"
    begin = f"the log ends with entry {chain.last}, and {far.file} covers {far.checkpoint.size:,}: "
    if trace:
        said = f"{begin}the newest entries were cut off ({trace})"
        report.add("truncation", log_name(chain.last + 1), said, chain.last + 1)
    else:
        said = f"{begin}this is an older copy, put back (nothing here knows of a later entry)"
        report.add("restored_copy", log_name(chain.last + 1), said, chain.last + 1)
