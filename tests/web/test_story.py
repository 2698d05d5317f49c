"""The story of docs/guides/governance.md in a browser: by mouse, and by keyboard alone; each person in a browser of
their own. After every step it is the registry that is asked what happened."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")
uvicorn = pytest.importorskip("uvicorn", reason="needs the extra `web`")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright")

from tests.web.hands import Hand, Keys, Mouse  # noqa: E402

import assay  # noqa: E402
from assay.registry import Registry  # noqa: E402
from assay.web.access.book import Book  # noqa: E402
from assay.web.access.passwords import hashed  # noqa: E402
from assay.web.access.roles import Role  # noqa: E402
from assay.web.app import create_app  # noqa: E402
from assay.web.settings import Limits, Settings  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
REPO = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"
PEOPLE = {
    "mira": {Role.CONTRIBUTOR},
    "bo": {Role.CONTRIBUTOR},
    "dana": {Role.REVIEWER},
    "chen": {Role.RELEASER},
    "li": {Role.RELEASER, Role.AUDITOR},
}
BAD = "acme/scribe-1"
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    # Playwright leaves its loop's sockets to the interpreter.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def guide(name: str) -> str:
    """A YAML file as the guide has it."""
    page = (REPO / "docs" / "guides" / "governance.md").read_text("utf-8")
    found = re.search(rf"```yaml\n(?:# {name}\n)(.*?)```", page, re.DOTALL)
    text = found[1] if found else ""
    if not text:
        found = re.search(r"```yaml\n(stages:.*?)```", page, re.DOTALL)
        assert found is not None
        text = found[1]
    return text


@pytest.fixture(scope="module")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the guide's first two commands write."""
    folder = tmp_path_factory.mktemp("story") / "tickets"
    for script, rows in (("generate.py", "400"), ("synthetic.py", "200")):
        words = [sys.executable, str(REPO / "examples" / "helpdesk" / script), str(folder), "--rows", rows]
        subprocess.run(words, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


class House:
    """A server in mode password, and the people who use it."""

    def __init__(self, root: Path, browser: Any, hand: type[Hand]) -> None:
        self.root, self._browser, self._hand = root, browser, hand
        assay.init(root, actor="owner")
        book = Book(root / "server" / "access.sqlite", time.time, token_bytes)
        for name, roles in PEOPLE.items():
            book.add(name, roles, hashed(PASSWORD))
        book.close()
        limits = Limits(asked=10**6, unsafe=10**6, logins=10**6)
        app = create_app(
            lambda: assay.open(root), Settings("password", limits=limits), environment=os.environ
        )
        self._door = socket.socket()
        self._door.bind(("127.0.0.1", 0))
        self.at = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._door]}, daemon=True
        )
        self._thread.start()
        while not self._server.started:
            time.sleep(0.02)
        self.said: list[str] = []
        self.asked: set[str] = set()
        self._people: dict[str, Hand] = {}

    def close(self) -> None:
        for one in self._people.values():
            one.page.context.close()
        self._server.should_exit = True
        self._thread.join(10)
        self._door.close()

    def person(self, name: str) -> Hand:
        """Somebody on the page of datasets, logged in, in a browser of their own."""
        if name not in self._people:
            page = self._browser.new_context(accept_downloads=True).new_page()
            page.set_default_timeout(30_000)
            page.on("console", self._hear)
            page.on("pageerror", lambda error: self.said.append(str(error)))
            page.on("request", lambda request: self.asked.add(request.url.partition("/d/")[0][:80]))
            hand = self._hand(page)
            page.goto(f"{self.at}/")
            hand.write("Name", name)
            hand.write("Password", PASSWORD)
            hand.press("Log in")
            self._people[name] = hand
        hand = self._people[name]
        hand.page.goto(f"{self.at}/")
        return hand

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.said.append(f"{message.text} {message.location['url']}")

    def registry(self) -> Registry:
        return assay.open(self.root, actor="owner")

    def acts(self, action: str) -> list[tuple[str, str | None]]:
        """Who did what to which dataset, as the log has it."""
        return [(one.actor, one.dataset) for one in self.registry().log() if one.action == action]


@pytest.fixture(params=[Mouse, pytest.param(Keys, marks=pytest.mark.soak)], ids=["mouse", "keyboard"])
def house(request: pytest.FixtureRequest, tmp_path: Path, browser: Any) -> Iterator[House]:
    made = House(tmp_path / "registry", browser, request.param)
    yield made
    made.close()


