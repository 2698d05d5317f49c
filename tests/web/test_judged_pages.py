"""What judges said stands on the pages of the version and of the example, as text."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import html5lib
import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")
pytest.importorskip("anthropic", reason="needs the extra `judge`")

from fastapi.testclient import TestClient
from tests.web.conftest import HOSTILE

import assay
from assay.llm.calling import Terms
from assay.llm.prices import Price, Prices
from assay.llm.retry import Patience
from assay.llm.wire import ApiKey
from assay.registry.language_models import Endpoint, LanguageModels
from assay.testing.llm_call import Answer
from assay.testing.llm_server import LlmServer
from assay.web.app import create_app
from assay.web.settings import Settings

KEY = "sk-test-0123456789"
SCORES = ("accuracy", "instruction_following", "helpfulness", "completeness", "clarity", "overall")


def test_a_judges_summary_and_reasons_are_shown(tmp_path: Path) -> None:
    said = {"reasoning": f"Good. {HOSTILE}", **dict.fromkeys(SCORES, 4)}
    answer = Answer(json.dumps(said | {"difficulty": 2, "exclude": False, "exclude_reason": "none"}))
    rows = [
        {"instruction": f"How do I return item {k}?", "input": "", "output": f"Box {k}, then post."}
        for k in range(6)
    ]
    source, recipe = tmp_path / "raw.jsonl", tmp_path / "recipe.yaml"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe.write_text(json.dumps({"stages": [{"judge": {"models": ["anthropic/m"]}}]}))
    registry = assay.init(tmp_path / "r", actor="ann")
    with LlmServer(lambda call: answer, key=KEY) as server:
        models = LanguageModels(
            {"anthropic": Endpoint("anthropic", server.url, ApiKey(KEY))},
            Prices("2026-11-21", {"m": Price(input=Decimal(1), output=Decimal(5))}),
            None, Terms(4, 5.0, Patience(first=0.01, longest=0.02)),
        )  # fmt: skip
        registry.curate("judged", [str(source)], recipe=str(recipe), models=models)
    app = create_app(lambda: assay.open(tmp_path / "r", actor="ann"), Settings())
    with TestClient(app, base_url="http://127.0.0.1") as client:
        told = client.get("/api/d/judged@v1").json()["judged"]
        assert told["examples"] == "6"
        version = client.get("/d/judged@v1").text
        html5lib.HTMLParser(strict=True).parse(version)
        id_ = next(iter(registry.version("judged@v1"))).name
        page = client.get(f"/d/judged@v1/examples/{id_}").text
        html5lib.HTMLParser(strict=True).parse(page)
        assert "What judges said" in page
        assert "overall 4" in page
        assert "Good. &lt;script&gt;" in page
        assert "\u202e" not in page
