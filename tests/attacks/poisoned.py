"""A registry in which everything that a stranger or a contributor can fill has been filled by an attacker."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes
from time import time
from typing import Any
from urllib.parse import quote

from fastapi.testclient import TestClient

import assay
from assay.registry import Registry
from assay.registry.review.results import Given, Rules
from assay.registry.review.samples import Drawing
from assay.web.access.book import Book
from assay.web.access.roles import Role
from assay.web.app import create_app
from assay.web.settings import Limits, Settings
from tests.attacks.texts import FLOOD, PRINTABLE, SHORT, WHOLE

MANY = Limits(asked=10**6, unsafe=10**6, logins=10**6)
HOST = "http://127.0.0.1"
HTTP = {"origin": HOST, "sec-fetch-site": "same-origin"}
NAME = "zqx.poisoned-数据"
"""A name as names may be; what else an attacker would call a dataset is refused."""


@dataclass
class World:
    """The registry at `root`, an application over it, and what the places need to know of each other."""

    root: Path
    work: Path
    client: TestClient
    book: Book
    token: str
    ids: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)

    def registry(self, actor: str = "ann") -> Registry:
        return assay.open(self.root, actor=actor)

    def post(self, path: str, body: Any, **more: Any) -> Any:
        headers = self.bearer | {"content-type": "application/json"} | more
        answer = self.client.post(f"/api{path}", content=json.dumps(body), headers=headers)
        assert answer.status_code < 300, (path, answer.status_code, answer.text[:600])
        return answer.json()

    def get(self, path: str) -> Any:
        answer = self.client.get(f"/api{path}", headers=self.bearer)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:600])
        return answer.json()

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class Place:
    """`plant` fills it with its text, of which it takes `most` characters; the twin at `seen` then carries the text.
    `held`: what of it must be there, where a rule of the place leaves some of it out."""

    id: str
    what: str
    base: str
    most: int
    plant: Callable[[World, str], None]
    seen: Callable[[World], str]
    held: str = ""

    @property
    def text(self) -> str:
        return f"at {self.id}: {self.base}"[: self.most] if self.most else self.base


def rows(w: World, name: str, made: list[dict[str, Any]]) -> str:
    path = w.work / name
    path.write_text("".join(json.dumps(row) + "\n" for row in made), "ascii")
    return str(path)


def example(w: World, k: int = 0) -> str:
    return f"/d/poisoned@v1/examples/{w.ids[k]}"


def _texts(w: World, text: str) -> None:
    made: list[dict[str, Any]] = [
        {"messages": [{"role": "system", "content": text}, {"role": "user", "content": text},
                      {"role": "assistant", "content": text}], "topic": text[:400], "key": "a"},
        {"messages": [{"role": "user", "content": f"call {text}"},
                      {"role": "assistant", "content": "", "tool_calls": [
                          {"id": "zqx", "type": "function",
                           "function": {"name": SHORT, "arguments": json.dumps({SHORT: text})}}]},
                      {"role": "tool", "content": text, "name": SHORT, "tool_call_id": "zqx"},
                      {"role": "assistant", "content": text}],
         "tools": [{"type": "function", "function": {"name": SHORT, "description": text,
                                                     "parameters": {"type": "object", "properties": {SHORT: {}}}}}]},
        {"messages": [{"role": "user", "content": WHOLE}, {"role": "assistant", "content": WHOLE}]},
        {"prompt": f"a pair {text}", "chosen": f"yes {text}", "rejected": f"no {text}"},
        {"text": f"a text {text}", SHORT: text, "source": SHORT, "url": "javascript:zqx()"},
        *({"messages": [{"role": "user", "content": f"How {k}? {SHORT}"},
                        {"role": "assistant", "content": f"So {k * k}. {SHORT}"}]} for k in range(9)),
    ]  # fmt: skip
    for number, one in enumerate((made[:3] + made[5:], made[3:4], made[4:5])):
        source = rows(w, f"raw{number}.jsonl", one)
        w.registry().import_("poisoned" if not number else f"poisoned{number}", [source], message=SHORT)
    found = {one.name: json.dumps(dict(one.payload)) for one in w.registry().version("poisoned@v1")}
    w.ids = sorted(found, key=lambda id: ("system" not in found[id], "tool_calls" not in found[id], id))


def _two_versions(w: World, text: str) -> None:
    made = [{"instruction": f"{k} {SHORT}", "input": "", "output": f"out {k} {SHORT}"} for k in range(12)]
    made += [
        {"instruction": f"{k % 3} {SHORT}", "input": "", "output": f"out {k % 3} {SHORT}"} for k in range(6)
    ]
    folder = w.work / "<img zqx src=x onerror=zqx()>"
    folder.mkdir()
    source = folder / "'\"><svg zqx onload=zqx()>{{7*7}}\u202e\u200b=1+1.jsonl"
    source.write_text(
        "".join(json.dumps(one) + "\n" for one in made) + f"{text!r} no json\n", "utf-8", "ignore"
    )
    registry = w.registry()
    registry.curate(NAME, [str(source)], message=text)
    source.write_text(source.read_text("utf-8") + json.dumps(made[0] | {"output": "other"}) + "\n", "utf-8")
    registry.curate(NAME, [str(source)], message=text)


def _collected(w: World, text: str) -> None:
    body = {"generator": f"zqx/{PRINTABLE}", "licence": SHORT, "params": {SHORT: text},
            "prompt_template": SHORT[:200],
            "examples": [{"prompt": text, "output": f"{k} {text}", "request_id": SHORT, "key": SHORT,
                          "fields": {SHORT: text}} for k in range(3)]}  # fmt: skip
    w.post("/d/collected/examples", body, **{"idempotency-key": "zqx-" + quote(SHORT)})
    w.post("/d/collected/examples/flush", {})


def _facts(w: World, text: str) -> None:
    w.post("/commands/fact", {"name": "poisoned", "facts": {"label": text}, "id": w.ids[:3]})
    with suppress(AssertionError):  # keys have a rule; what it lets through is tried
        w.post("/commands/fact", {"name": "poisoned", "facts": {PRINTABLE[:60]: "zqx"}, "id": w.ids[:3]})


def _review(w: World, text: str) -> None:
    reviews = w.registry("cy").reviews
    reviews.create("zqx-queue", "poisoned", Drawing("all"), Rules(blind=False), note=text)
    first, second, third = w.ids[:3]
    told = {"queue": "zqx-queue", "ids": [first], "comment": text, "tags": {"tone": PRINTABLE[:64]}}
    w.post("/commands/review/reject", told)
    w.post("/commands/review/accept", {**told, "ids": [second]})
    reviews.give("zqx-queue", [Given(third, "skip", {}, None, text)])


def _edit(w: World, text: str) -> None:
    payload = {
        "messages": [{"role": "user", "content": f"edited {text}"}, {"role": "assistant", "content": text}]
    }
    w.post(
        "/commands/review/create", {"name": "edits", "ref": "poisoned@v1", "id": w.ids[4:6], "sample": "all"}
    )
    w.post(
        "/commands/review/edit", {"queue": "edits", "ids": [w.ids[4]], "comment": text, "payload": payload}
    )
    w.post("/commands/review/reject", {"queue": "edits", "ids": [w.ids[5]], "comment": text})
    w.post("/commands/review/apply", {"queue": "edits", "reason": text})


def _policy(w: World, text: str) -> None:
    yaml = f"description: {json.dumps(text)}\napprovals: 1\nrules:\n  - licences: {{allowed: [{json.dumps(SHORT)}]}}\n"
    w.post("/commands/policy/set", {"yaml": yaml, "dataset": "poisoned", "reason": text})


def _waiver(w: World, text: str) -> None:
    gate = w.get("/d/poisoned/policy?ref=poisoned@v1&moment=release&check=1")["gate"]
    w.registry("eve").policies.waive(
        "poisoned@v1", gate["outcomes"][0]["code"], until="2999-01-01", reason=text
    )


def _approval(w: World, text: str) -> None:
    w.registry("\u202e<b zqx>bob").releases.approve("poisoned@v1", note=text)


def _revoke(w: World, text: str) -> None:
    w.registry("dora").releases.approve("poisoned1@v1", note=text[:500])
    w.registry("dora").releases.release("poisoned1@v1", note=text[:500])
    w.registry("dora").releases.revoke("poisoned1@v1", text)


def _run(w: World, text: str) -> None:
    said = {"ref": "poisoned@v1", "run": "zqx-run", "model": text, "base_model": text, "tracker": text,
            "url": "javascript:zqx()//" + text[:200]}  # fmt: skip
    w.post("/commands/runs/link", said)


def _receipt(w: World, text: str) -> None:
    runs = w.registry().runs
    begun = runs.begin(
        "poisoned@v1", "zqx-receipt", program=text, environment={"torch": text, text[:40]: "1"}, force=True,
        reason=text,
    )  # fmt: skip
    runs.end(begun, "failed", {text[:40]: 1.5})
    runs.link("poisoned@v1", "zqx-receipt", trackers={"mlflow": text})


def _results(w: World, text: str) -> None:
    registry = w.registry()
    for ref, run, more in (("poisoned@v1", "zqx-run-1", 0.0), ("poisoned@v2", "zqx-run-2", 0.5)):
        registry.runs.link(ref, run)
        told = [
            {"item": f"{k} {text}", "score": k / 40 + more, "topic": text, text[:40]: k} for k in range(40)
        ]
        registry.results.attach(run, [rows(w, f"{run}.jsonl", told)], evaluation=text[:100])


def _disable(w: World, text: str) -> None:
    w.post("/commands/disable", {"name": "poisoned", "id": w.ids[-1:], "reason": text})


def _actor(w: World, text: str) -> None:
    source = rows(w, "actor.jsonl", [{"text": "by a strange name"}])
    w.registry(text).import_("by-somebody", [source], message="x")


def _label(w: World, text: str) -> None:
    w.book.make_token("ann", [Role.READER], text[:200], 3600)


def _person(w: World, text: str) -> None:
    w.post("/settings/people/add", {"name": text[:100].strip(), "roles": ["reader"]})


def _upload(w: World, text: str) -> None:
    told = w.client.post(
        "/api/uploads", params={"name": text[:299]}, content=b'{"text": "zqx"}\n', headers=w.bearer
    )
    assert told.status_code == 201, told.text


def _template(w: World, text: str) -> None:
    made = {"id": "zqx-template", "system": text, "user": "Write {{tone}} " + text,
            "variables": {"tone": {"description": text[:500], "values": [text, "b"]}}}  # fmt: skip
    w.post("/commands/template/save", {"template": made})


def _map(w: World, text: str) -> None:
    """Two kinds of rows whose words would name their clusters."""
    words = (
        "onerror onload script javascript iframe srcdoc {} autofocus",
        "退款 订单 meta refresh svg animate {} mathml",
    )
    made = [{"text": " ".join([*(words[k % 2].format(PRINTABLE).split()[n] for n in (k % 5, (k + 2) % 7)), words[k % 2].format(k)])}
            for k in range(60)]  # fmt: skip
    w.registry().import_("mapped", [rows(w, "mapped.jsonl", made)])
    w.post("/d/mapped@v1/map/make", {"like": ""})


def _job(w: World, text: str) -> None:
    """A job that ended, as its folder says it: what it printed, what it complained of, how far it was."""
    from assay.web.jobs.files import keep

    for number, end in enumerate((
        {"state": "failed", "exit": 2, "ended": 2.0, "error": {"code": "bad_input", "message": text, "hint": text}},
        {"state": "done", "exit": 0, "ended": 2.0, "answer": {
            "version": text, "read": 3, "kept": 2, "malformed": 0, "operation": 1, "note": text,
            "stages": [{"stage": SHORT, "in": 3, "rejected": 1, "codes": {SHORT: 1}}],
            "gate": {"findings": [{"code": SHORT, "rule": SHORT, "status": "fail", "severity": "refuse",
                                   "message": text, "count": 1}]}}},
    )):  # fmt: skip
        id = f"20261121T00000000{number}-0000000{number}"
        folder = w.root / "server" / "jobs" / id
        folder.mkdir(parents=True)
        keep(folder / "spec.json", {
            "id": id, "kind": "curate", "dataset": SHORT, "actor": SHORT, "created": 1.0, "uploads": [],
            "words": ["curate", f"--message={text}", "--", SHORT], "form": {"name": "x", "sources": [], "message": text}})  # fmt: skip
        keep(folder / ("error.json" if "error" in end else "result.json"), end)
        phases = [{"phase": SHORT, "done": 1, "total": 2, "unit": SHORT, "began": 1.0, "told": 2.0}]
        keep(folder / "progress.json", {"phases": phases})
        (folder / "stderr").write_text(text, "utf-8", "replace")
        w.jobs.append(id)


def _tools(w: World, text: str) -> None:
    """Filled with the turns."""


def _tag(w: World, text: str) -> None:
    w.post("/commands/tag", {"ref": "poisoned@v1", "tag": text})
    w.post("/commands/branch", {"name": "poisoned", "branch": f"b{text}"})


def _log(w: World) -> str:
    return "/commands/audit/log"


PLACES = (
    Place("turns", "prompt, answer and system turns, and fields beside them", FLOOD, 9_000, _texts, example),
    Place("tools", "tools, calls and their answers", FLOOD, 0, _tools, lambda w: example(w, 1), SHORT),
    Place("ledger", "a source's path, a message, a line that is no JSON", FLOOD, 1_000, _two_versions,
          lambda w: f"/d/{quote(NAME)}/versions"),
    Place("agents", "examples that agents post, and all that they say of them", FLOOD, 9_000, _collected,
          lambda w: "/d/collected@v1/examples/" + w.get("/d/collected@v1/examples")["rows"][0]["id"]),
    Place("facts", "facts and labels", FLOOD, 1_000, _facts, example),
    Place("verdicts", "notes of a queue, comments and tags of verdicts", FLOOD, 2_000, _review,
          lambda w: f"/review/zqx-queue?id={w.ids[0]}"),
    Place("edits", "an edited text, and why it was", FLOOD, 2_000, _edit, lambda w: "/d/poisoned/diff/v1..v2?kind=edited"),
    Place("policy", "the description of a policy, and why it was set", FLOOD, 1_500, _policy, lambda w: "/d/poisoned/policy"),
    Place("waiver", "why a finding is waived", SHORT, 300, _waiver, _log),
    Place("approval", "a note of an approval", FLOOD, 2_000, _approval, _log),
    Place("revocation", "why a release is revoked", FLOOD, 2_000, _revoke, _log),
    Place("run", "a run: its models, tracker and address", SHORT, 400, _run, lambda w: "/runs?ref=poisoned"),
    Place("receipt", "a receipt: program, environment, metrics, the id at a tracker", SHORT, 200, _receipt,
          lambda w: "/runs/zqx-receipt"),
    Place("results", "results of runs: items, topics, columns, what the evaluation is called", SHORT, 100, _results,
          lambda w: "/d/poisoned/effect"),
    Place("disabled", "why an example is disabled", SHORT, 300, _disable, _log),
    Place("actor", "the name of who acts", SHORT, 200, _actor, lambda w: "/audit"),
    Place("token", "the label of a token", SHORT, 100, _label, lambda w: "/settings/access"),
    Place("person", "the name of somebody who may come in", PRINTABLE, 100, _person, lambda w: "/settings/people"),
    Place("upload", "the name of an upload", SHORT, 200, _upload, lambda w: "/uploads", "script_"),
    Place("template", "a template, its variables and their values", FLOOD.replace("{{", "{ {"), 9_000, _template,
          lambda w: "/commands/template/show?name=zqx-template"),
    Place("map", "terms that name the clusters of a map", "", 0, _map, lambda w: "/d/mapped@v1/map", "iframe"),
    Place("job", "a job: its command, its answer, its error, its progress, what it printed", FLOOD, 9_000, _job,
          lambda w: f"/jobs/{w.jobs[0]}"),
    Place("tags", "tags and branches, as far as their rule goes", "zqx.数-据", 0, _tag, lambda w: "/commands/tag?ref=poisoned"),
)  # fmt: skip


def poisoned(root: Path) -> World:
    """Made once: every place filled."""
    work = root / "work"
    work.mkdir()
    assay.init(root / "r", actor="ann")
    settings = Settings("password", limits=MANY)
    app = create_app(lambda: assay.open(root / "r"), settings, environment={})
    book = Book(root / "r" / "server" / "access.sqlite", time, token_bytes)
    book.add("ann", set(Role), None)
    token = book.make_token("ann", set(Role), "test", 3600).text
    client = TestClient(app, base_url=HOST, follow_redirects=False, raise_server_exceptions=False)
    world = World(root / "r", work, client, book, token)
    for place in PLACES:
        place.plant(world, place.text)
    client.cookies.set("assay", book.begin("ann").text)
    return world


def copy_of(world: World, to: Path) -> Path:
    """The poisoned registry, to act on."""
    # The first one's server goes on, and its journals come and go.
    shutil.copytree(world.root, to / "r", ignore=shutil.ignore_patterns("turn.sqlite*"))
    return to / "r"
