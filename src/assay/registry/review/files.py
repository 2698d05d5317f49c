"""Queues as files: JSON Lines out, to be filled in with another tool, and verdicts back in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from assay.errors import BadInput, NotFound
from assay.formats.export import write_lines
from assay.govern.review_values import EDIT, REVIEW, VERDICTS, Verdict
from assay.govern.reviews import Judged, visible
from assay.kernels.ids import find, id_list, sorted_ids
from assay.model.canonical import canonical_json
from assay.model.example import Example, example_id, views
from assay.registry.review.results import Given
from assay.registry.review.verdicts import judge
from assay.registry.version import examples
from assay.store.members import place, rows_of

if TYPE_CHECKING:
    from assay.registry import Registry

LARGEST_FILE: Final = 1 << 30
_FIELDS: Final = {"id", "verdict", "tags", "score", "comment", "payload"}
_SHOWN: Final = 5
_ROWS: Final = 2_000


def export_queue(registry: Registry, name: str, file: str, dry_run: bool) -> int:
    """Write one row an example, with the verdict that this actor gave and nothing that they may not see."""
    judged = registry.reviews.fold().named(name)
    if not dry_run:
        write_lines(Path(file), _rows(registry, judged))
    return len(judged.queue.ids)


def queue_rows(registry: Registry, name: str) -> Iterator[dict[str, Any]]:
    """The rows that `export_queue` writes. Raises NotFound."""
    return _rows(registry, registry.reviews.fold().named(name))


def _rows(registry: Registry, judged: Judged) -> Iterator[dict[str, Any]]:
    for example in _examples(registry, judged):
        id_, seen = example.id, views(example.payload)
        said = visible(judged, id_, registry.actor)
        own = _own(judged, id_, registry.actor)
        yield {
            "id": id_.hex(), "state": judged.state(id_).replace(" ", "_"), "input": seen.input, "output": seen.output,
            "verdict": own.verdict if own else "", "tags": dict(own.tags) if own else {},
            "score": own.score if own else None, "comment": "", "payload": dict(example.payload),
            "said": [{"actor": one.actor, **one.as_json()} for one in said if one is not own],
        }  # fmt: skip


def _examples(registry: Registry, judged: Judged) -> Iterator[Example]:
    """The examples of a queue by id, many at a time; those that its version does not hold one by one."""
    objects, ids = registry.store.objects, sorted_ids(judged.queue.ids)
    placed = place(objects, registry.version(judged.queue.ref).manifest)
    at = find(placed.ids, ids)
    for start in range(0, len(ids), _ROWS):
        rows = at[start : start + _ROWS].tolist()
        held = [(placed.segments[placed.segment[row]], int(placed.row[row])) for row in rows if row >= 0]
        found = {one.id: one for one in examples(rows_of(objects, held), None)} if held else {}
        for id_ in id_list(ids[start : start + _ROWS]):
            yield found[id_] if id_ in found else registry.example(id_.hex())


def import_verdicts(registry: Registry, name: str, file: str, dry_run: bool) -> Mapping[str, int]:
    """Give every verdict of a file that is not given already, in one operation.

    A row without a verdict says nothing. Other fields than those of a verdict are passed over. Raises BadInput, naming
    lines, when any row cannot be read; then no verdict is given.
    """
    judged = registry.reviews.fold().named(name)
    problems: list[str] = []
    given: list[Given] = []
    unchanged = silent = 0
    for number, row in _read(file):
        try:
            one = _given(row)
        except ValueError as error:
            problems.append(f"line {number}: {error}")
            continue
        if one is None:
            silent += 1
        elif _is_known(judged, registry.actor, one):
            unchanged += 1
        else:
            given.append(one)
    if problems:
        shown = "; ".join(problems[:_SHOWN])
        more = f"; and {len(problems) - _SHOWN:,} more" if len(problems) > _SHOWN else ""
        raise BadInput(
            f"{file} holds rows that are no verdicts: {shown}{more}", "repair them; nothing was given"
        )
    if given:
        judge(registry, REVIEW, name, given, dry_run)
    counts = Counter(one.verdict for one in given)
    return {
        **{verdict: counts[verdict] for verdict in VERDICTS},
        "unchanged": unchanged,
        "without_verdict": silent,
    }


def _read(file: str) -> Iterator[tuple[int, Any]]:
    path = Path(file)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(f"{file} has more than {LARGEST_FILE >> 20} MiB", "cut it into several files")
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    yield number, orjson.loads(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
                except orjson.JSONDecodeError:
                    yield number, None
    except FileNotFoundError:
        raise NotFound(
            f"no file {file}", "name a JSON Lines file, such as `assay review export` writes"
        ) from None
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}", "name a JSON Lines file") from None


def _given(row: Any) -> Given | None:
    """The verdict of a row; None without one. Raises ValueError, saying what is wrong and never what it says."""
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    row = {name: value for name, value in row.items() if name in _FIELDS}
    verdict, id_ = row.get("verdict"), row.get("id")
    if not isinstance(id_, str):
        raise ValueError("it has no id")
    payload, changed = row.get("payload"), False
    if payload is not None:
        if not isinstance(payload, dict):
            raise ValueError("its payload is no object")
        try:
            changed = example_id(canonical_json(payload)).hex() != id_.lower()
        except (ValueError, TypeError, RecursionError):
            raise ValueError("its payload cannot be spelled as JSON") from None
    if verdict in (None, ""):
        if changed:
            raise ValueError("its payload was changed and its verdict does not say edit")
        return None
    if verdict not in VERDICTS:
        raise ValueError(f"its verdict is none of {', '.join(VERDICTS)}")
    if changed != (verdict == EDIT):
        raise ValueError("an edit changes the payload, and nothing else does")
    tags, score, comment = row.get("tags") or {}, row.get("score"), row.get("comment") or ""
    if not isinstance(tags, dict) or not isinstance(comment, str):
        raise ValueError("its tags are no object, or its comment is no text")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
        raise ValueError("its score is no number")
    return Given(id_, verdict, tags, score, comment, payload if verdict == EDIT else None)


def _own(judged: Judged, id: bytes, actor: str) -> Verdict | None:
    case = judged.case(id)
    return case.verdicts.get(actor) or case.suggestions.get(actor)


def _is_known(judged: Judged, actor: str, one: Given) -> bool:
    """Whether the actor said the same before; a comment is always something new."""
    if len(one.id) != 64 or one.comment:
        return False
    try:
        own = _own(judged, bytes.fromhex(one.id), actor)
    except ValueError:
        return False
    edited = None if one.payload is None else example_id(canonical_json(dict(one.payload)))
    return own is not None and (own.verdict, dict(own.tags), own.score, own.edited) == (
        one.verdict, dict(one.tags), one.score, edited,
    )  # fmt: skip