def made(hand: Hand, ref: str) -> None:
    """A job ends with a version."""
    hand.page.locator("#job-state").get_by_role("link", name=ref).first.wait_for(timeout=90_000)


def nothing_broke(house: House) -> None:
    refused = [one for one in house.said if "409 (Conflict)" in one]
    assert len(refused) <= 1, "the release that the gate refused"
    assert [one for one in house.said if one not in refused] == [], "no page broke its policy"
    assert {url for url in house.asked if not url.startswith(house.at)} <= {"about:blank"}


def test_the_story(house: House, tickets: Path, tmp_path: Path) -> None:
    the_rules_come_first(house)
    curate(house, tickets)
    review(house)
    the_gate_fails(house)
    fix_approve_release(house)
    link_a_run(house)
    a_bad_generator_is_found(house)
    the_revoked_version_is_not_given_out(house)
    a_new_version_is_released(house, tmp_path)
    evidence(house, tmp_path)
    nothing_broke(house)


@pytest.mark.shared_data
def test_the_story_on_real_sets(house: House, shared_data: Path, tmp_path: Path) -> None:
    """52,002 English records of one model and 8,658 Chinese ones: sent, curated, refused, mended, released, proven."""
    alpaca = shared_data / "sft_en_alpaca" / "alpaca_data.json.zst"
    huatuo = shared_data / "sft_zh" / "huatuo_llama_data.jsonl.zst"
    if not alpaca.exists() or not huatuo.exists():
        pytest.skip("the sets are not here")
    chen, mira, bo = house.person("chen"), house.person("mira"), house.person("bo")
    chen.press("of the registry")
    chen.write(
        "Policy, as YAML", "approvals: 1\nrules:\n  - size: {min: 1000}\n  - synthetic_share: {max: 0.5}\n"
    )
    chen.press("Put it in force")
    mira.press("New dataset")
    for file in (alpaca, huatuo):
        mira.attach("JSONL, JSON, .*", file)
        mira.press("Send")
    mira.write(r"Dataset \(needed\)", "real")
    mira.tick(r"alpaca_data\.json\.zst .* sent")
    mira.act("More")
    mira.pick("Who wrote the examples", "synthetic")
    mira.write("The model that wrote them", "openai/text-davinci-003")
    mira.press("Start")
    made(mira, "real@v1")
    mira.press("real@v1")
    mira.press("real")
    mira.press("Next version")
    mira.tick(r"huatuo_llama_data\.jsonl\.zst .* sent")
    mira.tick("Add to the newest version")
    mira.act("More")
    mira.pick("Who wrote the examples", "human")
    mira.press("Start")
    made(mira, "real@v2")
    first, second = (house.registry().version(f"real@v{n}") for n in (1, 2))
    assert 50_000 < len(first) < len(second)
    policy(house, "chen", "real", "Approve real@v2")
    chen.act("Release real@v2")
    chen.page.get_by_text(re.compile("synthetic")).first.wait_for()
    assert house.acts("release") == []
    bo.press(re.escape("What did something bad reach?"))
    bo.write("Its name", "openai/text-davinci-003")
    bo.press("Show what it reached")
    bo.press("Disable them in real")
    bo.write("Why", "one model wrote all of them")
    bo.press(f"Disable {len(first):,} examples")
    third = house.registry().version("real@v3")
    assert len(third) == len(second) - len(first)
    policy(house, "li", "real", "Approve real@v3")
    policy(house, "chen", "real", "Release real@v3")
    assert house.registry().version("real@prod").manifest.ref == "real@v3"
    bo = house.person("bo")
    bo.press("real")
    bo.press("Open v3")
    bo.press("Browse rows")
    bo.write("Query", "language:zh")
    bo.act("Search")
    bo.page.wait_for_url("**q=language*")
    for _ in range(2):
        bo.page.go_back()
        bo.page.wait_for_load_state("networkidle")  # the first one may ask for the page again
    bo.page.wait_for_url("**/d/real@v3")
    bo.press("Export")
    bo.press("Make the files")
    bo.page.get_by_role("link", name="Download the files").wait_for(timeout=90_000)
    with zipfile.ZipFile(bo.download("Download the files", tmp_path)) as packed:
        lines = sum(packed.read(name).count(b"\n") for name in packed.namelist())
    assert lines == len(third)
    proven(house, "real", "Open v3", tmp_path)
    nothing_broke(house)


