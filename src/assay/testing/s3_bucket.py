"""What a made-up object store holds, and how it answers: the part of S3's REST API that `ObjectStorage` speaks."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from html import escape, unescape
from time import gmtime, strftime

PAGE = 1000
"""Keys in one page of a listing, as at Amazon."""

_META = "x-amz-meta-"


@dataclass(frozen=True, slots=True)
class S3Call:
    """One request: `key` "" concerns the bucket. Names of headers are in lower case."""

    number: int
    method: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def writes(self) -> bool:
        return self.method in ("PUT", "POST", "DELETE")


@dataclass(frozen=True, slots=True)
class S3Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Object:
    data: bytes
    modified: float
    meta: Mapping[str, str]

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.data).hexdigest()[:32]}"'

    def headers(self) -> dict[str, str]:
        return {"etag": self.etag, "last-modified": formatdate(self.modified, usegmt=True), **self.meta}


class S3Bucket:
    """One bucket. Every request takes effect at one moment, as Amazon promises.

    `clock`: seconds since the epoch, of the server. `conditional` False: a vendor that ignores If-None-Match.
    `metadata` False: one that keeps no metadata. `lag`: that many of the newest keys are missing from listings.
    """

    def __init__(
        self,
        name: str,
        clock: Callable[[], float],
        *,
        conditional: bool = True,
        metadata: bool = True,
        lag: int = 0,
    ) -> None:
        self.name, self._clock, self.lag = name, clock, lag
        self._conditional, self._metadata = conditional, metadata
        self._objects: dict[str, _Object] = {}
        self._uploads: dict[str, tuple[str, dict[str, str], dict[int, bytes]]] = {}
        self._made = 0
        self._lock = threading.Lock()

    def data(self, key: str) -> bytes:
        """The bytes of a key, around the API. Raises KeyError."""
        return self._objects[key].data

    def names(self) -> list[str]:
        return sorted(self._objects)

    def damage(self, key: str, data: bytes) -> None:
        """Put other bytes under a key, around the API."""
        self._objects[key] = _Object(data, self._clock(), {})

    def uploads(self) -> list[str]:
        """Keys of multipart uploads that nobody completed or aborted."""
        return sorted(key for key, _, _ in self._uploads.values())

    def answer(self, call: S3Call) -> S3Reply:
        if call.bucket != self.name:
            return failure(404, "NoSuchBucket", call)
        with self._lock:
            if not call.key:
                return self._about_bucket(call)
            if "uploads" in call.query or "uploadId" in call.query:
                return self._about_upload(call)
            return self._about_object(call)

    def _about_bucket(self, call: S3Call) -> S3Reply:
        if call.method in ("HEAD", "PUT"):
            return S3Reply(200)
        if call.method == "POST" and "delete" in call.query:
            gone = [unescape(key) for key in re.findall(r"<Key>(.*?)</Key>", call.body.decode())]
            for key in gone:
                self._objects.pop(key, None)
            told = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in gone)
            return _xml(f"<DeleteResult>{told}</DeleteResult>")
        if call.method == "GET" and "uploads" in call.query:
            told = "".join(
                f"<Upload><Key>{escape(key)}</Key><UploadId>{id_}</UploadId></Upload>"
                for id_, (key, _, _) in self._uploads.items()
            )
            return _xml(f"<ListMultipartUploadsResult>{told}</ListMultipartUploadsResult>")
        if call.method == "GET":
            return self._list(call.query)
        return failure(405, "MethodNotAllowed", call)

    def _list(self, query: Mapping[str, str]) -> S3Reply:
        prefix, most = query.get("prefix", ""), min(int(query.get("max-keys", PAGE)), PAGE)
        after = query.get("continuation-token", query.get("start-after", ""))
        newest = sorted(self._objects, key=lambda key: self._objects[key].modified)
        hidden = set(newest[len(newest) - self.lag :])
        found = sorted(k for k in self._objects if k.startswith(prefix) and k > after and k not in hidden)
        page, more = found[:most], len(found) > most
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{_iso(one.modified)}</LastModified>"
            f"<ETag>{escape(one.etag)}</ETag><Size>{len(one.data)}</Size></Contents>"
            for key, one in ((key, self._objects[key]) for key in page)
        )
        following = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        return _xml(
            f"<ListBucketResult><Name>{self.name}</Name><Prefix>{escape(prefix)}</Prefix>"
            f"<KeyCount>{len(page)}</KeyCount><MaxKeys>{most}</MaxKeys>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{following}{rows}</ListBucketResult>"
        )

    def _about_object(self, call: S3Call) -> S3Reply:
        one = self._objects.get(call.key)
        if call.method == "DELETE":
            self._objects.pop(call.key, None)
            return S3Reply(204)
        if call.method == "PUT":
            if one is not None and self._conditional and call.headers.get("if-none-match") == "*":
                return failure(412, "PreconditionFailed", call)
            return self._store(call.key, call.body, self._meta(call))
        if one is None:
            return failure(404, "NoSuchKey", call)
        if call.method == "HEAD":
            return S3Reply(200, headers={**one.headers(), "content-length": str(len(one.data))})
        return _ranged(one, call.headers.get("range", ""))

    def _about_upload(self, call: S3Call) -> S3Reply:
        if call.method == "POST" and "uploads" in call.query:
            self._made += 1
            id_ = f"upload-{self._made}"
            self._uploads[id_] = (call.key, self._meta(call), {})
            return _xml(
                f"<InitiateMultipartUploadResult><Bucket>{self.name}</Bucket><Key>{escape(call.key)}</Key>"
                f"<UploadId>{id_}</UploadId></InitiateMultipartUploadResult>"
            )
        id_ = call.query["uploadId"]
        if id_ not in self._uploads:
            return failure(404, "NoSuchUpload", call)
        key, meta, parts = self._uploads[id_]
        if call.method == "DELETE":
            del self._uploads[id_]
            return S3Reply(204)
        if call.method == "PUT":
            parts[int(call.query["partNumber"])] = call.body
            return S3Reply(200, headers={"etag": f'"{hashlib.sha256(call.body).hexdigest()[:32]}"'})
        named = [int(number) for number in re.findall(rb"<PartNumber>(\d+)</PartNumber>", call.body)]
        if not named or any(number not in parts for number in named):
            return failure(400, "InvalidPart", call)
        del self._uploads[id_]
        made = self._store(key, b"".join(parts[number] for number in sorted(named)), meta)
        return _xml(
            f"<CompleteMultipartUploadResult><Bucket>{self.name}</Bucket><Key>{escape(key)}</Key>"
            f"<ETag>{escape(made.headers['etag'])}</ETag></CompleteMultipartUploadResult>"
        )

    def _store(self, key: str, data: bytes, meta: Mapping[str, str]) -> S3Reply:
        self._objects[key] = one = _Object(data, self._clock(), meta)
        return S3Reply(200, headers={"etag": one.etag})

    def _meta(self, call: S3Call) -> dict[str, str]:
        return {k: v for k, v in call.headers.items() if k.startswith(_META)} if self._metadata else {}


def failure(status: int, code: str, call: S3Call) -> S3Reply:
    """An answer that says no, as S3 spells it; HEAD has no body."""
    text = f"<Error><Code>{code}</Code><Message>{code}</Message><Key>{escape(call.key)}</Key></Error>"
    return S3Reply(status) if call.method == "HEAD" else _xml(text, status)


def _ranged(one: _Object, wanted: str) -> S3Reply:
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
    size = len(one.data)
    if found is None:
        return S3Reply(200, one.data, one.headers())
    first, last = int(found[1]), min(int(found[2] or size), size - 1)
    if first >= size:
        return S3Reply(416, headers={"content-range": f"bytes */{size}"})
    said = {**one.headers(), "content-range": f"bytes {first}-{last}/{size}"}
    return S3Reply(206, one.data[first : last + 1], said)


def _xml(text: str, status: int = 200) -> S3Reply:
    data = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return S3Reply(status, data, {"content-type": "application/xml"})


def _iso(seconds: float) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds)) + f".{int(seconds % 1 * 1000):03}Z"
