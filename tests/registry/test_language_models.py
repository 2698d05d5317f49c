"""Settings of language models: names, keys, salts and fences."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import assay
from assay.errors import Damaged, UsageError
from assay.llm.wire import ApiKey
from assay.registry.language_models import Calls, Endpoint, LanguageModels, ModelName, run


@pytest.mark.parametrize("text", ["gpt-5", "/gpt", "openai/", "Open AI/gpt", "openai/ ", "openai/a\nb"])
def test_what_is_no_provider_and_model_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no model"):
        ModelName.parse(text)


def test_a_model_may_have_slashes_of_its_own() -> None:
    assert ModelName.parse("vllm/Qwen/Qwen3-8B") == ModelName("vllm", "Qwen/Qwen3-8B")


def test_a_provider_without_address_or_key_is_refused_with_what_to_do() -> None:
    models = LanguageModels({"anthropic": Endpoint("anthropic")})
    with pytest.raises(UsageError) as no_key:
        models.endpoint(ModelName("anthropic", "m"))
    assert "ANTHROPIC_API_KEY" in no_key.value.hint
    with pytest.raises(UsageError) as unknown:
        models.endpoint(ModelName("vllm", "m"))
    assert "--endpoint vllm=" in unknown.value.hint


def test_a_fence_is_the_same_for_one_request_and_unlike_any_other(tmp_path: Path) -> None:
    registry = assay.init(tmp_path / "r")
    first, again = Calls(registry, LanguageModels()), Calls(registry, LanguageModels())
    assert first.fence("judge", "a") == again.fence("judge", "a")
    assert first.fence("judge", "a") != first.fence("judge", "b")
    other = Calls(assay.init(tmp_path / "s"), LanguageModels())
    assert other.fence("judge", "a") != first.fence("judge", "a")
    assert len(first.fence("judge", "a").nonce) == 32


def test_a_salt_that_is_cut_is_damage_and_not_a_weaker_fence(tmp_path: Path) -> None:
    registry = assay.init(tmp_path / "r")
    Calls(registry, LanguageModels())
    (tmp_path / "r" / "cache" / "answers" / "fence.salt").write_bytes(b"")
    with pytest.raises(Damaged, match="not a salt"):
        Calls(registry, LanguageModels())


def test_work_runs_inside_a_loop_too() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    async def notebook() -> int:
        return run(work)

    assert run(work) == 7
    assert asyncio.run(notebook()) == 7


def test_the_settings_do_not_show_a_key() -> None:
    key = "sk-very-secret-0123456789"
    shown = repr(LanguageModels({"openai": Endpoint("openai", None, ApiKey(key))}))
    assert key not in shown
