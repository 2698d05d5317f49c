"""The index in PostgreSQL owes what every index owes, and more: it is a team's."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="needs the extra `postgres`")

from assay.store.address import Address
from assay.store.index.index import Index
from assay.store.index.postgres import PostgresIndex
from assay.testing.index import IndexSuite


class TestPostgresIndex(IndexSuite):
    @pytest.fixture(autouse=True)
    def _there(self, postgres: str) -> None:
        self.address = Address.parse(postgres)

    def make(self, folder: Path) -> Index:
        return PostgresIndex(self.address, hashlib.sha256(str(folder).encode()).hexdigest()[:32])
