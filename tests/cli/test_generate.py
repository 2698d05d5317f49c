"""generate and template on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call
from tests.registry.made_up_model import TEMPLATE, made_up

from assay.testing.llm_server import LlmServer

pytest.importorskip("openai", reason="the openai SDK is not installed")

Run = Callable[..., Call]
QUOTAS = ("--quota", "topic=refund:0.5,delivery:0.3,login:0.2", "--quota", "language=中文:1,English:3")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_REGISTRY", raising=False)
    (tmp_path / "t.json").write_text(json.dumps(TEMPLATE), "utf-8")
    (tmp_path / "prices.json").write_text('{"models": {"m": {"input": 1, "output": 2}}}', "utf-8")


@pytest.fixture
def server(assay_run: Run) -> Iterator[LlmServer]:
    assert assay_run("init").code == 0
    with LlmServer(made_up) as running:
        yield running


def words(server: LlmServer, n: int, *more: str) -> tuple[str, ...]:
    return ("generate", "desk", "--template", "t.json", "--n", str(n), "--model", "lab/m", *QUOTAS, "--prices",
            "prices.json", "--endpoint", f"lab={server.openai_url}", "--seed", "7", *more)  # fmt: skip


def fits(text: str) -> bool:
    return max(map(len, text.splitlines())) <= 80 and "\x1b" not in text


def test_a_dry_run_a_run_and_a_trace(assay_run: Run, server: LlmServer) -> None:
    planned = assay_run(*words(server, 60, "--dry-run"))
    assert planned.code == 0 and fits(planned.out) and server.exchanges == ()
    for told in (
        "nobody was asked",
        "calls      60",
        "likely $0.",
        "at worst $",
        "refund       30",
        "Prompt 2 of 60",
    ):
        assert told in planned.out, planned.out
    forecast = assay_run(*words(server, 60, "--dry-run", "--json")).json
    assert forecast["version"] is None and forecast["cost"]["calls"] == 60 and len(forecast["prompts"]) == 2

    done = assay_run(*words(server, 60, "--sweep", "temperature=0.2,1.0", "--sample", "top_p=0.8..1"))
    assert done.code == 0 and fits(done.out) and done.err == ""
    assert "desk@v1" in done.out and "near duplicate" in done.out and "paid for · 0 remembered" in done.out
    again = assay_run(
        *words(server, 60, "--sweep", "temperature=0.2,1.0", "--sample", "top_p=0.8..1", "--json")
    )
    document: dict[str, Any] = again.json
    assert document["read"] == document["kept"] + document["rejected"] + document["malformed"]
    assert document["quotas"]["fields"]["topic"]["refund"] == {"asked": 30, "got": 30}
    assert document["rounds"][-1]["kept_so_far"] == 60 and document["end"] == "met"
    assert (
        document["cost"]["spent"] == "0" and document["cost"]["paid"] == 0 and document["elapsed_seconds"] > 0
    )

    found = assay_run("query", "select id from examples limit 1", "--json").json
    id_ = json.dumps(found["rows"][0]).strip('[]{}"').split('"')[-1]
    trace = assay_run("trace", id_)
    assert fits(trace.out), trace.out
    for told in (
        "template ticket-answer@",
        "variable topic · is ",
        "temperature ",
        "seed 7",
        "tokens_output",
        "price 0.",
    ):
        assert told in trace.out, trace.out
    assert not server.paid_twice()


def test_templates(assay_run: Run, server: LlmServer) -> None:
    assert "saves one" in assay_run("template", "list").out
    saved = assay_run("template", "save", "t.json", "--dry-run", "--json").json
    assert saved["saved"] is False and assay_run("template", "list", "--json").json == {"templates": []}
    shown = assay_run("template", "save", "t.json")
    assert shown.code == 0 and fits(shown.out) and "person 7 …" in shown.out and "Example" in shown.out
    listed = assay_run("template", "list")
    assert saved["template"] in listed.out and fits(listed.out)
    assert saved["template"] in assay_run("log").out or "ticket-answer" in assay_run("log").out
    document = assay_run("template", "show", saved["template"][:18], "--json").json
    assert document["digest"] == saved["digest"] and document["user"] == TEMPLATE["user"]
    nobody = assay_run("template", "show", "nobody")
    assert nobody.code == 2 and "ticket-answer@" in nobody.err


def test_a_budget_ends_it_with_1_and_partial_takes_what_there_is(assay_run: Run, server: LlmServer) -> None:
    short = assay_run(*words(server, 60, "--budget", "0.006", "--json"))
    assert short.code == 1 and short.json["error"]["code"] == "budget_reached"
    some = assay_run(*words(server, 60, "--budget", "0.006", "--partial"))
    assert some.code == 0 and "partial: " in some.out and fits(some.out) and " of $0.006" in some.out
    lost = assay_run(*words(server, 60, "--rounds", "1"))
    assert lost.code == 1 and "after 1 rounds" in lost.err and "--partial" in lost.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--quota", "tone=kind:x"), "no value and share"),
        (("--quota", "tone=kind:1,kind:2"), "no value and share"),
        (("--quota", "tone"), "is not NAME=…"),
        (("--quota", "topic=refund"), "two quotas on 'topic'"),
        (("--quota", "tone=rude:1"), "no value of 'tone'"),
        (("--param", "temperature"), "is not NAME=…"),
        (("--param", "a=1", "--param", "a=2"), "said twice"),
        (("--param", "a=1", "--sweep", "a=2"), "said twice"),
        (("--sample", "top_p=1"), "is no range"),
        (("--sample", "top_p=a..b"), "is no range"),
        (("--model", "nobody"), "names no model"),
        (("--param", "n=2"), "not a parameter of a request"),
    ],
)
def test_what_is_said_wrongly_is_refused(
    assay_run: Run, server: LlmServer, more: tuple[str, ...], said: str
) -> None:
    refused = assay_run(*words(server, 5, *more))
    assert refused.code == 2 and said in refused.err, refused.err
    assert server.exchanges == ()


def test_shares_and_parameters_are_read_as_meant() -> None:
    from assay.cli.generate_options import parameters_of, shares_of
    from assay.generate.parameters import Between, Parameters

    assert shares_of(["主题=退款:2, 物流", "url=http://a:8:0.5"]) == {
        "主题": {"退款": 2.0, "物流": 1.0},
        "url": {"http://a:8": 0.5},
    }
    given = {
        "params": ("stop=END", "logprobs=true"),
        "sweeps": ("temperature=0.2,1",),
        "samples": ("k=1..40",),
    }
    assert parameters_of(given) == Parameters(
        {"stop": "END", "logprobs": True}, {"temperature": [0.2, 1]}, {"k": Between(1, 40)}
    )
    assert given == {}
