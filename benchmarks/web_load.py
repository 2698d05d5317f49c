"""Many readers and some reviewers at once, and whether every verdict that was acknowledged stands in the log, once."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from web_server import Asker, Server

import assay
from assay.govern.review_values import REVIEW, verdicts_of


@dataclass
class Load:
    """What came of it. `given`: (queue, id, verdict, operation) as acknowledged; `errors`: what was no 200."""

    seconds: float = 0.0
    read: list[float] = field(default_factory=list)
    judged: list[float] = field(default_factory=list)
    given: list[tuple[str, str, str, int]] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)


def load(
    server: Server,
    pages: list[list[str]],
    readers: list[str],
    reviewers: list[tuple[str, str]],
    seconds: float,
    think: float,
) -> Load:
    """`pages`: the addresses of each kind of page; all kinds are asked for as often. `readers`: their tokens;
    `reviewers`: token and queue of each. Between two pages a reader thinks for `think` seconds on average, a reviewer
    as long for each verdict."""
    found, end, lock = Load(), time.perf_counter() + seconds, threading.Lock()

    def attempt(who: Asker, path: str, form: dict[str, Any] | None, times: list[float]) -> bytes | None:
        try:
            answer = who.ask(path, form)
        except OSError as error:
            with lock:
                found.errors[type(error).__name__] += 1
            return None
        with lock:
            times.append(answer.seconds)
            if answer.status not in (200, 303):
                found.errors[f"{answer.status} {path.partition('?')[0]}"] += 1
                return None
        return answer.body

    def read(token: str, number: int) -> None:
        chance, who = random.Random(number), Asker(server.port, token)
        while time.perf_counter() < end:
            attempt(who, chance.choice(chance.choice(pages)), None, found.read)
            time.sleep(chance.uniform(0, 2 * think))

    def judge(token: str, queue: str, number: int) -> None:
        chance, who = random.Random(number), Asker(server.port, token)
        while time.perf_counter() < end:
            body = attempt(who, f"/api/review/{quote(queue)}", None, found.judged)
            card = json.loads(body)["card"] if body else None
            if card is None:
                time.sleep(0.2)
                continue
            time.sleep(chance.uniform(0, 2 * think))
            form = {
                "id": card["id"],
                "verdict": chance.choice(["accept", "reject"]),
                "follows": card["follows"],
            }
            body = attempt(who, f"/api/review/{quote(queue)}/judge", form, found.judged)
            if body is not None:
                done = json.loads(body)["answer"]["operation"]
                with lock:
                    found.given.append((queue, form["id"], form["verdict"], done))

    people = [threading.Thread(target=read, args=(token, k)) for k, token in enumerate(readers)]
    people += [threading.Thread(target=judge, args=(*one, 1_000 + k)) for k, one in enumerate(reviewers)]
    began = time.perf_counter()
    for one in people:
        one.start()
    for one in people:
        one.join()
    found.seconds = time.perf_counter() - began
    return found


def lost(registry: Path, given: list[tuple[str, str, str, int]]) -> tuple[int, int]:
    """Of the verdicts that were acknowledged: how many the log does not have under the operation that was named, and
    how many it has twice."""
    opened = assay.open(registry, actor="bench")
    stands: Counter[tuple[str, str, str, int]] = Counter()
    often: Counter[tuple[str, str]] = Counter()
    for entry in opened.store.log.entries():
        if entry.action == REVIEW:
            for said in verdicts_of(opened.store.objects, entry):
                stands[entry.body["queue"], said.id.hex(), said.verdict, entry.seq] += 1
                often[entry.body["queue"], said.id.hex()] += 1
    missing = sum(stands[one] != 1 for one in given)
    twice = sum(often[queue, id] > 1 for queue, id, *_ in given)
    return missing, twice
