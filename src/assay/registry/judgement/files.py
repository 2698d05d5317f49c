"""Calibrating a judge, and looking for its biases, on files of labels; no registry is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from assay.errors import UsageError
from assay.formats.label_files import LabelFile, read_labels
from assay.measure.judges.bias_pairs import bias_of_pairs
from assay.measure.judges.bias_scores import bias_of_scores
from assay.measure.judges.calibration import Calibration, calibrate_pairs, calibrate_scores
from assay.measure.judges.checks import BiasReport
from assay.registry.judgement.fields import USUAL, Fields, Row, find_fields, pairs_of, scores_of

Report = TypeVar("Report", Calibration, BiasReport)


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """Which files, and what their fields mean.

    `join`: the field by which the rows of all files are one row each, such as labels in one file and verdicts in
    another; without it the files' rows stand one after the other. `scores`: labels are numbers, and no preferences.
    """

    files: tuple[str, ...]
    fields: Mapping[str, str] = field(default_factory=dict)
    join: str | None = None
    scores: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Judged(Generic[Report]):
    """A report, the fields it is of, and the rows that could not be read: (file, row's number, code)."""

    report: Report
    fields: Fields
    unread: tuple[tuple[str, int, str], ...]
    unjoined: int

    def as_json(self) -> dict[str, Any]:
        return {
            **self.report.as_json(), "fields": self.fields.as_json(), "unjoined": self.unjoined,
            "unread": [{"file": file, "row": row, "code": code} for file, row, code in self.unread],
        }  # fmt: skip


def calibrate_files(request: JudgeRequest, good: float | None = None) -> Judged[Calibration]:
    """A judge against people. Raises NotFound, BadInput; UsageError when a field is not there."""
    rows, fields, unread, unjoined = _read(request)
    for part in ("human", "judge"):
        if not (fields.human if part == "human" else fields.one.get(part)):
            raise UsageError(
                f"no row has a field for {part}: {', '.join(USUAL[part])}", f"name it with --{part} FIELD"
            )
    if request.scores:
        report = calibrate_scores(scores_of(rows, fields), good, request.seed)
    else:
        report = calibrate_pairs(pairs_of(rows, fields), request.seed)
    if not report.labelled:
        other = "without --scores" if request.scores else "with --scores"
        raise UsageError(
            "no row has both a label of people and an answer of the judge",
            f"check the fields; preferences are read without --scores, numbers with it (try {other})",
        )
    return Judged(report, fields, unread, unjoined)


def bias_files(
    request: JudgeRequest, judge_model: str | None = None, variants: tuple[str, str] | None = None
) -> Judged[BiasReport]:
    """The known biases of a judge. Raises NotFound, BadInput; UsageError when a field is not there."""
    rows, fields, unread, unjoined = _read(request)
    if "judge" not in fields.one:
        raise UsageError(
            f"no row has a field for judge: {', '.join(USUAL['judge'])}", "name it with --judge FIELD"
        )
    if request.scores:
        if variants is not None:
            raise UsageError("--variants is of pairs, and --scores was given", "leave one of them out")
        report = bias_of_scores(scores_of(rows, fields), judge_model, request.seed)
    else:
        report = bias_of_pairs(pairs_of(rows, fields), judge_model, variants, request.seed)
    return Judged(report, fields, unread, unjoined)


def _read(request: JudgeRequest) -> tuple[Sequence[Row], Fields, tuple[tuple[str, int, str], ...], int]:
    files = [read_labels(file) for file in request.files]
    unread = tuple((file.name, number, code) for file in files for number, code in file.unread)
    if request.join is None:
        rows: Sequence[Row] = [row for file in files for row in file.rows]
        unjoined = 0
    else:
        rows, unjoined = _joined(files, request.join)
    return rows, find_fields(rows, request.fields), unread, unjoined


def _joined(files: Sequence[LabelFile], by: str) -> tuple[Sequence[Row], int]:
    """The rows of the first file with the fields of the others; and how many rows of others found no partner.

    A field that two files have keeps the first's value. Raises UsageError for a value that one file has twice.
    """
    found: dict[str, dict[str, Any]] = {}
    unjoined = 0
    for place, file in enumerate(files):
        seen: set[str] = set()
        for row in file.rows:
            if row.get(by) is None:
                unjoined += 1
                continue
            key = str(row[by])
            if key in seen:
                raise UsageError(
                    f"{file.name} has two rows with the same value of {by}",
                    "join by a field that tells rows apart",
                )
            seen.add(key)
            if not place:
                found[key] = dict(row)
            elif key in found:
                found[key] = {**row, **found[key]}
            else:
                unjoined += 1
    if not found:
        raise UsageError(
            f"no row of {files[0].name} has the field {by}", "join by a field that all files have"
        )
    return list(found.values()), unjoined
