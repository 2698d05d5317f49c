"""Rights: acts that one's roles do not have, fields that a form does not have, keys that are not one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from secrets import token_bytes
from time import time
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

import assay
from assay.web.access.book import Book
from assay.web.access.roles import Permission, Role, may
from assay.web.app import create_app
from assay.web.routing import PERMISSION
from assay.web.settings import Settings
from tests.attacks.catalogue import Attack, each
from tests.attacks.poisoned import HOST, MANY

_NOT_THEIRS = {
    "commit": ("fact", {"name": "help", "facts": {"a": "b"}, "id": []}, {Role.READER, Role.REVIEWER, Role.AUDITOR, Role.RELEASER}),
    "tag": ("tag", {"ref": "help@v1", "tag": "prod"}, {Role.READER, Role.CONTRIBUTOR, Role.REVIEWER, Role.AUDITOR}),
    "policy": ("policy/set", {"yaml": "rules: []"}, {Role.READER, Role.CONTRIBUTOR, Role.REVIEWER, Role.AUDITOR}),
    "approve": ("approve", {"ref": "help@v1"}, {Role.READER, Role.CONTRIBUTOR, Role.REVIEWER, Role.AUDITOR}),
    "forget": ("forget", {"ids": ["a" * 64], "reason": "x"}, set(Role) - {Role.ADMIN}),
    "collect": ("gc", {"yes": True}, set(Role) - {Role.ADMIN}),
    "review": ("review/accept", {"queue": "q", "ids": ["a" * 64]}, {Role.READER, Role.CONTRIBUTOR, Role.AUDITOR, Role.RELEASER}),
    "audit": ("audit/checkpoint", {}, {Role.READER, Role.CONTRIBUTOR, Role.REVIEWER, Role.RELEASER}),
    "curate": ("curate", {"name": "x", "sources": ["0" * 32]}, {Role.READER, Role.REVIEWER, Role.AUDITOR, Role.RELEASER}),
    "freeze": ("freeze", {"name": "x", "sources": ["0" * 32]}, {Role.READER, Role.CONTRIBUTOR, Role.REVIEWER, Role.AUDITOR}),
}  # fmt: skip
ACTS = tuple(
    Attack(f"rights/{id}", f"{path} by who may not", "every role that lacks it", "403, and nothing in the log",
           {"path": path, "body": body, "roles": roles})
    for id, (path, body, roles) in _NOT_THEIRS.items()
)  # fmt: skip
OWN = (
    Attack("rights/own-role", "gives oneself a role", "/settings/people/change", "403 without, and an admin keeps his own"),
    Attack("rights/token-role", "makes a token with roles that one lacks", "/settings/access/tokens", "400"),
    Attack("rights/token-token", "a token that makes tokens", "/settings/access/tokens", "400: it would outlive its end"),
    Attack("rights/scope", "a narrow token of somebody with every role", "every act", "what the token may, and no more"),
    Attack("rights/role-taken", "a token from before a role was taken away", "an act", "403"),
    Attack("rights/own-version", "approves what one made", "/commands/approve", "403, also for an admin"),
    Attack("rights/own-waiver", "waives a finding of what one made", "/commands/waive", "403"),
    Attack("rights/as-somebody", "names somebody else as who acts", "bodies, queries, headers", "the log has who asked"),
    Attack("rights/jobs", "ends or repeats a job that one may not", "/jobs/ID", "403"),
    Attack("rights/long-job", "a command line that the system refuses: endless, or with a NUL", "every job",
           "the job has failed, and others run"),
    Attack("rights/option-job", "words that read as options of a job's command line", "curate", "they stand as values"),
)  # fmt: skip
_EXTRA = {
    "actor": "root", "roles": ["admin"], "time": "1970-01-01T00:00:00Z", "seq": 1, "owner": "root", "shut": False, "admin": True,
    "__proto__": {"admin": True}, "__class__": "x", "registry": "/", "endpoint": "http://127.0.0.1:9", "words": ["x"],
    "session": "x", "permission": "open",
}  # fmt: skip
FIELDS = tuple(
    Attack(f"rights/field-{name}", f"a field {name!r} that a form does not have", "every act", "refused, or without effect",
           {"name": name, "value": value})
    for name, value in _EXTRA.items()
)  # fmt: skip
KEYS = (
    Attack("keys/replay", "the same key and body again", "/d/NAME/examples", "the same answer, and nothing twice"),
    Attack("keys/other-body", "another body under a key", "/d/NAME/examples", "409, nothing of it"),
    Attack("keys/others", "somebody else's key", "/d/NAME/examples", "keys are a person's and a dataset's: no answer of theirs"),
    Attack("keys/odd", "a key that is empty, endless, of controls, or missing", "/d/NAME/examples", "422, or a key like any"),
)  # fmt: skip
ATTACKS = (*ACTS, *OWN, *FIELDS, *KEYS)


class Served:
    def __init__(self, root: Path) -> None:
        source = root / "raw.jsonl"
        source.write_text("".join(json.dumps({"text": f"row {k}"}) + "\n" for k in range(6)))
        registry = assay.init(root / "r", actor="maker")
        registry.import_("help", [str(source)])
        self.root = root / "r"
        app = create_app(lambda: assay.open(self.root), Settings("password", limits=MANY), environment={})
        self.book = Book(self.root / "server" / "access.sqlite", time, token_bytes)
        self.web = TestClient(app, base_url=HOST, follow_redirects=False, raise_server_exceptions=False)
        for role in Role:
            self.book.add(role.value, {role}, None)
        self.book.add("maker", set(Role), None)
        self.book.add("every", set(Role), None)
        self.tokens = {
            one.name: self.book.make_token(one.name, one.roles, "x", 3600).text for one in self.book.people()
        }

    def post(self, who: str, path: str, body: Any, **headers: str) -> Any:
        return self.web.post(
            f"/api{path}", json=body, headers={"authorization": f"Bearer {self.tokens[who]}"} | headers
        )

    @property
    def entries(self) -> int:
        return len(assay.open(self.root).log())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield Served(tmp_path_factory.mktemp("rights"))


@each(ACTS)
def test_nobody_does_what_his_roles_do_not_have(served: Served, attack: Attack) -> None:
    before = served.entries
    for role in sorted(attack.said["roles"]):
        answer = served.post(role.value, f"/commands/{attack.said['path']}", attack.said["body"])
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), role
    assert served.entries == before


def test_nobody_gives_himself_a_role(served: Served) -> None:
    """rights/own-role"""
    more = {"name": "contributor", "roles": ["admin"]}
    for who in ("contributor", "reader", "releaser", "auditor"):
        assert served.post(who, "/settings/people/change", more | {"name": who}).status_code == 403
        assert (
            served.post(who, "/settings/people/add", {"name": "zqx", "roles": ["admin"]}).status_code == 403
        )
    assert (
        served.post("admin", "/settings/people/change", {"name": "admin", "roles": ["reader"]}).status_code
        == 400
    )
    assert (
        served.post(
            "admin", "/settings/people/change", {"name": "admin", "roles": ["admin"], "shut": True}
        ).status_code
        == 400
    )
    assert served.book.person("contributor").roles == {Role.CONTRIBUTOR}


def test_no_token_has_more_than_it_was_given(served: Served) -> None:
    """rights/token-role, rights/token-token, rights/scope, rights/role-taken"""
    assert (
        served.post(
            "every", "/settings/access/tokens", {"label": "x", "roles": ["reader"], "days": 1}
        ).status_code
        == 400
    )
    session = {"cookie": f"assay={served.book.begin('reader').text}"}
    wanted = {"label": "x", "roles": ["admin"], "days": 1}
    assert served.web.post("/api/settings/access/tokens", json=wanted, headers=session).status_code == 400
    served.tokens["narrow"] = served.book.make_token("every", {Role.READER}, "x", 60).text
    app = served.web.app
    for route in (one for one in app.routes if isinstance(one, APIRoute)):  # type: ignore[attr-defined]
        needs = Permission((route.openapi_extra or {})[PERMISSION])
        if (
            "POST" in route.methods
            and route.path.startswith("/api/commands")
            and not may([Role.READER], needs)
        ):
            assert served.post("narrow", route.path.removeprefix("/api"), {}).status_code == 403, route.path
    served.book.add("once", {Role.RELEASER, Role.READER}, None)
    served.tokens["once"] = served.book.make_token("once", {Role.RELEASER}, "x", 60).text
    served.book.change("once", roles={Role.READER})
    assert served.post("once", "/commands/tag", {"ref": "help@v1", "tag": "zqx"}).status_code == 403


def test_nobody_approves_or_waives_his_own(served: Served) -> None:
    """rights/own-version, rights/own-waiver"""
    served.post(
        "every",
        "/commands/policy/set",
        {"yaml": "approvals: 1\nrules:\n  - licences: {allowed: [MIT]}\n", "reason": "x"},
    )
    before = served.entries
    assert served.post("maker", "/commands/approve", {"ref": "help@v1"}).status_code == 403
    waiver = {"ref": "help@v1", "code": "licence_missing", "until": "2999-01-01", "reason": "x"}
    told = served.post("maker", "/commands/waive", waiver)
    assert told.status_code in (400, 403)
    code = served.web.get(
        "/api/commands/check?ref=help@v1", headers={"authorization": f"Bearer {served.tokens['every']}"}
    ).json()
    found = next(one for one in _walked(code) if isinstance(one, dict) and "code" in one)["code"]
    assert served.post("maker", "/commands/waive", waiver | {"code": found}).status_code == 403
    assert served.entries == before


def _walked(value: Any) -> Iterator[Any]:
    yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _walked(one)


def test_the_log_has_who_asked(served: Served) -> None:
    """rights/as-somebody"""
    said = {"x-actor": "root", "x-forwarded-user": "root", "remote-user": "root"}
    answer = served.post("releaser", "/commands/tag?actor=root", {"ref": "help@v1", "tag": "mine"}, **said)
    assert answer.status_code == 200
    assert assay.open(served.root).log()[-1].actor == "releaser"


@each(FIELDS)
def test_a_field_that_a_form_does_not_have_does_nothing(served: Served, attack: Attack) -> None:
    extra = {attack.said["name"]: attack.said["value"]}
    before = served.entries
    for path, body in (
        ("/commands/runs/link", {"ref": "help@v1", "run": "zqx"}),
        ("/commands/fact", {"name": "help", "facts": {"zqx": "1"}}),
        ("/commands/curate", {"name": "x", "sources": ["0" * 32]}),
        ("/d/help/examples", {"generator": "a/b", "examples": [{"prompt": "a", "output": "b"}]}),
    ):
        answer = served.post("contributor", path, body | extra, **{"idempotency-key": "zqx"})
        assert answer.status_code == 422, (path, answer.text[:200])
    assert served.entries == before
    # Forms of pages take what they have and leave the rest.
    answer = served.post("contributor", "/runs/link", {"ref": "help@v1", "run": f"z-{len(extra)}"} | extra)
    assert answer.status_code in (200, 422)
    last = assay.open(served.root).log()[-1]
    assert last.actor in ("contributor", "every", "releaser", "maker") and last.time > "2020"
    named = served.post(
        "admin", "/settings/people/change", {"name": "reader", "roles": ["reader"], **_without(extra)}
    )
    assert named.status_code in (200, 422)
    assert served.book.person("reader").roles == {Role.READER}


def _without(extra: dict[str, Any]) -> dict[str, Any]:
    """What the form of a person really has is no extra."""
    return {name: value for name, value in extra.items() if name not in ("roles", "shut")}


def test_a_key_gives_nothing_twice_and_nothing_of_others(served: Served) -> None:
    """keys/replay, keys/other-body, keys/others, keys/odd"""
    body = {"generator": "a/b", "examples": [{"prompt": "one", "output": "b"}]}
    other = {"generator": "a/b", "examples": [{"prompt": "two", "output": "b"}]}
    key = {"idempotency-key": "zqx-1"}
    first = served.post("contributor", "/d/agents/examples", body, **key)
    again = served.post("contributor", "/d/agents/examples", body, **key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json() and again.headers["idempotent-replayed"] == "true"
    assert served.post("contributor", "/d/agents/examples", other, **key).status_code == 409
    assert served.post("every", "/d/agents/examples", other, **key).json()["waiting"] == 2, (
        "another person's key is another"
    )
    assert served.post("contributor", "/d/agents2/examples", other, **key).json()["waiting"] == 1
    for odd, status in (("", 422), ("a" * 201, 422), ("' OR 1=1 --", 200), ("../../x", 200)):
        body["examples"] = [{"prompt": f"odd {odd[:9]}", "output": "b"}]
        assert (
            served.post("contributor", "/d/odd/examples", body, **{"idempotency-key": odd}).status_code
            == status
        )
    assert served.post("contributor", "/d/agents/examples", body).status_code == 422


def test_a_command_line_that_no_system_takes_is_a_job_that_failed(served: Served) -> None:
    """rights/long-job"""
    from assay.web.jobs.board import Board

    board = Board(served.root / "server" / "zqx-jobs", served.root, {}, time, token_bytes)
    try:
        for words in (["list", "a\0b"], ["list", "x" * (1 << 20)], ["list", *["x" * 1000] * 8_000]):
            found = board.ask("import", "x", "ann", lambda folder, words=words: words)
            assert (found.state, (found.error or {})["code"]) == ("failed", "not_started")
        board.tend()
        assert board.live() == []
    finally:
        board.close()


def test_a_job_is_its_askers_and_its_words_are_values(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rights/jobs, rights/option-job"""
    from assay.web.jobs.board import Board

    monkeypatch.setattr(Board, "_start", lambda self, job, folder: None)
    sent = served.web.post("/api/uploads?name=--actor=root", content=b'{"text": "x"}\n',
                           headers={"authorization": f"Bearer {served.tokens['contributor']}"}).json()  # fmt: skip
    body = {"name": "x", "sources": [sent["id"]], "message": "--actor=root", "branch": "--registry=/", "origin": "--help",
            "licence": "$(id);`id`|id\n--actor=root", "generator": "-m"}  # fmt: skip
    made = served.post("contributor", "/commands/import", body)
    assert made.status_code == 200, made.text
    id = made.json()["answer"]["job"]
    words = json.loads((served.root / "server" / "jobs" / id / "spec.json").read_text())["words"]
    assert words[0] == "import" and words[words.index("--") + 1] == "x"
    assert all(word.startswith("--") and "=" in word for word in words[1 : words.index("--")])
    assert not [word for word in words if word.startswith(("--actor", "--registry", "--help", "-m"))]
    assert served.post("contributor", "/commands/import", body | {"message": "a\0b"}).status_code == 400
    for who, code in (("reader", 403), ("reviewer", 403), ("releaser", 403)):
        assert served.post(who, f"/jobs/{id}/again", {}).status_code == code
        assert served.post(who, f"/jobs/{id}/cancel", {}).status_code == code
    served.book.add("contributor2", {Role.CONTRIBUTOR}, None)
    served.tokens["contributor2"] = served.book.make_token("contributor2", {Role.CONTRIBUTOR}, "x", 60).text
    assert served.post("contributor2", f"/jobs/{id}/cancel", {}).status_code == 403
    assert served.post("contributor2", f"/jobs/{id}/again", {}).status_code == 404, "its upload is not his"
