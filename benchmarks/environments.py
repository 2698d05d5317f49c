"""A virtual environment for each peer, made once and kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "rensa": ("polars", "rensa", "pycld2"),
    "daft": ("daft", "numpy", "pyarrow", "pycld2"),
}


def python(name: str, folder: Path) -> Path:
    """The interpreter of the environment `name` under a folder; makes it, with the newest packages, if need be."""
    home = folder / name
    program = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    marker = home / ".installed"
    # An environment that somebody made by hand has no marker; it will do if it can import what is needed.
    if not marker.is_file() and not (program.exists() and _imports(program, name)):
        print(f"making {home}: {' '.join(PACKAGES[name])}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(program), "-m", "pip", "install", "--quiet", *PACKAGES[name]], check=True)
    marker.touch()
    return program


def versions(program: Path, name: str) -> str:
    """What is installed there, as `package version, …`."""
    code = (
        "import sys, importlib.metadata as m; print(', '.join(f'{p} {m.version(p)}' for p in sys.argv[1:]))"
    )
    done = subprocess.run(
        [str(program), "-c", code, *PACKAGES[name]], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _imports(program: Path, name: str) -> bool:
    code = f"import {', '.join(PACKAGES[name])}"
    return subprocess.run([str(program), "-c", code], capture_output=True).returncode == 0
