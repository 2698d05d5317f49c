"""What all tests share: the licensed data that may be beside the repository, and how hypothesis runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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
