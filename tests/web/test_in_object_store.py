"""The web application over a registry in an object store: uploads, jobs in processes of their own, pages."""

from __future__ import annotations

import json
import os
import time

import pytest

import assay
from assay.testing.s3_server import S3Server

pytest.importorskip("obstore", reason="the extra s3 is not installed")
pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient

from assay.web.app import create_app
from assay.web.settings import Settings

ADDRESS = "s3://bucket/team"


def test_a_job_curates_what_was_uploaded_and_pages_show_it(tmp_path):
    with S3Server() as server:
        here = {"options": server.options, "cache": tmp_path / "near", "actor": "ann"}
        registry = assay.init(ADDRESS, **here)
        environment = {
            **os.environ, "AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
        }  # fmt: skip
        app = create_app(lambda: assay.open(ADDRESS, **here), Settings(), environment=environment)
        with TestClient(app, base_url="http://127.0.0.1") as web:
            rows = [{"input": f"Where is {n * 7919}?", "output": f"In depot {n * 31}."} for n in range(20)]
            data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
            source = web.post("/api/uploads", params={"name": "t.jsonl"}, content=data).json()["id"]
            said = web.post(
                "/api/commands/curate", json={"name": "desk", "sources": [source], "dry_run": False}
            )
            job, until = said.json()["answer"]["job"], time.monotonic() + 60
            while (found := web.get(f"/api/jobs/{job}").json())["live"]:
                assert time.monotonic() < until, found
                time.sleep(0.05)
            assert found["version"] == "desk@v1", found
            for page in ("/", "/d/desk@v1"):
                assert web.get(page).status_code == 200
            assert len(assay.open(ADDRESS, **here).version("desk")) == 20
        assert registry.root is not None and not (registry.root / "objects").exists()
