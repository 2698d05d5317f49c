"""The official SDKs behind one face, so that a test is written once for both."""

from __future__ import annotations

import contextlib

import pytest

from assay.testing.llm_server import LlmServer

RUBRIC = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string"},
        "quality": {"type": "integer", "enum": [1, 2, 3, 4, 5]},
    },
    "required": ["reasoning", "quality"],
    "additionalProperties": False,
}
KEY = "sk-a-key-that-must-not-be-found"


class Asking:
    """One SDK against one server."""

    def __init__(
        self, api: str, server: LlmServer, stack: contextlib.ExitStack, retries: int, timeout: float
    ):
        self.api = api
        self.sdk = pytest.importorskip(api, reason=f"the {api} SDK is not installed")
        make, url = ("Anthropic", server.url) if api == "anthropic" else ("OpenAI", server.openai_url)
        client = getattr(self.sdk, make)(api_key=KEY, base_url=url, max_retries=retries, timeout=timeout)
        self.client = stack.enter_context(client)

    def ask(self, prompt: str = "Rate this.", schema: dict | None = RUBRIC, **more):
        """The response as the SDK gives it."""
        messages = [{"role": "user", "content": prompt}]
        if self.api == "anthropic":
            if schema:
                more["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
            more = {"max_tokens": 2000, **more}
            return self.client.messages.create(model="claude-made-up", messages=messages, **more)
        if schema:
            named = {"name": "rubric", "strict": True, "schema": schema}
            more["response_format"] = {"type": "json_schema", "json_schema": named}
        return self.client.chat.completions.create(model="gpt-made-up", messages=messages, **more)

    def text(self, response) -> str:
        """What the model said, refusals too."""
        if self.api == "anthropic":
            return response.content[0].text
        message = response.choices[0].message
        return message.content or message.refusal

    def stop(self, response) -> str:
        """Why it stopped, in the words of `Answer.stop`."""
        if self.api == "anthropic":
            return {"end_turn": "end", "max_tokens": "length"}.get(response.stop_reason, response.stop_reason)
        if response.choices[0].message.refusal:
            return "refusal"
        return {"stop": "end"}.get(response.choices[0].finish_reason, response.choices[0].finish_reason)

    def usage(self, response) -> tuple[int, int]:
        """Tokens in and out."""
        usage = response.usage
        if self.api == "anthropic":
            return usage.input_tokens, usage.output_tokens
        return usage.prompt_tokens, usage.completion_tokens
