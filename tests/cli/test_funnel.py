"""The funnel's picture says the numbers it was given, in bars that shrink, within 80 columns."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from assay.cli.render.funnel import BAR, _bar, curation, funnel, seconds
from assay.registry.results import CurationResult, FunnelStage

Paint = Callable[..., str]

STAGES = (
    FunnelStage("identical", 11_988, 3, {"identical": 3}),
    FunnelStage("format", 11_985, 0, {}),
    FunnelStage("length", 11_985, 414, {"output_too_short": 400, "input_too_short": 14}),
    FunnelStage("pii", 11_571, 0, {}, {"email": 12}),
    FunnelStage("near_dedup", 11_571, 2_100, {"near_duplicate": 2_100}),
)


def result(**changed: Any) -> CurationResult:
    given: dict[str, Any] = {
        "dataset": "helpdesk", "version": "helpdesk@v2", "fingerprint": "sha256:" + "ab" * 32, "read": 12_000,
        "kept": 9_471, "rejected": 2_517, "malformed": 12, "splits": {"train": 8_524, "test": 947},
        "stages": STAGES, "codes_malformed": {"not_json": 9, "empty_record": 3}, "elapsed_seconds": 1.25,
    }  # fmt: skip
    return CurationResult(**(given | changed))


def test_the_picture(paint: Paint) -> None:
    commands = [("assay head helpdesk@v2", "see the first examples")]
    assert paint(curation(result(), commands)) == PICTURE


PICTURE = """\
helpdesk@v2
  read                 12,000  ████████████████████████████████████  100.0 %
  malformed               −12  ███████████████████████████████████▒   99.9 %
    not json 9 · empty record 3
  identical                −3  ███████████████████████████████████▒   99.9 %
  length                 −414  ██████████████████████████████████▊▒   96.4 %
    output too short 400 · input too short 14
  pii                       0  ██████████████████████████████████▊    96.4 %
    email 12 (flagged, kept)
  near_dedup           −2,100  ████████████████████████████▍▒▒▒▒▒▒    78.9 %
    near duplicate 2,100
  kept                  9,471  ████████████████████████████▍          78.9 %
  nothing to remove: format

  splits       train 8,524 · test 947
  fingerprint  abababababab
  took         1.25 s, 9,600 records a second

Try next
  assay head helpdesk@v2  see the first examples"""


def test_a_dry_run_says_that_nothing_was_written(paint: Paint) -> None:
    assert "dry run: nothing was written" in paint(curation(result(version=None), []))


def test_nothing_read_is_no_division_by_zero(paint: Paint) -> None:
    nothing = {"read": 0, "kept": 0, "rejected": 0, "malformed": 0, "elapsed_seconds": 0.0}
    empty = result(stages=(), codes_malformed={}, **nothing)
    assert "kept                      0" in paint(curation(empty, []))


def test_hostile_names_do_not_break_the_lines(paint: Paint) -> None:
    hostile = FunnelStage("\x1b[2J密" * 20, 10, 5, {"\u202ecode\n" * 50: 5})
    shown = paint(funnel(10, 0, {}, [hostile]))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert max(map(cell_len, shown.split("\n"))) <= 80


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8))
def test_any_funnel_fits_and_ends_in_what_is_left(parts: list[int]) -> None:
    read, left, stages = sum(parts), sum(parts), []
    for k, gone in enumerate(parts[:-1]):
        stages.append(FunnelStage(f"stage_{k}", left, gone, {"code": gone} if gone else {}))
        left -= gone
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        console.print(funnel(read, 0, {}, stages))
    lines = captured.get().rstrip("\n").split("\n")
    assert all(cell_len(line) <= 80 for line in lines)
    (kept,) = [line for line in lines if line.startswith("  kept ")]
    assert kept.split()[1] == f"{parts[-1]:,}"


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 10**9), st.data())
def test_a_bar_is_as_long_as_its_share(whole: int, data: st.DataObject) -> None:
    before = data.draw(st.integers(0, whole))
    left = data.draw(st.integers(0, before))
    bar = _bar(whole, before, left, "red").plain
    assert cell_len(bar) == BAR
    assert ("▒" in bar) == (left < before)
    assert abs(len(bar.rstrip().rstrip("▒")) - BAR * left / whole) <= 1.5


def test_times() -> None:
    assert [seconds(t) for t in (0.421, 12.34, 200)] == ["0.42 s", "12.3 s", "3 min 20 s"]
