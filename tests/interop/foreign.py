"""Programs that use a tool of others, each in a process of its own: such tools warn."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

QUIET = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}


def run(tool, code, *words, cwd=None):
    """The JSON that a program prints last. Skips, saying why, where the tool is not installed."""
    if importlib.util.find_spec(tool) is None:
        pytest.skip(f"{tool} is not installed: pip install --group interop")
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        capture_output=True, text=True, cwd=cwd, env={**os.environ, **QUIET},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
