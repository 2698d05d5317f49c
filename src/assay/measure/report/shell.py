"""What every page is put into: one HTML document that holds all it shows."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from assay.model.escape import inline

MARK = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path class="m1" d="M8 2h8l6 6v8l-6 6H8l-6-6V8z"/>'
    '<path class="m2" d="M7.5 17V12M12 17V6.5M16.5 17V9.5"/></svg>'
)


def shell(title: str, parts: Sequence[str]) -> str:
    """A document of these parts, which are HTML; empty ones are left out. It asks the network for nothing and runs
    nothing, and a content security policy says so to the browser: only its own stylesheet is let in, by digest."""
    style = files("assay.measure.report").joinpath("style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{inline(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )
