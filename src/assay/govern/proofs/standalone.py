"""One file of the modules that need nothing but Python: the verifier that goes to an auditor."""

from __future__ import annotations

import ast
from importlib.resources import files

MODULES = (
    "ed25519", "merkle", "spelling", "note", "chain", "files", "report", "registry_check", "evidence_check", "verifier",
)  # fmt: skip
_HEAD = '''"""Verifier of assay logs and evidence packs: one file, Python 3.11 or newer, no network, nothing to install.

    python -I verify.py PACK [--key FILE] [--checkpoint FILE] [--json]

Written out by `assay audit verifier`. Licence: Apache-2.0. Take it from an assay that you trust, not from the pack that
you check. What it checks, and against which documents, is in assay's docs/format.md.
"""

from __future__ import annotations
'''


def standalone_source() -> str:
    """The verifier as one Python file, put together from this package's own modules.

    Raises RuntimeError when two modules define one name, or one imports what is neither here nor in Python.
    """
    imports: set[str] = set()
    defined: set[str] = set()
    bodies = []
    for name in MODULES:
        source = (files(__package__) / f"{name}.py").read_text("utf-8")
        body, needs, names = _taken_apart(source)
        if defined & names:
            raise RuntimeError(f"{name}.py defines {sorted(defined & names)} a second time")
        imports |= needs
        defined |= names
        bodies.append(body)
    return "\n".join([_HEAD, *sorted(imports), *bodies])


def _taken_apart(source: str) -> tuple[str, set[str], set[str]]:
    """A module without its imports (its docstring as a comment), the imports of Python's own, the names it defines."""
    tree, lines = ast.parse(source), source.splitlines()
    imports: set[str] = set()
    names: set[str] = set()
    gone: set[int] = set()
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            gone |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            home = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if home.startswith("assay.") and home.rpartition(".")[2] not in MODULES:
                raise RuntimeError(f"{home} is not part of the verifier")
            if home != "__future__" and not home.startswith("assay."):
                imports.add(ast.unparse(node))
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    first = tree.body[0]
    gone |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    said = (ast.get_docstring(tree) or "").splitlines()
    head = ["", f"# {'-' * 100}", *(f"# {line}".rstrip() for line in said)]
    body = "\n".join(line for number, line in enumerate(lines, 1) if number not in gone).strip("\n")
    return "\n".join([*head, "", "", body, ""]), imports, names
