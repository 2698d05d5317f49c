"""The index in PostgreSQL owes what every index owes, and more: it is a team's."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("psycopg", reason="needs the extra `postgres`")

import psycopg

from assay.errors import AssayError, StorageFailure, UsageError
from assay.store import postgres as connections
from assay.store.address import Address
from assay.store.index.index import Index
from assay.store.index.postgres import PostgresIndex
from assay.store.local import LocalStorage
from assay.store.memory import MemoryStorage
from assay.testing.drafts import Registry, id_of
from assay.testing.index import IndexSuite, check, history
from tests import postgres_cluster
from tests.conftest import own_postgres


class TestPostgresIndex(IndexSuite):
    @pytest.fixture(autouse=True)
    def _there(self, postgres: str) -> None:
        self.address = Address.parse(postgres)

    def make(self, folder: Path) -> Index:
        return PostgresIndex(self.address, hashlib.sha256(str(folder).encode()).hexdigest()[:32])


@pytest.fixture
def address(postgres: str) -> Address:
    return Address.parse(postgres)


@pytest.fixture
def registry() -> Registry:
    made = Registry(MemoryStorage())
    history(made)
    return made


def made(address: Address, registry: Registry, id: str) -> PostgresIndex:
    index = PostgresIndex(address, id)
    index.sync(registry.objects, registry.log)
    return index


def sql(address: Address, id: str, *statements: str) -> None:
    with psycopg.connect(address.url, autocommit=True) as db:
        db.execute(f"SET search_path = assay_{id}_index")
        for statement in statements:
            db.execute(statement)


@pytest.mark.parametrize(
    "spoil",
    [
        "DROP TABLE blocks", "DROP TABLE about", "DROP TABLE state", "DELETE FROM state", "DROP TABLE words",
        "DROP TABLE words, odd, lists, state, about, blocks, versions", "UPDATE about SET version = 0",
        "UPDATE about SET registry = 'another'", "ALTER TABLE versions DROP COLUMN branch", "DELETE FROM about",
        "UPDATE lists SET about = 'no JSON'", "UPDATE state SET digest = 'another history'",
        "UPDATE state SET seq = 99", "UPDATE blocks SET keys = '\\x'",
        "ALTER TABLE about RENAME COLUMN version TO theirs",
    ],
)  # fmt: skip
@pytest.mark.parametrize("open", [True, False])
def test_what_is_torn_or_foreign_is_built_again(
    address: Address, registry: Registry, spoil: str, open: bool
) -> None:
    index = made(address, registry, id := uuid4().hex)
    check(index, registry)
    sql(address, id, spoil)
    if not open:
        index.close()
    index.sync(registry.objects, registry.log)
    check(index, registry)
    index.close()


def test_one_of_a_newer_assay_is_refused_and_left(address: Address, registry: Registry) -> None:
    made(address, registry, id := uuid4().hex).close()
    sql(address, id, "UPDATE about SET version = 99")
    with pytest.raises(UsageError, match="newer assay") as caught:
        made(address, registry, id)
    assert "install" in caught.value.hint
    sql(address, id, "SELECT 1/count(*) FROM versions")


def test_registries_share_a_database_and_nothing_else(address: Address, registry: Registry) -> None:
    other = Registry(MemoryStorage())
    other.commit("theirs", None, {"train": ["another"]})
    mine, theirs = made(address, registry, uuid4().hex), made(address, other, "../Odd; id")
    check(mine, registry)
    assert theirs.search("new") == [] and len(theirs.search("another")) == 1
    mine.close()
    theirs.close()


def test_a_connection_that_was_ended_is_made_again(address: Address, registry: Registry) -> None:
    index = made(address, registry, uuid4().hex)
    for _ in range(2):
        with psycopg.connect(address.url, autocommit=True) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'assay' AND datname = current_database()"
            )
        check(index, registry)
    index.close()


def test_a_server_that_is_away_and_comes_back(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_AGAIN", (0.01,))
    with own_postgres() as (url, folder):
        address = Address.parse(url)
        index = made(address, registry, id := uuid4().hex)
        postgres_cluster.stop(folder)
        for ask in (lambda: index.locate(id_of("x")), lambda: made(address, registry, id)):
            with pytest.raises(StorageFailure) as caught:
                ask()
            assert "see that it runs" in caught.value.hint and address.shown in caught.value.message
            _keeps_still(caught.value)
        postgres_cluster.start(folder)
        check(index, registry)
        index.close()


def _keeps_still(error: AssayError) -> None:
    said = "".join(traceback.format_exception(error)) + repr(error) + error.hint
    for secret in (postgres_cluster.PASSWORD, postgres_cluster.QUOTED, "wrong-horse"):
        assert secret not in said


def test_no_error_says_the_password(
    address: Address, registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = Address.parse(address.url.replace(postgres_cluster.QUOTED, "wrong-horse"))
    if wrong.url != address.url:
        with pytest.raises(StorageFailure, match="password authentication failed") as caught:
            made(wrong, registry, uuid4().hex)
        _keeps_still(caught.value)
    bad = [f"{address.url}?password=wrong-horse&sslmode=nothing", f"{address.url}?unknown=wrong-horse"]
    for url in bad:
        with pytest.raises(StorageFailure) as caught:
            made(Address.parse(url), registry, uuid4().hex)
        assert postgres_cluster.QUOTED not in caught.value.message
    index = made(address, registry, uuid4().hex)
    for shown in (repr(address), repr(index), repr(index._link), str(vars(index)), address.shown):
        assert not any(secret in shown for secret in (postgres_cluster.PASSWORD, postgres_cluster.QUOTED))
    assert caplog.text == ""
    index.close()


@pytest.mark.parametrize(
    "url",
    [
        "wrong-horse", "mysql://u:wrong-horse@h/d", "postgresql://u:wrong-horse@h:port/d", "postgresql://u:12/wrong-horse@h/d",
        "postgresql://u:12#wrong-horse@h/d", "postgresql://u:12?wrong-horse@h/d", "postgresql://[wrong-horse/d",
        "postgresql://u:wrong-horse@h h/d",
    ],
)  # fmt: skip
def test_what_is_no_address_is_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="not the address") as caught:
        Address.parse(url)
    assert "%40" in caught.value.hint
    _keeps_still(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p%40@db.example:5432/team", "postgresql://db.example:5432/team"),
        ("postgres://u@a:1,b:2/team?sslmode=require", "postgresql://a:1,b:2/team"),
        ("postgresql:///team?host=/var/run/postgresql&password=p", "postgresql:///team"),
        ("postgresql://[::1]/team", "postgresql://[::1]/team"),
    ],
)
def test_addresses_are_shown_without_secrets(url: str, shown: str) -> None:
    assert Address.parse(url).shown == shown


def test_a_question_that_takes_too_long_ends(address: Address) -> None:
    link = connections.Link(address, "public", reading=0.05)
    with pytest.raises(psycopg.errors.QueryCanceled) as caught:
        link.execute("SELECT pg_sleep(5)")
    assert "longer than" in link.failure(caught.value).message
    with link.alone():
        link.execute("SELECT pg_sleep(0.1)")  # who writes is not hurried
    link.close()


def test_who_waits_for_a_writer_does_not_wait_for_ever(address: Address) -> None:
    one, two = connections.Link(address, "public"), connections.Link(address, "public", waiting=0.05)
    with one.alone(), pytest.raises(psycopg.errors.LockNotAvailable) as caught, two.alone():
        pass
    assert "another process" in two.failure(caught.value).message
    one.close()
    two.close()


def test_a_role_that_may_make_no_schema_is_told_how(address: Address, registry: Registry) -> None:
    role = f"reader_{uuid4().hex[:8]}"
    with psycopg.connect(address.url, autocommit=True) as db:
        db.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        try:
            host = address.shown.removeprefix("postgresql://")
            with pytest.raises(StorageFailure, match="permission denied") as caught:
                made(Address.parse(f"postgresql://{role}:x@{host}"), registry, uuid4().hex)
            assert "GRANT CREATE" in caught.value.hint
        finally:
            db.execute(f"DROP ROLE {role}")


KILLED = """
import sys, time
from pathlib import Path
from assay.store.address import Address
from assay.store.index import fulltext
from assay.store.index.postgres import PostgresIndex
from assay.store.index.postgres_words import PostgresWords
from assay.store.local import LocalStorage
from assay.testing.drafts import Registry
url, folder, id, when = sys.argv[1:]
registry = Registry(LocalStorage(Path(folder)), create=False)
index = PostgresIndex(Address.parse(url), id)
def hang(*_):
    print("here", flush=True)
    time.sleep(60)
