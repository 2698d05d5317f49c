"""The web application over a million examples: how long pages take, how much memory, and many people at once.

    python benchmarks/web.py [--rows 1000000] [--keep DIR] [--seconds 120] [--json FILE] [--map]

Makes the registry of `web_registry.py` (some minutes), or takes the one that an earlier run left in --keep; starts
`assay serve`; asks for each kind of page once, then --calls times, one after the other, with another example or other
words each time where there are such; then lets 20 readers and 4 reviewers work at once, each with a token, and looks
whether every verdict that was acknowledged stands in the log. --map: makes the map first, as a job of the server, and
asks for its pages too. Times are what a client waits, over loopback, in milliseconds; cpu is what the server computes
for a page. Memory is the proportional set size in 10⁶ bytes, every half second, of the server and of the server with
the processes that it started. The load average stands beside, because whoever else uses the machine is measured too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from secrets import token_bytes
from typing import Any
from urllib.parse import quote

import web_registry
from web_load import load, lost
from web_registry import NAME
from web_server import Asker, Server

import assay
from assay.registry.review.results import Rules
from assay.registry.review.samples import Drawing
from assay.web.access.book import open_book
from assay.web.access.roles import Role

RARE = (
    "calibrate",
    "lantern",
    "accordion",
    "pharmacist",
    "telescope",
    "hammock",
    "wheelbarrow",
    "chessboard",
)
CHINESE = ("退款", "图书馆", "自行车", "老师", "医生", "桥", "望远镜", "邮局")
EXAMPLES = 40
BUDGET = {
    "home": 200,
    "dataset": 200,
    "version": 200,
    "diff": 200,
    "example": 200,
    "explore: facet and word": 500,
}
"""Milliseconds that the median may take."""


def pages(registry: Path) -> dict[str, list[str]]:
    """Kinds of pages, and addresses of each."""
    opened = assay.open(registry, actor="bench")
    version = opened.version(NAME)
    rows = opened.store.split_ids(version.manifest, next(iter(version.manifest.splits)))
    step = max(1, len(rows) // EXAMPLES)
    examples = [rows[k * step].tobytes().hex() for k in range(min(EXAMPLES, len(rows)))]
    at, last = f"/d/{NAME}@v4", version.manifest.number

    def find(*queries: str, more: str = "") -> list[str]:
        return [f"{at}/examples?q={quote(one)}{more}" for one in queries]

    return {
        "home": ["/"],
        "dataset": [f"/d/{NAME}/versions"],
        "version": [at],
        "diff": [f"/d/{NAME}/diff/v{last - 1}..v{last}"],
        "diff: most rows": [f"/d/{NAME}/diff/v1..v{last}"],
        "example": [f"{at}/examples/{one}" for one in examples],
        "explore": [f"{at}/examples"],
        "explore: facet": find("language:zh", "generator:made/alpha", "origin:human", "team:blue"),
        "explore: word": find(*RARE, *CHINESE),
        "explore: facet and word": find(
            *(f"language:en {w}" for w in RARE), *(f"quality:3.. {w}" for w in CHINESE)
        ),
        "explore: frequent word": find("language:en the", "team:blue a"),
        "explore: by score": find("language:zh", "origin:human", more="&sort=-quality"),
        "explore: nothing found": find("language:zh calibrate turns:9.."),
        "rejected": [f"{at}/rejected"],
        "search: words": [f"/search?q={quote(w)}" for w in (*RARE, *CHINESE)],
        "search: id": [f"/search?q={one[:12]}" for one in examples],
        "review": ["/review"],
        "queue": ["/review/load-0"],
        "lineage": [f"/d/{NAME}/lineage"],
        "runs": ["/runs"],
        "policy": [f"/d/{NAME}/policy"],
        "audit": ["/audit"],
        "jobs": ["/jobs"],
        "settings": ["/settings"],
    }


def map_pages() -> dict[str, list[str]]:
    at, whole = f"/d/{NAME}@v4/map", "20000,20000;45000,20000;45000,45000;20000,45000"
    ways = ("cluster", "source", "generator", "language", "split", "quality")
    return {
        "map": [at],
        "map: coloured": [f"{at}?by={way}" for way in ways],
        "map: a lasso": [f"{at}?lasso={whole}"],
        "map: points": [f"{at}/points?by={way}" for way in ways],
        "map: picture": [f"{at}/picture.png?by={way}" for way in ways],
    }


def people(registry: Path, readers: int, reviewers: int) -> tuple[str, list[str], list[tuple[str, str]]]:
    """Tokens of an admin, of readers, and of reviewers with a fresh queue each."""
    opened = assay.open(registry, actor="bench")
    book = open_book(opened, time.time, token_bytes)
    known = {one.name for one in book.people()}

    def token(name: str, *roles: Role) -> str:
        if name not in known:
            book.add(name, roles, None)
        return book.make_token(name, roles, "benchmark", 86_400.0).text

    stamp = f"{time.time():.0f}"
    judges = []
    for k in range(reviewers):
        queue = f"load-{stamp}-{k}"
        opened.reviews.create(queue, NAME, Drawing("random", 1_000, seed=k), Rules(1, None, 0))
        judges.append((token(f"judge{k}", "reader", "reviewer"), queue))
    admin = token("root", "admin", "contributor", "reviewer", "reader", "auditor", "releaser")
    found = admin, [token(f"reader{k}", "reader") for k in range(readers)], judges
    book.close()
    return found


def measure(server: Server, who: Asker, kinds: dict[str, list[str]], calls: int) -> list[dict[str, Any]]:
    """Each kind of page: the first answer, then as many more."""
    rows = []
    for name, paths in kinds.items():
        began, before = server.now(), os.getloadavg()[0]
        first = _asked(who, paths[-1])
        spent = server.cpu()
        times = sorted(1e3 * _asked(who, path) for path in islice(cycle(paths), calls))
        spent = 1e3 * (server.cpu() - spent) / calls
        alone, together = server.memory()
        row = {
            "page": name, "first": 1e3 * first, "median": statistics.median(times),
            "p95": times[int(0.95 * len(times))], "slowest": times[-1], "cpu": spent, "server_mb": alone,
            "most_mb": max(together, server.most(began)[1]), "load": before,
        }  # fmt: skip
        rows.append(row)
        print(
            f"{name:26} {row['first']:7.0f} {row['median']:7.0f} {row['p95']:7.0f} {row['slowest']:7.0f} {spent:6.0f}"
            f" {row['server_mb']:7.0f} {row['most_mb']:7.0f} {before:6.1f}",
            flush=True,
        )
    return rows


def _asked(who: Asker, path: str) -> float:
    answer = who.ask(path)
    if answer.status not in (200, 303):  # an id leads to its page
        raise SystemExit(f"{path}: {answer.status} {answer.body[:300]!r}")
    return answer.seconds


def ready(server: Server, who: Asker) -> dict[str, float]:
    """What large versions have made once by processes of their own: figures, and the index of words. How long that
    took, what the first answer of each took, and the most memory meanwhile."""
    told: dict[str, float] = {}
    for name, path, waits in (
        ("figures", f"/api/d/{NAME}@v4/figures", lambda body: body.get("measured") == "running"),
        ("words", f"/api/d/{NAME}@v4/examples?q=calibrate", lambda body: bool(body.get("waits"))),
    ):
        began, at = time.perf_counter(), server.now()
        answer = who.ask(path)
        told[f"{name}_first_ms"] = 1e3 * answer.seconds
        while answer.status == 200 and waits(json.loads(answer.body)):
            time.sleep(2)
            answer = who.ask(path)
        told[f"{name}_s"] = time.perf_counter() - began
        told[f"{name}_server_mb"], told[f"{name}_most_mb"] = server.most(at)
        print(f"{name}: {told}", file=sys.stderr, flush=True)
    return told


def make_map(server: Server, who: Asker) -> dict[str, float]:
    """The map, made as a job of the server."""
    if json.loads(who.ask(f"/api/d/{NAME}@v4/map").body)["made"]:
        return {}
    began, at = time.perf_counter(), server.now()
    made = who.ask(f"/api/d/{NAME}@v4/map/make", {"like": ""})
    if made.status != 200:
        raise SystemExit(f"the map was refused: {made.body[:300]!r}")
    while not json.loads(who.ask(f"/api/d/{NAME}@v4/map").body)["made"]:
        time.sleep(2)
    server_mb, most_mb = server.most(at)
    return {"map_s": time.perf_counter() - began, "map_server_mb": server_mb, "map_most_mb": most_mb}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="where the registry is, or is to stay, for the next run")
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--reviewers", type=int, default=4)
    parser.add_argument("--think", type=float, default=0.5, help="seconds, on average")
    parser.add_argument("--map", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="assay-web-", dir=given.keep) as temporary:
        folder = (given.keep or Path(temporary)) / "made"
        if not web_registry.kept(folder, given.rows):
            web_registry.make(folder, given.rows)
        out = run(folder / "registry", given, Path(temporary))
    if given.json:
        given.json.write_text(json.dumps(out, indent=1))
    raise SystemExit(0 if not out["misses"] else 1)


def run(kept: Path, given: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """What is made once, by a first server over the registry that stays; then everything else against another one, over
    a copy, so that every run finds the same."""
    admin, _, _ = people(kept, 0, 0)
    with Server(kept) as server:
        who = Asker(server.port, admin)
        once = ready(server, who) | (make_map(server, who) if given.map else {})
    registry = copy(kept, scratch / "registry")
    admin, readers, judges = people(registry, given.readers, given.reviewers)
    kinds = pages(registry) | {"queue": [f"/review/{judges[0][1]}"]} | (map_pages() if given.map else {})
    with Server(registry) as server:
        who = Asker(server.port, admin)
        out: dict[str, Any] = {"rows": given.rows, "started_mb": server.memory()[0], "once": once}
        print(
            "page                         first  median     p95 slowest    cpu  server    most   load"
            "\n                                                ms                     MB      MB"
        )
        out["pages"] = measure(server, who, kinds, given.calls)
        at, before = server.now(), os.getloadavg()[0]
        asked = [paths for name, paths in kinds.items() if name not in ("queue", "review", "audit")]
        found = load(server, asked, readers, judges, given.seconds, given.think)
        server_mb, most_mb = server.most(at)
        out["memory"], out["most_mb"] = server.samples, server.most()
    missing, twice = lost(registry, found.given)
    out["together"] = {
        "seconds": found.seconds, "readers": len(readers), "reviewers": len(judges), "pages": len(found.read),
        "verdicts": len(found.given), "errors": dict(found.errors), "lost": missing, "twice": twice,
        **_spread("read", found.read), **_spread("judged", found.judged),
        "server_mb": server_mb, "most_mb": most_mb, "load": (before, os.getloadavg()[0]),
    }  # fmt: skip
    print(json.dumps(out["together"], indent=1))
    slow = [row["page"] for row in out["pages"] if row["median"] > BUDGET.get(row["page"], 1e9)]
    out["misses"] = [
        *slow, *(["memory"] if out["most_mb"][0] > 500 else []), *(["errors"] if found.errors else []),
        *(["lost"] if missing or twice else []),
    ]  # fmt: skip
    print(
        f"most memory: the server {out['most_mb'][0]:.0f} MB, with its processes {out['most_mb'][1]:.0f} MB"
    )
    print("missed: " + ", ".join(out["misses"]) if out["misses"] else "nothing missed")
    return out


def copy(registry: Path, to: Path) -> Path:
    """The same registry elsewhere; objects, which never change, are the same files."""

    def file(one: str, other: str) -> str:
        if "objects" in Path(one).relative_to(registry).parts[:1]:
            os.link(one, other)
            return other
        return str(shutil.copy2(one, other))

    shutil.copytree(registry, to, copy_function=file)
    return to


def _spread(name: str, times: list[float]) -> dict[str, float]:
    ordered = sorted(times) or [0.0]
    return {
        f"{name}_median_ms": 1e3 * statistics.median(ordered),
        f"{name}_p95_ms": 1e3 * ordered[int(0.95 * len(ordered))],
        f"{name}_slowest_ms": 1e3 * ordered[-1],
    }


if __name__ == "__main__":
    main()
