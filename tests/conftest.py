"""What all tests share: the licensed data that may be beside the repository, and how hypothesis runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres_cluster

settings.register_profile(
    "assay", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("assay")

REPO = Path(__file__).resolve().parent.parent


@pytest.fixture
def shared_data() -> Path:
    """The folder of licensed test data; the test is skipped, saying so, where it is absent."""
    folder = Path(os.environ.get("ASSAY_SHARED_DATA", REPO.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the licensed test data is not here; set ASSAY_SHARED_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a database of this process's own in the PostgreSQL of ASSAY_TEST_POSTGRES, or in one that is
    started for the tests; they are skipped, saying so, where there is neither."""
    psycopg = pytest.importorskip("psycopg", reason="needs the extra `postgres`")
    with ExitStack() as stack:
        server = os.environ.get("ASSAY_TEST_POSTGRES") or stack.enter_context(own_postgres())[0]
        name = f"assay_test_{uuid4().hex[:12]}"
        with psycopg.connect(server, autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}")
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
        with psycopg.connect(server, autocommit=True) as db:
            db.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def own_postgres() -> Iterator[tuple[str, Path]]:
    """The address and the folder of a PostgreSQL that is started now, and gone afterwards."""
    if postgres_cluster.programs() is None:
        pytest.skip("no PostgreSQL here: set ASSAY_TEST_POSTGRES to the address of one, or install it")
    with TemporaryDirectory(prefix="assay-postgres-", ignore_cleanup_errors=True) as folder:
        try:
            yield postgres_cluster.start(Path(folder)), Path(folder)
        finally:
            postgres_cluster.stop(Path(folder))