def policy(house: House, who: str, dataset: str, act: str) -> None:
    """An act on the policy's page."""
    hand = house.person(who)
    hand.press(dataset)
    hand.press("Policy")
    hand.press(act)


def the_rules_come_first(house: House) -> None:
    chen = house.person("chen")
    chen.press("of the registry")
    chen.write("Policy, as YAML", guide("policy.yaml"))
    chen.press("Put it in force")
    found = house.registry().policies.show()
    assert found is not None
    assert (found.enacted.operation.actor, found.policy.approvers) == ("chen", ("chen", "li"))


def curate(house: House, tickets: Path) -> None:
    mira = house.person("mira")
    mira.press("New dataset")
    for name in ("tickets-2024.jsonl", "tickets-2025.jsonl", "synthetic.jsonl"):
        mira.attach("JSONL, JSON, .*", tickets / name)
        mira.press("Send")
    mira.write(r"Dataset \(needed\)", "helpdesk")
    for name in ("tickets-2024", "tickets-2025"):
        mira.tick(rf"{name}\.jsonl .* sent")
    mira.write("Message", "two years")
    mira.act("More")
    mira.pick("Who wrote the examples", "human")
    mira.write("Licence", "proprietary")
    mira.press("Start")
    made(mira, "helpdesk@v1")
    first = house.registry().version("helpdesk@v1")
    assert (first.operation.actor, first.message) == ("mira", "two years")
    assert first.funnel, "its ledger says what each stage did"
    mira.press("helpdesk@v1")
    mira.press("helpdesk")
    mira.press("Next version")
    mira.tick(r"synthetic\.jsonl .* sent")
    mira.tick("Add to the newest version")
    mira.write("Message", "what models wrote")
    mira.press("Start")
    made(mira, "helpdesk@v2")
    second = house.registry().version("helpdesk@v2")
    assert len(second) > len(first)
    gate = house.registry().policies.check("helpdesk@v2")
    assert {"too_synthetic"} <= {one.code for one in gate.outcomes if one.status == "failed"}


def review(house: House) -> None:
    dana = house.person("dana")
    dana.press("Review")
    dana.write("Name", "first-look")
    dana.pick("How they are drawn", "stratified")
    dana.write("At most so many", "8")
    dana.act("More: strata, where, thresholds, seed")
    dana.write("Strata: a field, a fact, or split", "origin")
    dana.press("Make the queue")
    for _ in range(8):
        dana.accept()
    queue = house.registry().reviews.fold().named("first-look")
    assert queue.queue.operation.actor == "dana"
    given = [one for id_ in queue.queue.ids for one in queue.case(id_).given]
    assert [(one.actor, one.verdict) for one in given] == [("dana", "accept")] * 8


def the_gate_fails(house: House) -> None:
    mira = house.person("mira")
    mira.press("helpdesk")
    mira.press("Policy")
    assert mira.page.get_by_role("button", name="Approve").count() == 0, "who made it cannot approve it"
    chen = house.person("chen")
    chen.press("helpdesk")
    chen.press("Policy")
    chen.press("Approve helpdesk@v2")
    assert house.acts("approve") == [("chen", "helpdesk")]
    chen.act("Release helpdesk@v2")
    chen.page.get_by_text(re.compile("synthetic")).first.wait_for()
    assert house.acts("release") == []
    chen.page.goto(f"{house.at}/d/helpdesk/policy")
    assert chen.page.get_by_text("The gate is shut").count() == 1


def fix_approve_release(house: House) -> None:
    mira = house.person("mira")
    mira.press("helpdesk")
    mira.press("Next version")
    for name in ("tickets-2024", "tickets-2025", "synthetic"):
        mira.tick(rf"{name}\.jsonl .* sent")
    mira.write("Your own recipe, as YAML", guide("mixed.yaml"))
    mira.write("Message", "four fifths by people")
    mira.act("More")
    mira.pick("Who wrote the examples", "human")
    mira.write("Licence", "proprietary")
    mira.press("Start")
    made(mira, "helpdesk@v3")
    assert house.registry().policies.check("helpdesk@v3").passed
    mira.press("helpdesk@v3")
    mira.press("Diff with v2")
    assert "/d/helpdesk/diff/v2..v3" in mira.page.url
    chen = house.person("chen")
    chen.press("helpdesk")
    chen.press("Policy")
    chen.write("What there is to say", "read thirty of them")
    chen.press("Approve helpdesk@v3")
    li = house.person("li")
    li.press("helpdesk")
    li.press("Policy")
    li.press("Release helpdesk@v3")
    assert house.registry().version("helpdesk@prod").manifest.ref == "helpdesk@v3"
    assert house.acts("release") == [("li", "helpdesk")]


