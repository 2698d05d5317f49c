"""What an object store's refusals mean, and what to do. Only codes and numbers are taken from what it said: bodies of
answers may hold account names, signatures and addresses with keys in them."""

from __future__ import annotations

import re
from typing import Final

from assay.errors import StorageFailure

_CODE: Final = re.compile(r"<Code>([A-Za-z0-9.]{1,64})</Code>")
_STATUS: Final = re.compile(r"status code: (\d{3})")
_AGAIN: Final = "run the command again"
_KEYS: Final = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; see docs/guides/object-storage.md"
)
_REGION: Final = "set AWS_REGION to the bucket's region"
_RIGHTS: Final = "the key needs s3:GetObject, PutObject, DeleteObject and ListBucket there"
_SAID: Final[dict[str, tuple[str, str]]] = {
    "NoSuchBucket": ("there is no such bucket", "make the bucket, or check its name and the endpoint"),
    "AccessDenied": ("access is denied", _RIGHTS),
    "AllAccessDisabled": ("access is denied", _RIGHTS),
    "InvalidAccessKeyId": ("the access key is not known there", _KEYS),
    "SignatureDoesNotMatch": ("the secret key is wrong", _KEYS),
    "ExpiredToken": ("the session token has expired", "get a new one, and set AWS_SESSION_TOKEN"),
    "InvalidToken": ("the session token is not valid", "get a new one, and set AWS_SESSION_TOKEN"),
    "RequestTimeTooSkewed": ("this machine's clock is wrong", "set the clock: more than 15 minutes are refused"),
    "SlowDown": ("the store is asked too often", "wait a little, then run the command again"),
    "ServiceUnavailable": ("the store is not available", "wait a little, then run the command again"),
    "InternalError": ("the store failed", _AGAIN),
    "PermanentRedirect": ("the bucket lies in another region", _REGION),
    "AuthorizationHeaderMalformed": ("the bucket lies in another region", _REGION),
    "NotImplemented": ("the store does not know this kind of request", "see what a store has to promise"),
    "QuotaExceeded": ("the quota is used up", "free some space"),
    "InvalidObjectState": ("the object lies in an archive", "restore it from the archive first"),
    "ConditionalRequestConflict": ("others write the same key again and again", _AGAIN),
}  # fmt: skip
_NUMBERS: Final[dict[int, tuple[str, str]]] = {
    301: _SAID["PermanentRedirect"],
    401: ("the credentials are refused", _KEYS),
    403: ("access is denied, or the credentials are wrong", f"{_KEYS}; {_RIGHTS}"),
    501: _SAID["NotImplemented"],
    503: _SAID["SlowDown"],
}
_TEXTS: Final[tuple[tuple[str, tuple[str, str]], ...]] = (
    ("169.254.169.254", ("no credentials were found", _KEYS)),
    ("Missing", ("credentials are missing", _KEYS)),
    (
        "UnknownConfigurationKey",
        ("an option has a name that obstore does not know", "see obstore's S3Config"),
    ),
    ("not allowed", ("plain HTTP is not allowed", "begin the endpoint with https://")),
    ("timed out", ("no answer came in time", _AGAIN)),
    ("TimedOut", ("no answer came in time", _AGAIN)),
    ("ConnectError", ("nobody answers there", "check the endpoint (AWS_ENDPOINT_URL) and the network")),
    ("Connect,", ("nobody answers there", "check the endpoint (AWS_ENDPOINT_URL) and the network")),
)


def failure(verb: str, what: str, error: Exception, in_doubt: bool = False) -> StorageFailure:
    """The error to raise; `in_doubt` when the write may have been done all the same."""
    said, hint = _meaning(error)
    doubt = "; it is not known whether it was written" if in_doubt else ""
    return StorageFailure(
        f"cannot {verb} {what}: {said}{doubt}",
        "look at `assay log` before doing it again" if in_doubt else hint,
    )


def names_no_bucket(error: Exception) -> bool:
    """Whether a 404 is about the bucket and not the key."""
    return code_of(error) in ("NoSuchBucket", "ContainerNotFound")


def code_of(error: Exception) -> str:
    """The error code in the answer, "" for none."""
    found = _CODE.search(str(error))
    return found[1] if found else ""


def status_of(error: Exception) -> int | None:
    """The HTTP status of the answer; None when none came."""
    found = _STATUS.search(str(error))
    return int(found[1]) if found else None


def _meaning(error: Exception) -> tuple[str, str]:
    code, status, text = code_of(error), status_of(error), str(error)
    if code in _SAID:
        return _SAID[code]
    if status is not None:
        said, hint = _NUMBERS.get(status, (f"the store answered {status}", _AGAIN))
        return (f"{said} ({code})" if code else said), hint
    for mark, meaning in _TEXTS:
        if mark in text:
            return meaning
    return (
        "the connection failed",
        "check the endpoint (AWS_ENDPOINT_URL) and the network, then run the command again",
    )
