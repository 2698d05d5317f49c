"""Which family a model belongs to, by its name: a judge may favour its own."""

from __future__ import annotations

from typing import Final

_FAMILIES: Final = {
    "gpt": ("gpt", "davinci", "chatgpt", "openai", "o1", "o3", "o4"),
    "claude": ("claude", "anthropic"),
    "gemini": ("gemini", "gemma", "palm", "bard"),
    "llama": ("llama", "alpaca", "vicuna"),
    "mistral": ("mistral", "mixtral", "codestral"),
    "qwen": ("qwen", "qwq", "tongyi"),
    "deepseek": ("deepseek",),
    "glm": ("glm", "chatglm", "zhipu"),
    "yi": ("yi",),
    "phi": ("phi",),
}


def family_of(model: str) -> str:
    """The family of a model's name: gpt of "openai/gpt-4o" and "text-davinci-003"; else the first word of the name."""
    name = model.strip().lower().rsplit("/", 1)[-1]
    words = [word for word in "".join(c if c.isalnum() else " " for c in name).split() if word]
    for word in words:
        stem = word.rstrip("0123456789")
        for family, names in _FAMILIES.items():
            if stem in names or word in names or any(len(n) > 3 and word.startswith(n) for n in names):
                return family
    first = words[0].rstrip("0123456789") if words else ""
    return "gpt" if first.startswith("gpt") else first or name
