"""Every page that there is, from the router itself: a new page is walked without anybody remembering it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Match

from tests.attacks.poisoned import NAME, World

ALIKE = 2
"""So many pages of one route with the same parameters are walked."""
_PLACE = re.compile(r"{(\w+)[^}]*}")


def routes(app: object, *, api: bool = False) -> list[APIRoute]:
    """The routes that only read: pages and files, or what programs ask."""
    assert isinstance(app, FastAPI)
    found = [one for one in app.routes if isinstance(one, APIRoute) and "GET" in one.methods]
    return [one for one in found if one.path.startswith("/api/") is api]


def filled(world: World, path: str) -> list[str]:
    """A route's path with things of the poisoned registry in its places."""
    refs = ["poisoned@v1", "poisoned@v2", f"{NAME}@v2", "poisoned1@v1", "poisoned2@v1", "collected@v1"]
    known = {
        "ref": refs,
        "name": ["poisoned", NAME],
        "queue": ["zqx-queue", "edits"],
        "pair": ["v1..v2"],
        "run": ["zqx-run", "zqx-receipt"],
        "seq": [str(k) for k in range(1, len(world.registry().log()) + 1)],
        "id": world.jobs if path.startswith(("/jobs", "/api/jobs")) else world.ids[:3],
    }
    if path.startswith(("/datasets/", "/api/datasets/", "/api/models/")) or "/resolve/" in path:
        known |= {
            "name": ["poisoned"],
            "spelled": [NAME.encode().hex()],
            "revision": ["v2"],
            "model": ["gpt2"],
        }
        known["path"] = ["data"] if "/tree/" in path else ["README.md"]
    if path.startswith("/audit/checkpoints"):
        known["name"] = [f"zqx{quote('<b zqx>')}"]
    if "/examples/{id}" in path:
        known["ref"] = ["poisoned@v1"]
    if path.endswith("/map"):
        known["ref"] = ["mapped@v1", "poisoned@v1", f"{NAME}@v2"]
    if "/uploads/{id}" in path:
        known["id"] = [one["id"] for one in world.get("/uploads")["uploads"]]
    if "{pair}" in path or path.endswith(("/lineage", "/effect")):
        known["name"] = ["poisoned", NAME]
    out = [path]
    for name in _PLACE.findall(path):
        assert name in known, f"{path}: say in tests/attacks/pages.py what may stand for {{{name}}}"
        out = [_PLACE.sub(quote(value), one, count=1) for one in out for value in known[name]]
    return out


def links(html: str) -> Iterator[str]:
    """Where a page leads on this server."""
    for found in re.findall(r'href="(/[^"#]*)"', html):
        if not found.startswith(("/static/", "/api/", "//", "/logout")):
            yield (
                found.replace("&amp;", "&").replace("&#39;", "'").replace("&#34;", '"').replace("&#x27;", "'")
            )


def walk(world: World) -> dict[str, Any]:
    """Every address that reads → its answer: what the router has, and what these lead to."""
    found: dict[str, Any] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    app = world.client.app
    wanted = [path for route in routes(app) for path in filled(world, route.path)]
    wanted += ["/none<b zqx>", "/d/none", "/d/help@v9", "/jobs/none", "/review/none", "/audit/999"]
    mine = set(wanted)
    while wanted:
        path = wanted.pop(0)
        key = alike(app, path)
        if path in found or (path not in mine and seen[key] >= ALIKE):
            continue
        seen[key] += 1
        answer = world.client.get(path)
        assert answer.status_code < 500, (path, answer.status_code, answer.text[:500])
        found[path] = answer
        if answer.headers.get("content-type", "").startswith("text/html"):
            wanted += [one for one in links(answer.text) if one not in found]
    return found


def alike(app: object, path: str) -> tuple[str, ...]:
    """What pages have in common: the route, and which parameters they are given."""
    parts = urlsplit(path)
    scope = {"type": "http", "path": parts.path, "method": "GET"}
    assert isinstance(app, FastAPI)
    for route in app.routes:
        if (
            isinstance(route, APIRoute)
            and route.matches({**scope, "path": unquote(parts.path)})[0] is Match.FULL
        ):
            return (route.path, *sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}))
    return (parts.path,)