if when == "versions":
    index.sync(registry.objects, registry.log, lambda done, total: hang() if done == 3 else None)
fulltext.SLICE, put = 2_000, PostgresWords.put_words
index.sync(registry.objects, registry.log)
def some(self, rows):
    put(self, rows)
    if rows[-1][0] & 0xFFFFFFFF > 2_000:
        hang()
PostgresWords.put_words = some
index.search("x")
"""


@pytest.mark.parametrize("when", ["versions", "words"])
def test_killed_in_the_middle_the_next_goes_on(address: Address, tmp_path: Path, when: str) -> None:
    registry = Registry(LocalStorage(tmp_path))
    history(registry)
    registry.commit("many", None, {"train": [f"x 很多 {n}" for n in range(4_100)]})
    id = uuid4().hex
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, address.url, str(tmp_path), id, when], stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdout.readline() == b"here\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    index = PostgresIndex(address, id)
    left = index.sync(registry.objects, registry.log)
    assert left == (6 if when == "versions" else 0)
    manifest = registry.objects.manifest(registry.log.entries()[-1].body["manifest"])
    (part,) = manifest.splits["train"]
    assert index.unsearched({part.segment.object}) == (4_100 if when == "versions" else 2_100)
    check(index, registry)
    assert len(index.search("很多", limit=5_000)) == 4_100
    index.close()


def test_people_can_read_the_tables(address: Address, registry: Registry) -> None:
    made(address, registry, id := uuid4().hex).close()
    programs = postgres_cluster.programs()
    if programs is None:
        pytest.skip("no psql here")
    said = subprocess.run(
        [str(programs / "psql"), address.url, "-X", "-A", "-t", "-c",
         f"SELECT dataset, number, branch FROM assay_{id}_index.versions ORDER BY 1, 2"],
        capture_output=True, text=True, env={**os.environ, "PGCLIENTENCODING": "UTF8"}, check=True,
    )  # fmt: skip
    assert said.stdout.split() == ["a|1|main", "a|2|main", "a|3|main", "a|4|main", "b|1|main"]
