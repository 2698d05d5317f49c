"""Accounts in a team's database: what holds of the file holds there, and among several servers."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from tests.web.test_access import READER, Clock

from assay.errors import Conflict, NotFound, UsageError
from assay.store.address import Address
from assay.store.postgres import Link, schema_of
from assay.web.access.book import TABLES, Book
from assay.web.access.roles import Role
from assay.web.access.throttle import TABLES as THROTTLE
from assay.web.access.throttle import SharedThrottle, Throttle
from assay.web.collected.spool import Spool
from assay.web.database import Folder, Place, Tables
from assay.web.shared_database import Shared


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shared(postgres: str) -> Shared:
    return Shared(Address.parse(postgres), uuid4().hex)


@pytest.fixture(params=["file", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Folder(tmp_path) if request.param == "file" else request.getfixturevalue("shared")


@pytest.fixture
def books(place: Place, clock: Clock) -> Iterator[tuple[Book, Book]]:
    """Those of two servers."""
    made = tuple(Book(place.open("access", TABLES), clock, secrets.token_bytes) for _ in range(2))
    yield made  # type: ignore[misc]
    for book in made:
        book.close()


def test_what_one_server_writes_the_other_knows(books: tuple[Book, Book], clock: Clock) -> None:
    one, two = books
    one.add("安", {Role.READER, Role.ADMIN}, "a hash")
    with pytest.raises(UsageError, match="in the book already"):
        two.add("安", READER, None)
    one.add("Bob", READER, None)
    assert [p.name for p in two.people()] == ["Bob", "安"]
    assert two.password_of("安") == "a hash" and two.password_of("eve") is None
    assert one.secret("form") == two.secret("form")
    began = one.begin("安")
    assert two.of_session(began.text) == ("安", frozenset({Role.READER, Role.ADMIN}))
    clock.now += 100
    assert two.of_session(began.text) is not None
    assert [s.seen for s in one.sessions("安", began.text)] == [clock.now]
    two.end(began.text)
    assert one.of_session(began.text) is None

    token = one.make_token("安", READER, "笔记本", 60)
    assert two.of_token(token.text) == ("安", READER)
    assert [(t.label, t.used) for t in one.tokens()] == [("笔记本", clock.now)]
    with pytest.raises(NotFound):
        two.revoke("none")
    two.revoke(token.id)
    assert one.of_token(token.text) is None

    began = two.begin("安", vouched=READER)
    one.change("安", shut=True, roles=READER)
    assert two.of_session(began.text) is None and two.person("安").shut
    assert one.of_account("Bob", "subject 1") == two.person("Bob") and two.person("Bob").linked
    with pytest.raises(Conflict):
        two.of_account("Bob", "subject 2")


def test_the_first_to_ask_for_a_secret_makes_it_for_all(place: Place, clock: Clock) -> None:
    start, found = threading.Barrier(4), list[bytes]()

    def ask() -> None:
        start.wait()
        book = Book(place.open("access", TABLES), clock, secrets.token_bytes)
        found.append(book.secret("form"))
        book.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1


def test_records_wait_once_whoever_takes_them_in(place: Place, clock: Clock) -> None:
    one, two = Spool(place, clock), Spool(place, clock)
    answer, old = one.add("ann", "d", "key", "digest", [b'{"a":1}', "数据".encode()])
    assert (answer["accepted"], old) == (2, False)
    assert two.add("ann", "d", "key", "digest", [b"{}"]) == (answer, True)
    assert two.known("ann", "d", "key", "digest") == answer and two.known("bo", "d", "key", "digest") is None
    with pytest.raises(Conflict):
        two.add("ann", "d", "key", "another", [b"{}"])
    (group,) = two.groups()
    assert (group.count, group.oldest, one.count("d")) == (2, clock.now, 2)
    turns = list[str]()
    inside, waiting = threading.Event(), threading.Event()

    def later() -> None:
        waiting.set()
        with two.turn():
            turns.append("two")

    with one.turn():
        thread = threading.Thread(target=later)
        thread.start()
        assert waiting.wait(10)
        batch = one.form(group, "b1")
        inside.wait(0.05)
        turns.append("one")
    thread.join()
    assert turns == ["one", "two"]
    assert two.batches("d") == [batch] and two.groups() == []
    assert two.lines(batch) == [b'{"a":1}', "数据".encode()]
    two.tried(batch, "why 不行")
    assert [(b.tries, b.error) for b in one.batches()] == [(1, "why 不行")]
    one.landed(batch)
    assert two.batches() == [] and two.count("d") == 0
    one.close()
    two.close()


def test_what_fails_in_the_middle_leaves_nothing(place: Place) -> None:
    tables = Tables((("CREATE TABLE IF NOT EXISTS t (a INTEGER)",),))
    one = place.open("part", tables)
    with pytest.raises(ZeroDivisionError), one.write() as db:
        db.execute("INSERT INTO t VALUES (?)", (1,))
        raise ZeroDivisionError
    assert one.rows("SELECT a FROM t") == []
    one.close()


def test_old_tables_become_new_ones_with_all_that_is_in_them(place: Place, clock: Clock) -> None:
    old = place.open("access", Tables(TABLES.steps[:1]))
    with old.write() as db:
        db.execute("INSERT INTO people (name, roles, created) VALUES (?, ?, ?)", ("安", "reader", 1.5))
    old.close()
    start, seen = threading.Barrier(3), list[bool]()

    def come() -> None:
        start.wait()
        book = Book(place.open("access", TABLES), clock, os.urandom)
        seen.append(book.person("安").linked)
        assert book.of_session(book.begin("安", vouched=READER).text) == ("安", READER)
        book.close()

    threads = [threading.Thread(target=come) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [False] * 3
    more = Tables((*TABLES.steps, ("ALTER TABLE people ADD COLUMN later TEXT",)))
    place.open("access", more).close()
    with pytest.raises(UsageError, match="newer assay"):
        place.open("access", TABLES)


def test_a_step_that_fails_undoes_the_ones_before(shared: Shared) -> None:
    broken = Tables((("CREATE TABLE t (a INTEGER)",), ("ALTER TABLE nothing ADD COLUMN b TEXT",)))
    from assay.errors import StorageFailure

    with pytest.raises(StorageFailure, match="nothing"):
        shared.open("part", broken)
    link = Link(shared.address, schema_of(shared.registry, "server"))
    assert link.execute("SELECT to_regclass('t')").fetchone() == (None,)
    link.close()
    shared.open("part", Tables(broken.steps[:1])).close()


def test_logins_are_counted_for_all_servers_together(place: Place, clock: Clock) -> None:
    one, two = (SharedThrottle(place.open("throttle", THROTTLE), 3, clock) for _ in range(2))
    alone = Throttle(3, clock)
    for passed, who in [
        (0, one),
        (0, two),
        (0, one),
        (0, two),
        (15, one),
        (5, two),
        (0, one),
        (61, two),
        (0, one),
    ]:
        clock.now += passed
        assert who.wait("@1.2.3.4") == pytest.approx(alone.wait("@1.2.3.4"))
        assert who.wait("name 安") == pytest.approx(alone.wait("name 安"))
    clock.now -= 1_000
    assert one.wait("@1.2.3.4") == 0 and two.wait("@1.2.3.4") > 0


def test_text_that_the_database_cannot_hold_is_refused(shared: Shared, clock: Clock) -> None:
    book = Book(shared.open("access", TABLES), clock, os.urandom)
    with pytest.raises(UsageError, match="does not take this text"):
        book.add("a\0b", READER, None)
    assert book.people() == []
    book.close()


def test_registries_in_one_database_know_nothing_of_each_other(postgres: str, clock: Clock) -> None:
    address = Address.parse(postgres)
    one, two = (
        Book(Shared(address, uuid4().hex).open("access", TABLES), clock, os.urandom) for _ in range(2)
    )
    one.add("ann", READER, None)
    assert two.people() == []
    one.close()
    two.close()
