"""Refusals as clients of the Hub read them: a status, `X-Error-Code`, and a sentence that reaches who asked.

`huggingface_hub` prints `X-Error-Message` with the error, and logs `X-HF-Warning` once a topic even where the error is
replaced by another one. Only after the code `RevisionNotFound` (or `EntryNotFound`) it does not fall back on files that
it downloaded earlier: so what is revoked says that, whatever its status.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from starlette.responses import JSONResponse, Response

from assay.errors import AssayError, NotFound, UsageError
from assay.model.escape import spelled
from assay.web.failing import STATUS

Code = Literal["RepoNotFound", "RevisionNotFound", "EntryNotFound", "GatedRepo", ""]
MOST: Final = 600
"""Characters of a sentence in a header."""


class HubRefusal(Exception):
    """A request that is answered with a refusal. `commit`: of the revision, where there is one; `headers`: more."""

    def __init__(
        self, status: int, code: Code, message: str, *, topic: str = "", commit: str = "", **headers: str
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.topic, self.commit, self.headers = topic, commit, headers


def no_revision(error: AssayError, ref: str) -> HubRefusal:
    """What keeps a revision from being given out, or that there is none. A failure of ours has no code: clients ask
    again, or take what they have."""
    said = f"{error.message} ({error.hint})" if error.hint else error.message
    gone = isinstance(error, NotFound) or type(error) is UsageError
    status = 404 if gone else STATUS.get(error.code, 403)
    code: Code = "RevisionNotFound" if status < 500 else ""
    return HubRefusal(status, code, said, topic="" if gone else f"{ref} {error.code}")


def refused(refusal: HubRefusal) -> Response:
    """The answer."""
    said = spelled(refusal.message, MOST)
    answer = JSONResponse(
        {"error": said}, refusal.status, {k.replace("_", "-"): v for k, v in refusal.headers.items()}
    )
    told = {"x-error-message": said, "x-error-code": refusal.code, "x-repo-commit": refusal.commit}
    if refusal.topic:
        told["x-hf-warning"] = f"{re.sub(r'[^ -:<-~]', '-', refusal.topic)}; {said}"
    # A reason may be Chinese: in UTF-8, which clients of the Hub read. What an address said comes back in ASCII.
    encoding, other = ("ascii", "backslashreplace") if refusal.status == 404 else ("utf-8", "strict")
    answer.raw_headers.extend(
        (name.encode(), value.encode(encoding, other)) for name, value in told.items() if value
    )
    return answer
