"""Tables and cards: fixed values, 80 columns, Chinese aligned, hostile text spelled out."""

import io
from collections.abc import Callable

from rich.cells import cell_len
from rich.console import Console

from assay.cli.render import cards, tables
from assay.cli.render.frame import try_next
from assay.cli.render.progress import LiveProgress
from assay.model.example import Example
from assay.model.operation import Operation
from assay.registry.results import DatasetSummary, ExportResult, Hit, Interval, Progress, Trace
from assay.store.gc import GcPlan
from assay.store.storage import Stat
from assay.store.verify import Report

Paint = Callable[..., str]

PRINT = "sha256:" + "ab" * 32
EXAMPLE = Example.of(
    {
        "messages": [
            {"role": "user", "content": "如何重置密码? [bold]\x1b[2J"},
            {"role": "assistant", "content": "点击“忘记密码”。", "tool_calls": [{"name": "reset"}]},
        ]
    }
)


def test_datasets_line_up_in_any_script(paint: Paint) -> None:
    found = [
        DatasetSummary(
            "helpdesk", 12, 12, {"train": 8524, "test": 947}, PRINT, "2026-11-20T14:03:11Z", "mira"
        ),
        DatasetSummary("客服对话", 1, 1, {"train": 8}, PRINT, "2026-11-20T14:03:11Z", "王小明明明明明"),
    ]
    assert paint(tables.datasets(found)) == (
        "dataset   newest  examples  splits                         made        by\n"
        "helpdesk     v12     9,471  train 8,524 · test 947         2026-11-20  mira\n"
        "客服对话      v1         8  train 8                        2026-11-20  王小明明…"
    )


def test_the_log_is_newest_first(paint: Paint) -> None:
    log = [
        Operation(1, None, "2026-11-20T14:03:11.123456Z", "mira", "curate", "helpdesk", {"number": 1}),
        Operation(2, "ab", "2026-11-20T14:05:00Z", "b\x1b", "curate", "helpdesk", {"number": 2}),
    ]
    assert paint(tables.operations(log, lambda one: "fix" if one.seq == 2 else "")) == (
        "#  time                 actor  action  dataset   what\n"
        "2  2026-11-20 14:05:00  b\\x1b  curate  helpdesk  v2  fix\n"
        "1  2026-11-20 14:03:11  mira   curate  helpdesk  v1"
    )


def test_hits_show_the_words(paint: Paint) -> None:
    hit = Hit("cd" * 32, "train", "helpdesk@v1", "x " * 80 + "密码 here", "Click.", "data/t.jsonl", 7)
    shown = paint(tables.hits("密码", [hit]))
    assert shown.startswith("cdcdcdcdcdcd  helpdesk@v1 · train · data/t.jsonl:7\n")
    assert "密码 here" in shown
    assert paint(tables.hits("[b]\x1b", [])) == "nothing contains [b]\\x1b"


def test_the_query_is_no_pattern(paint: Paint) -> None:
    hit = Hit("cd" * 32, "train", "a@v1", "what (is) this", "", "t", 1)
    assert "what (is) this" in paint(tables.hits('((( [a "*" \\', [hit]))


def test_an_example_card_spells_out_hostile_text(paint: Paint) -> None:
    assert paint(cards.example_card(EXAMPLE)) == (
        f"{EXAMPLE.name}\n"
        "  kind  messages\n\n"
        "  user\n"
        "    如何重置密码? [bold]\\x1b[2J\n"
        "  assistant\n"
        "    点击“忘记密码”。\n"
        '    {"tool_calls": [{"name": "reset"}]}'
    )


def test_first_examples(paint: Paint) -> None:
    one = Example(EXAMPLE.id, "text", {"text": "hello"}, {"source": "a.jsonl", "record": 3}, "train")
    assert paint(cards.first_examples([one])) == (f"{EXAMPLE.name[:12]}  train  a.jsonl:3\n  output  hello")
    assert paint(cards.first_examples([])) == "no examples"


def test_a_trace(paint: Paint) -> None:
    reading = {
        "dataset": "客服",
        "version": 1,
        "source": "a.jsonl",
        "record": 3,
        "outcome": "kept",
        "code": None,
    }
    twin = {
        "dataset": "客服",
        "version": 1,
        "source": "b.jsonl",
        "record": 9,
        "code": "near",
        "similarity": 0.875,
    }
    trace = Trace(
        EXAMPLE.name, "text", {"text": "hello"}, {"origin": "human"}, (reading,), (twin,) * 25,
        (Interval("客服", "train", 1, None), Interval("b", "test", 2, 4), Interval("a", "test", 3, 3)),
    )  # fmt: skip
    shown = paint(cards.trace_card(trace))
    assert "  a     v3 in test\n  b     v2 to v4 in test\n  客服  v1 to the newest in train\n" in shown
    assert "Stands for (25)" in shown
    assert "… 5 more" in shown
    assert all(cell_len(line) <= 80 for line in shown.split("\n"))


def test_files_written(paint: Paint) -> None:
    result = ExportResult("helpdesk@v1", "source", {"out/train.jsonl": 8524, "out/test.jsonl": 9})
    assert paint(tables.files(result, False)) == (
        "wrote helpdesk@v1 as source\n   rows  file\n  8,524  out/train.jsonl\n      9  out/test.jsonl"
    )
    assert paint(tables.files(result, True)).startswith("would write ")


def test_damage_and_notes(paint: Paint) -> None:
    report = Report(files=12, bytes=34_500)
    assert paint(tables.damage(report)) == "✓ all is well   12 files, 34.5 KB checked"
    report.add("orphan", "objects/cd", "no operation leads here", "note")
    assert paint(tables.damage(report)).startswith("✓ all is well")
    report.add("hash", "objects/ab\x1b", "not what its name says")
    assert paint(tables.damage(report)) == (
        "✗ 1 finding of damage   12 files, 34.5 KB checked\n"
        "  hash  objects/ab\\x1b\n    not what its name says\n"
        "  orphan  objects/cd\n    no operation leads here"
    )


def test_garbage(paint: Paint) -> None:
    nothing = GcPlan((), (), 0, 3, 0, 1, 0.0)
    plan = GcPlan((Stat("objects/ab/ab", 1_500, 0.0),), (), 1_500, 3, 2, 1, 0.0)
    assert paint(tables.garbage(plan, False)) == (
        "would remove 1 file, 1.5 KB   run again with --yes to do so\n"
        "  3 objects in use · 2 too young to judge\n"
        "  objects/ab/ab"
    )
    assert paint(tables.garbage(nothing, True)) == "nothing to remove\n  3 objects in use"


def test_commands_to_copy_are_never_folded(paint: Paint) -> None:
    long = "assay head " + "x" * 100
    assert long in paint(try_next([(long, "see"), ("assay list", "all")]))


def test_progress_counts_phases_and_leaves_nothing_behind() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, color_system=None)
    with LiveProgress(console) as live:
        for done in range(0, 1001, 10):
            live(Progress("reading [b]\x1b[2J", done, 1000, "bytes"))
        live(Progress("deciding", 0, None, "rows"))
        live(Progress("writing", 5, 10, "rows"))
    shown = screen.getvalue()
    assert "reading [b]\\x1b" in shown
    assert "100 %" in shown
    assert "[progress" not in shown
    assert "\x1b[2J" not in shown
    assert shown.endswith("\x1b[2K") or "\x1b[1A\x1b[2K" in shown[-60:]
