"""Every page that the router has, as an address that there is: the list is the router's, so no page is forgotten."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.routing import APIRoute

import assay
from assay.registry import Registry
from assay.registry.review.results import Given
from assay.registry.review.samples import Drawing
from assay.web.app import PARTS, WORK
from assay.web.jobs.files import keep

JOB = "20261121T120000000-00c0ffee"
MORE = (
    "/d/{ref}/examples?q=language:zh",
    "/d/{ref}/examples?q=nothing-is-so",
    "/d/{ref}/rejected?stage=near_dedup",
    "/d/{name}/diff/{pair}?kind=removed",
    "/d/{name}/disable?where=kind%3D'messages'",
    "/d/{name}/policy?moment=commit",
    "/new?kind=generate",
    "/radius?kind=source&value={source}",
    "/search?q=order",
)
"""Pages that look otherwise when they are asked something."""


def furnish(root: Path) -> None:
    """A registry with `help@v1` and `help@v2`, to which is added whatever pages can show."""
    registry = assay.open(root, actor="cy")
    queue = registry.reviews.create("q", "help", Drawing("random", 5)).queue
    registry.reviews.give("q", [Given(min(queue.ids).hex(), "reject")])
    registry.policies.set({"approvals": 1, "rules": [{"contamination": {}}, {"size": {"min": 10_000}}]})
    registry.runs.link(
        "help@v2", "run-7", {"model": "help-7b", "base_model": "base-7b"}, trackers={"mlflow": "ab12"}
    )
    registry.runs.link("help@v1", "run-6")
    for run, ref, more in (("run-6", "help@v1", 0.0), ("run-7", "help@v2", 0.1)):
        scored = "".join(f"q{k},{k / 40 + more},{'ab'[k % 2]},{run}{k % 2}\n" for k in range(40))
        (root / f"{run}.csv").write_text("item,score,topic,note\n" + scored)
        registry.results.attach(run, [str(root / f"{run}.csv")], ref=ref, evaluation="orders")
    begun = registry.runs.begin(
        "help@v1",
        "run-7",
        seed=3,
        chat_template="{{ m }}",
        environment={"python": "3"},
        force=True,
        reason="to show",
    )
    registry.runs.end(begun, metrics={"loss": 1.25})
    registry.refs.tag("help@v1", "first")
    registry.refs.branch("help", "trial")
    job = root / "server" / "jobs" / JOB
    job.mkdir(parents=True, mode=0o700)
    spec = {"id": JOB, "kind": "curate", "dataset": "help", "actor": "ann", "created": time.time(), "words": ["curate"],
            "form": {}, "uploads": []}  # fmt: skip
    keep(job / "spec.json", spec)
    keep(job / "result.json", {"state": "done", "ended": time.time(), "exit": 0, "answer": _answer(registry)})


def _answer(registry: Registry) -> dict[str, object]:
    version = registry.version("help@v2")
    stages = [
        {"stage": one.stage, "in": one.entered, "rejected": one.rejected, "codes": dict(one.codes)}
        for one in version.funnel
    ]
    read = stages[0]["in"] if stages else len(version)
    return {"version": "help@v2", "read": read, "kept": len(version), "malformed": 0, "stages": stages}


def templates() -> list[str]:
    """The paths of all declared pages that are asked for with GET."""
    from importlib import import_module

    parts = (import_module(f"assay.web.pages.{name}").pages for name in (*PARTS, *WORK))
    return [one.path for part in parts for one in part.declared if one.template and one.method == "GET"]


def every_page(app: FastAPI, root: Path) -> Iterator[str]:
    """An address for each of them. Fails for a page with a parameter that nothing is known of."""
    known = {route.path for route in app.routes if isinstance(route, APIRoute)}
    first = next(iter(assay.open(root).version("help@v2"))).name
    values = {"name": "help", "ref": "help@v2", "queue": "q", "pair": "v1..v2", "seq": "2", "run": "run-7",
              "source": quote(str(assay.open(root).version("help@v2").sources[0]["uri"]))}  # fmt: skip
    for path in (*templates(), *MORE):
        assert path.partition("?")[0] in known, path
        own = values | {"id": JOB if path.startswith("/jobs") else first}
        yield re.sub(r"\{(\w+)(?::\w+)?\}", lambda found, own=own: own[found[1]], path)
