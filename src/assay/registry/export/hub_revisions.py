"""Versions under the names that the Hub's protocol has for them: dataset ids, revisions, commits of 40 digits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assay.errors import AssayError, NotFound, UsageError
from assay.formats.hub import hub_splits, shard_names
from assay.model.ref import Ref, check_name
from assay.model.version import Manifest
from assay.registry.export.hub import README, stored_bytes
from assay.registry.export.missing_rows import Missing, missing_rows
from assay.registry.listing import resolve
from assay.store.heads import Committed, Line

if TYPE_CHECKING:
    from assay.registry import Registry

NAMESPACE: Final = "assay"
"""`assay/helpdesk` is `helpdesk`, and so is `helpdesk` alone. No other namespace is ours: `openai/gsm8k` is never the
`gsm8k` of a registry."""
SPELLED: Final = "assay-utf8"
"""`assay-utf8/e5aea2` is the dataset whose name has these bytes: ids are ASCII at the Hub, and names here are not."""

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_HEX: Final = re.compile(r"(?:[0-9a-f]{2})+")
_ID: Final = re.compile(r"\b[\w\-.]{1,96}\b", re.ASCII)
_DATA: Final = 32
"""Digits of a commit that are the fingerprint's whatever was forgotten."""


@dataclass(frozen=True, slots=True)
class HubRevision:
    """What a revision came to. `ref`: the version, as `helpdesk@v2`. `holder`: the manifest whose rows the files have,
    of the first version with this content. `paths`: its files, made or not. `time`: when the version was made,
    RFC 3339; `message`: what was said of it."""

    dataset: str
    ref: str
    commit: str
    holder: Manifest
    paths: tuple[str, ...]
    time: str
    message: str


def dataset_id(name: str) -> str:
    """What a client of the Hub calls a dataset. It has a namespace: huggingface_hub 2 takes no id without one."""
    plain = _ID.fullmatch(name) and "--" not in name and not name.endswith(".git")
    return f"{NAMESPACE}/{name}" if plain else f"{SPELLED}/{name.encode().hex()}"


def dataset_named(id: str) -> str:
    """The dataset that an id means. Raises NotFound for one that cannot be ours."""
    namespace, slash, name = id.rpartition("/")
    try:
        if slash and namespace == SPELLED and _HEX.fullmatch(name):
            return check_name(bytes.fromhex(name).decode())
        if not slash or namespace == NAMESPACE:
            return check_name(name)
    except (UsageError, UnicodeDecodeError):
        pass
    raise NotFound(f"no dataset {id!r}", f"datasets of a registry are NAME or {NAMESPACE}/NAME here")


def hub_line(registry: Registry, dataset: str) -> Line:
    """The versions of a dataset. Raises NotFound."""
    line = registry.store.lines().get(dataset)
    if line is None:
        raise NotFound(f"no dataset {dataset!r}", "the first page of the server lists what there is")
    return line


def hub_revision(registry: Registry, dataset: str, revision: str) -> HubRevision:
    """The version that a revision names, if models may learn from it: `main` is the newest one; 40 digits are content;
    all other refs are as everywhere. Raises NotFound, UsageError; Revoked, NotForTraining."""
    line = hub_line(registry, dataset)
    if _COMMIT.fullmatch(revision):
        committed = _of_commit(registry, dataset, line, revision)
    else:
        ref = Ref.parse(f"{dataset}@{revision}")
        if ref.split is not None:
            raise NotFound(
                f"{revision!r} names a split", "a revision is a version; name the split apart from it"
            )
        committed = resolve(registry, ref)
        admit(registry, dataset, committed)
    objects = registry.store.objects
    holder = objects.manifest(_first(line, committed).manifest)
    return HubRevision(
        dataset,
        f"{dataset}@v{committed.number}",
        commit_of(registry, committed),
        holder,
        _paths(holder, missing_rows(registry, holder)),
        committed.operation.time,
        objects.manifest(committed.manifest).message,
    )


def commit_of(registry: Registry, committed: Committed) -> str:
    """Forty digits that name what a version's files hold: the first of the fingerprint. Once examples of it were
    forgotten, the last eight digits are of what is missing, so that one commit never means two sets of rows."""
    digits = _digits(committed)
    missing = missing_rows(registry, registry.store.objects.manifest(committed.manifest))
    return digits[:_DATA] + missing.digest[: 40 - _DATA] if missing.digest else digits[:40]


def admit(registry: Registry, dataset: str, committed: Committed) -> None:
    """Raises Revoked, or NotForTraining where the policy keeps models from learning from a version."""
    registry.runs.admit(f"{dataset}@v{committed.number}")


def _of_commit(registry: Registry, dataset: str, line: Line, commit: str) -> Committed:
    """The newest version with this content that models may learn from; else the refusal of the newest one."""
    close = [one for one in line.versions if _digits(one).startswith(commit[:_DATA])]
    same = [one for one in close if commit_of(registry, one) == commit]
    if close and not same:
        raise NotFound(
            f"examples of {dataset}@v{close[-1].number} were forgotten since the commit {commit} was given out",
            f"what is left of it is the revision {commit_of(registry, close[-1])}",
        )
    refusal: AssayError | None = None
    for one in reversed(same):
        try:
            admit(registry, dataset, one)
        except AssayError as error:
            refusal = refusal or error
        else:
            return one
    raise refusal or NotFound(
        f"no version of {dataset} has the commit {commit}", "ask for a version, a tag or a fingerprint"
    )


def _paths(manifest: Manifest, missing: Missing) -> tuple[str, ...]:
    """What `kept_folder` will write."""
    shards = [
        path
        for split, name in hub_splits(manifest.counts).items()
        for path in shard_names(
            name, manifest.counts[split] - missing.counts.get(split, 0), stored_bytes(manifest, split)
        )
    ]
    return (README, *sorted(shards))


def _first(line: Line, committed: Committed) -> Committed:
    """The first version with the same content: provenance may differ between two of them, and a commit is one thing."""
    return next(one for one in line.versions if _digits(one) == _digits(committed))


def _digits(one: Committed) -> str:
    return str(one.operation.body["fingerprint"]).removeprefix("sha256:")