def link_a_run(house: House) -> None:
    mira = house.person("mira")
    mira.press("Runs")
    mira.write("Version, or a split of it", "helpdesk@prod")
    mira.write("Run", "helpdesk-7b-2026-11")
    mira.write("Model that came out", "helpdesk-7b")
    mira.press("Link")
    runs = house.registry().runs.list("helpdesk")
    assert [(one.name, one.version, one.operation.actor) for one in runs] == [
        ("helpdesk-7b-2026-11", 3, "mira")
    ]


def a_bad_generator_is_found(house: House) -> None:
    reached = house.registry().radius("generator", BAD)
    counts = {one.ref: one.examples for one in reached.versions}
    bo = house.person("bo")
    bo.press(re.escape("What did something bad reach?"))
    bo.write("Its name", BAD)
    bo.press("Show what it reached")
    for ref, count in counts.items():
        row = bo.page.get_by_role("row").filter(has_text=ref)
        assert row.first.get_by_role("cell").nth(0).inner_text() == str(count)
    assert bo.page.get_by_text("helpdesk-7b-2026-11").count() >= 1
    bo.press("Disable them in helpdesk")
    held = counts["helpdesk@v3"]
    bo.write("Why", "promises what nobody can keep")
    bo.press(f"Disable {held} examples")
    newest = house.registry().version("helpdesk")
    assert (newest.manifest.number, newest.operation.actor) == (4, "bo")
    assert len(newest) == len(house.registry().version("helpdesk@v3")) - held
    assert f"Disabled {held}" in " ".join(bo.page.inner_text("main").split())
    li = house.person("li")
    li.press(re.escape("What did something bad reach?"))
    li.write("Its name", BAD)
    li.press("Show what it reached")
    li.write("What is wrong with helpdesk@v3", f"holds answers of {BAD}")
    li.press("Revoke helpdesk@v3")
    assert house.registry().releases.standing("helpdesk@v3").revoked is not None
    assert house.acts("revoke") == [("li", "helpdesk")]


def the_revoked_version_is_not_given_out(house: House) -> None:
    before = len(house.registry().log())
    bo = house.person("bo")
    bo.press("helpdesk")
    bo.press("v3")
    bo.press("Export")
    assert bo.page.get_by_text(f"holds answers of {BAD}").count() == 1
    assert bo.page.get_by_role("button", name="Make the files").count() == 0
    assert house.registry().releases.of("helpdesk").released is None, "nothing is in production"
    assert len(house.registry().log()) == before


def a_new_version_is_released(house: House, tmp_path: Path) -> None:
    policy(house, "li", "helpdesk", "Approve helpdesk@v4")
    policy(house, "chen", "helpdesk", "Release helpdesk@v4")
    assert house.registry().version("helpdesk@prod").manifest.ref == "helpdesk@v4"
    bo = house.person("bo")
    bo.press("helpdesk")
    bo.press("Open v4")
    bo.press("Export")
    bo.pick("Format", "hf")
    bo.press("Make the files")
    bo.page.get_by_role("link", name="Download the files").wait_for(timeout=90_000)
    kept = bo.download("Download the files", tmp_path)
    with zipfile.ZipFile(kept) as packed:
        assert packed.testzip() is None
        names = packed.namelist()
        card = packed.read("README.md").decode()
    assert any(name.endswith((".parquet", ".jsonl")) for name in names)
    assert "helpdesk" in card
    assert not any(path.is_file() for path in (house.root / "out").rglob("*"))


def evidence(house: House, tmp_path: Path) -> None:
    packed = proven(house, "helpdesk", "Open v4", tmp_path)
    with zipfile.ZipFile(packed) as pack:
        acts = pack.read("acts.json").decode()
    assert all(f'"{name}"' in acts for name in PEOPLE)


def proven(house: House, dataset: str, opened: str, folder: Path) -> Path:
    """The evidence for a version, checked by the verifier alone."""
    li = house.person("li")
    li.press(dataset)
    li.press(opened)
    li.press("Evidence")
    packed = li.download("Make and download", folder)
    verifier = li.download(re.escape("Download verify.py"), folder)
    words = [sys.executable, "-I", str(verifier), str(packed)]
    checked = subprocess.run(words, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert house.registry().audit.verify().ok
    return packed
