"""The routes of the Hub's protocol: what there is, what a revision is, which files it has, and the files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

import orjson
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from assay.errors import AssayError, NotFound, StorageFailure
from assay.registry import Registry
from assay.registry.export.hub import README
from assay.registry.export.hub_listing import commits, names
from assay.registry.export.hub_revisions import (
    NAMESPACE,
    SPELLED,
    HubRevision,
    dataset_id,
    dataset_named,
    hub_line,
    hub_revision,
)
from assay.registry.export.kept_folder import KeptFile, KeptFolder, ready_folder
from assay.registry.listing import summaries
from assay.web.access.door import NotSaid, Refused
from assay.web.access.identity import Identity
from assay.web.access.roles import Permission
from assay.web.failing import STATUS
from assay.web.hub import values
from assay.web.hub.refusing import HubRefusal, no_revision, refused
from assay.web.hub.sending import sent
from assay.web.hub.shelf import Shelf
from assay.web.reception import Reception
from assay.web.routing import PERMISSION

PERMISSION_ASKED: Final = Permission.READ
PAGE: Final = 1_000
"""Entries of a list at a time; `Link` leads to the next ones."""
MOST_PATHS: Final = 1_000
AGAIN: Final = 5
KINDS: Final = {README: "text/plain; charset=utf-8"}
Handler = Callable[[Request, Identity], Awaitable[Response]]


class Hub:
    """Answers over the registries that a reception lends."""

    def __init__(self, reception: Reception, shelf: Shelf) -> None:
        self._reception, self._shelf = reception, shelf

    def add(self, app: FastAPI) -> None:
        """Routes for ids with our namespace and without one; first what is longer."""
        get, read = ["GET"], ["GET", "HEAD"]
        self._route(app, "/api/whoami-v2", self.whoami, get)
        self._route(app, "/api/datasets", self.datasets, get)
        for id in (f"{NAMESPACE}/{{name}}", f"{SPELLED}/{{spelled}}", "{name}"):
            api = f"/api/datasets/{id}"
            self._route(app, f"{api}/revision/{{revision:path}}", self.info, get)
            self._route(app, f"{api}/tree/{{revision}}", self.tree, get)
            self._route(app, f"{api}/tree/{{revision}}/{{path:path}}", self.tree, get)
            self._route(app, f"{api}/paths-info/{{revision}}", self.paths_info, ["POST"])
            self._route(app, f"{api}/refs", self.refs, get)
            self._route(app, f"{api}/commits/{{revision}}", self.commits, get)
            self._route(app, f"/datasets/{id}/resolve/{{revision}}/{{path:path}}", self.file, read)
            self._route(app, api, self.info, get)
        self._route(app, "/api/datasets/{path:path}", self.nothing, read)
        self._route(app, "/datasets/{path:path}", self.nothing, read)
        self._route(app, "/api/models/{path:path}", self.no_model, read)
        self._route(app, "/{model:path}/resolve/{revision}/{path:path}", self.no_model, read)

    def _route(self, app: FastAPI, path: str, handler: Handler, methods: list[str]) -> None:
        async def answer(request: Request) -> Response:
            try:
                identity = await run_in_threadpool(self._reception.door.admit, request, PERMISSION_ASKED)
                return await handler(request, identity)
            except NotSaid:
                said = "say who you are: set HF_TOKEN to a token of this server (assay access token)"
                refusal = HubRefusal(401, "GatedRepo", said, topic="who asks", www_authenticate="Bearer")
                return refused(refusal)
            except Refused as error:
                return refused(
                    HubRefusal(403, "GatedRepo", f"{error.message} ({error.hint})", topic="who asks")
                )
            except HubRefusal as refusal:
                return refused(refusal)

        app.add_api_route(
            path, answer, methods=methods, include_in_schema=False, response_model=None,
            name=f"hub_{handler.__name__}", openapi_extra={PERMISSION: PERMISSION_ASKED.value},
        )  # fmt: skip

    async def whoami(self, request: Request, identity: Identity) -> Response:
        """Who a token is."""
        told = {
            "type": "user",
            "id": identity.actor,
            "name": identity.actor,
            "fullname": identity.actor,
            "orgs": [],
        }
        token = {"type": "access_token", "accessToken": {"displayName": identity.how, "role": "read"}}
        return JSONResponse(told | {"auth": token})

    async def datasets(self, request: Request, identity: Identity) -> Response:
        """Datasets by name."""
        asked = request.query_params
        wanted, after = asked.get("search", "").lower(), asked.get("cursor", "")
        limit = min(PAGE, _number(asked.get("limit"), PAGE))

        def listed() -> list[dict[str, Any]]:
            with self._reception.registries.lent(identity.actor) as registry:
                found = [
                    one for one in summaries(registry) if wanted in one.name.lower() and one.name > after
                ]
                return [{"_name": one.name, "id": dataset_id(one.name)} for one in found[: limit + 1]]

        found = await run_in_threadpool(listed)
        answer = [{"id": one["id"], "private": self._private, "tags": ["assay"]} for one in found[:limit]]
        more = {"cursor": found[limit - 1]["_name"]} if len(found) > limit else None
        return _json(request, answer, self._link(request, more))

    async def info(self, request: Request, identity: Identity) -> Response:
        """A revision: its commit and the names of its files; with `blobs` their sizes."""
        found, folder = await self._found(request, identity)
        entries = None
        if _yes(request.query_params.get("blobs")):
            entries = await self._entries(found, folder, identity)
        return _json(request, values.info_value(_id(request), found, entries, self._private))

    async def tree(self, request: Request, identity: Identity) -> Response:
        """The files in a folder of a revision, and its folders."""
        found, folder = await self._found(request, identity)
        entries = await self._entries(found, folder, identity)
        asked = request.query_params
        under = request.path_params.get("path", "").strip("/")
        listed = values.tree(entries, under, _yes(asked.get("recursive")))
        if listed is None:
            raise HubRefusal(404, "EntryNotFound", f"no folder {under!r} in {found.ref}", commit=found.commit)
        start = _number(asked.get("cursor"), 0)
        page = listed[start : start + PAGE]
        if _yes(asked.get("expand")):
            page = [values.with_commit(one, found) for one in page]
        more = {"cursor": str(start + PAGE)} if len(listed) > start + PAGE else None
        return _json(request, page, self._link(request, more))

    async def paths_info(self, request: Request, identity: Identity) -> Response:
        """Those of some paths that are there."""
        found, folder = await self._found(request, identity)
        paths, expand = await _asked_paths(request)
        entries = await self._entries(found, folder, identity)
        known = {one.path: values.file_value(one) for one in entries}
        known["data"] = values.folder_value("data", entries)
        told = [known[path] for path in dict.fromkeys(one.strip("/") for one in paths) if path in known]
        return _json(request, [values.with_commit(one, found) for one in told] if expand else told)

    async def refs(self, request: Request, identity: Identity) -> Response:
        """Branches, and every other name of a version as a tag."""
        branches, tags = await self._asked(request, identity, lambda registry, name: names(registry, name))
        requests = _yes(request.query_params.get("include_prs"))
        return _json(request, values.refs_value(branches, tags, requests))

    async def commits(self, request: Request, identity: Identity) -> Response:
        """The versions that led to a revision, the newest first."""
        found, _ = await self._found(request, identity)
        told = await self._asked(request, identity, lambda registry, name: commits(registry, name, found.ref))
        return _json(request, [values.commit_value(*one) for one in told])

    async def file(self, request: Request, identity: Identity) -> Response:
        """A file of a revision, or its headers."""
        found, folder = await self._found(request, identity)
        path = request.path_params["path"]
        if path not in found.paths:
            raise HubRefusal(404, "EntryNotFound", f"no file {path!r} in {found.ref}", commit=found.commit)
        folder = folder or await self._made(found, identity)
        try:
            one = await run_in_threadpool(folder.file, path)
            file = await run_in_threadpool(folder.open, path)
        except StorageFailure:
            raise _later("the file was emptied from the cache just now") from None
        headers = {
            "x-repo-commit": found.commit,
            "x-linked-size": str(one.bytes),
            "x-linked-etag": f'"{one.sha256}"',
            "content-type": KINDS.get(path, "application/vnd.apache.parquet"),
            "content-disposition": f'attachment; filename="{_plain(path.rpartition("/")[2])}"',
        }
        return sent(request, file, one.bytes, one.sha256, headers)

    async def nothing(self, request: Request, identity: Identity) -> Response:
        """All other addresses of datasets."""
        said = f"no such dataset, or nothing that this server tells of one: ids are NAME or {NAMESPACE}/NAME"
        raise HubRefusal(404, "RepoNotFound", said)

    async def no_model(self, request: Request, identity: Identity) -> Response:
        """Models are asked for at the same address by a program whose HF_ENDPOINT is this server."""
        said = "this server has datasets and no models: fetch the model before HF_ENDPOINT is set, or name its folder"
        raise HubRefusal(404, "RepoNotFound", said)

    @property
    def _private(self) -> bool:
        return self._reception.settings.mode != "local"

    async def _asked(self, request: Request, identity: Identity, ask: Callable[[Registry, str], Any]) -> Any:
        """What the registry says of the dataset that a path names. Raises HubRefusal."""

        def asked() -> Any:
            try:
                name = dataset_named(_id(request))
                with self._reception.registries.lent(identity.actor) as registry:
                    hub_line(registry, name)
                    return ask(registry, name)
            except NotFound as error:
                raise HubRefusal(404, "RepoNotFound", f"{error.message}; {error.hint}") from None

        return await run_in_threadpool(asked)

    async def _found(self, request: Request, identity: Identity) -> tuple[HubRevision, KeptFolder | None]:
        """The revision of a path, and its files where they were made before. Raises HubRefusal."""
        revision = request.path_params.get("revision", "main")

        def look(registry: Registry, name: str) -> tuple[HubRevision, KeptFolder | None]:
            try:
                found = hub_revision(registry, name, revision)
                return found, ready_folder(registry, found.holder)
            except AssayError as error:
                raise no_revision(error, f"{name}@{revision}") from None

        answer: tuple[HubRevision, KeptFolder | None] = await self._asked(request, identity, look)
        return answer

    async def _made(self, found: HubRevision, identity: Identity) -> KeptFolder:
        try:
            return await self._shelf.folder(found, identity.actor)
        except TimeoutError:
            raise _later(f"the files of {found.ref} are being made") from None
        except AssayError as error:
            # 501: a registry that is no folder has no place for files.
            raise HubRefusal(STATUS.get(error.code, 501), "", f"{error.message}; {error.hint}") from None

    async def _entries(
        self, found: HubRevision, folder: KeptFolder | None, identity: Identity
    ) -> tuple[KeptFile, ...]:
        made = folder or await self._made(found, identity)
        try:
            return await run_in_threadpool(made.files)
        except StorageFailure:
            raise _later("the files were emptied from the cache just now") from None

    def _link(self, request: Request, more: dict[str, str] | None) -> str:
        if more is None:
            return ""
        asked = {**request.query_params, **more}
        scheme = "https" if self._reception.settings.secure else request.url.scheme
        return f'<{request.url.replace(scheme=scheme, query=urlencode(asked))}>; rel="next"'


def _later(said: str) -> HubRefusal:
    return HubRefusal(503, "", f"{said}: ask again", retry_after=str(AGAIN))


def _id(request: Request) -> str:
    """The dataset's id as the path spells it."""
    given = request.path_params
    if "spelled" in given:
        return f"{SPELLED}/{given['spelled']}"
    spaced = request.url.path.split("/datasets/", 1)[1].startswith(f"{NAMESPACE}/{given['name']}")
    return f"{NAMESPACE}/{given['name']}" if spaced else given["name"]


async def _asked_paths(request: Request) -> tuple[list[str], bool]:
    """The paths and `expand` of a form, or of JSON. Raises HubRefusal."""
    body = await request.body()
    try:
        if "json" in request.headers.get("content-type", ""):
            told = orjson.loads(body)
            paths, expand = told["paths"], told.get("expand", False) is True
            paths = [paths] if isinstance(paths, str) else paths
        else:
            form = parse_qs(body.decode(), max_num_fields=MOST_PATHS + 1)
            paths, expand = form.get("paths", []), _yes(form.get("expand", [""])[0])
        if (
            not isinstance(paths, list)
            or len(paths) > MOST_PATHS
            or not all(isinstance(one, str) for one in paths)
        ):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HubRefusal(400, "", f"`paths` is a list of at most {MOST_PATHS:,} paths") from None
    return paths, expand


def _json(request: Request, value: Any, link: str = "") -> Response:
    return JSONResponse(value, headers={"link": link} if link else None)


def _yes(said: str | None) -> bool:
    return (said or "").lower() in ("true", "1")


def _number(said: str | None, otherwise: int) -> int:
    return int(said) if said and said.isascii() and said.isdigit() and len(said) <= 9 else otherwise


def _plain(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)
