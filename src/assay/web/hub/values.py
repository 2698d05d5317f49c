"""The values that the Hub's API gives, as clients read them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from assay.registry.export.hub_revisions import HubRevision
from assay.registry.export.kept_folder import KeptFile


def file_value(one: KeptFile) -> dict[str, Any]:
    """A file in a tree. All files are as those in Git LFS, whose content is named by SHA-256."""
    blob, pointer = _pointer(one)
    return {
        "type": "file",
        "oid": blob,
        "size": one.bytes,
        "lfs": {"oid": one.sha256, "size": one.bytes, "pointerSize": pointer},
        "path": one.path,
    }


def folder_value(path: str, entries: Sequence[KeptFile]) -> dict[str, Any]:
    """A folder in a tree."""
    inside = "".join(f"{one.path} {one.sha256}\n" for one in entries if one.path.startswith(f"{path}/"))
    return {"type": "directory", "oid": _git_name(inside.encode()), "size": 0, "path": path}


def tree(entries: Sequence[KeptFile], under: str, recursive: bool) -> list[dict[str, Any]] | None:
    """What lies in a folder ("" for all of it); None where there is no such folder."""
    below = [one for one in entries if not under or one.path.startswith(f"{under}/")]
    if under and not below:
        return None
    folders = sorted({one.path.rpartition("/")[0] for one in below} - {under, ""})
    start = len(under) + 1 if under else 0
    files = [one for one in below if recursive or "/" not in one.path[start:]]
    return [*(folder_value(path, entries) for path in folders), *map(file_value, files)]


def with_commit(value: dict[str, Any], found: HubRevision) -> dict[str, Any]:
    """The same as it is told with `expand`: every file came with the version."""
    told = {"id": found.commit, "title": found.message or found.ref, "date": _moment(found.time)}
    return value | {"lastCommit": told}


def info_value(
    id: str, found: HubRevision, entries: Sequence[KeptFile] | None, private: bool
) -> dict[str, Any]:
    """What is told of a dataset at a revision; `entries` where sizes are asked for."""
    known = {one.path: _sibling(one) for one in entries or ()}
    return {
        "_id": found.commit[:24],
        "id": id,
        "author": id.rpartition("/")[0] or None,
        "sha": found.commit,
        "lastModified": _moment(found.time),
        "createdAt": _moment(found.time),
        "private": private,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": ["assay"],
        "siblings": [{"rfilename": path, **known.get(path, {})} for path in found.paths],
    }


def commit_value(commit: str, title: str, message: str, author: str, time: str) -> dict[str, Any]:
    """A version in the list of commits."""
    return {
        "id": commit,
        "title": title,
        "message": message,
        "authors": [{"user": author}],
        "date": _moment(time),
    }


def refs_value(branches: Mapping[str, str], tags: Mapping[str, str], requests: bool) -> dict[str, Any]:
    """Names of branches and tags with their commits."""

    def listed(kind: str, named: Mapping[str, str]) -> list[dict[str, str]]:
        return [
            {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": commit}
            for name, commit in named.items()
        ]

    found: dict[str, Any] = {
        "branches": listed("heads", branches),
        "tags": listed("tags", tags),
        "converts": [],
    }
    return found | {"pullRequests": []} if requests else found


def _sibling(one: KeptFile) -> dict[str, Any]:
    blob, pointer = _pointer(one)
    return {
        "size": one.bytes,
        "blobId": blob,
        "lfs": {"sha256": one.sha256, "size": one.bytes, "pointerSize": pointer},
    }


def _pointer(one: KeptFile) -> tuple[str, int]:
    """Git's name of the LFS pointer that stands for a file, and the pointer's size."""
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{one.sha256}\nsize {one.bytes}\n".encode()
    return _git_name(b"blob %d\0" % len(text) + text), len(text)


def _git_name(data: bytes) -> str:
    """Git names what it holds by SHA-1; nothing here trusts it."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _moment(time: str) -> str:
    """RFC 3339 with milliseconds, which clients of the Hub expect."""
    whole, _, rest = time.rstrip("Z").partition(".")
    return f"{whole}.{(rest + '000')[:3]}Z"
