"""What only a person can say about a dataset: the questions, and the answers out of a YAML file.

license: CC-BY-4.0
intended_uses: [answering customers' mails, in English and Chinese]
dps: {confidentiality: internal}
eu: {provider: "Example GmbH, Musterstr. 1, Berlin"}
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from assay.errors import BadInput

MAX_BYTES: Final = 256 * 1024
MAX_CHARS: Final = 10_000

QUESTIONS: Final[Mapping[str, str]] = {
    "pretty_name": "A name for people",
    "summary": "What the dataset is and what it is for, in a few sentences",
    "license": "The licence of the dataset as a whole (an SPDX identifier)",
    "publisher": "Who publishes it",
    "contact": "Whom to ask about it",
    "homepage": "The address of its page",
    "citation": "How to cite it (BibTeX)",
    "intended_uses": "What it should be used for",
    "out_of_scope_uses": "What it should not be used for",
    "collection": "How, where and from whom the raw records were collected",
    "annotation": "Who labelled or reviewed the examples, and by which instructions",
    "annotators": "What is known of the people who labelled or reviewed",
    "annotations_creators": "Who annotated: crowdsourced, expert-generated, machine-generated, found, no-annotation",
    "source_datasets": "Published datasets that it was made from (Hugging Face names)",
    "personal_data": "Which personal or sensitive data it may hold, and why that is allowed",
    "biases": "Biases that are known or suspected",
    "limitations": "Limits that users must know, beyond those below",
    "social_impact": "What its use can do to people",
    "maintenance": "How long it is kept up, and what happens when an error is found",
    "dps.metadata_url": "Where this description can be found (URL)",
    "dps.source_metadata": "Descriptions of the datasets it was made from (URLs)",
    "dps.source": "Where the data comes from, if not from the issuer",
    "dps.origin_geography": "Countries in which the data came into being",
    "dps.confidentiality": "Confidentiality classification",
    "dps.consent": "Where consent is documented",
    "dps.privacy_technologies": "Privacy-enhancing technologies or tools that were applied",
    "dps.processing_geography": "Countries in which it may or may not be processed",
    "dps.storage_geography": "Countries in which it may or may not be stored",
    "dps.proprietary_data": "Copyright, patent, trademark or other rights in it",
    "eu.provider": "Name and contact details of the model's provider",
    "eu.representative": "Name and contact details of the authorised representative in the Union",
    "eu.models": "Versioned names of the models trained on it",
    "eu.dependencies": "Models that those were made from, with links to their summaries",
    "eu.placed_on_market": "The date on which the model was placed on the Union market",
    "eu.text_size": "Training data size: less than 1 billion, 1 billion to 10 trillion, or more tokens",
    "eu.content_types": "Which types of content it holds (fiction, press, scientific texts, …)",
    "eu.public_datasets": "Publicly available datasets among the sources: names and links",
    "eu.licensed_datasets": "Whether datasets were licensed from rightsholders, for which modalities",
    "eu.third_party_datasets": "Other private datasets obtained from third parties",
    "eu.crawlers": "Crawlers: names, purposes, behaviour, period of collection",
    "eu.crawled_domains": "The domain names most crawled: the top 10 %, for small providers 5 % or 1,000",
    "eu.user_data": "Whether data of users of the provider's models or services was used, and which",
    "eu.synthetic_models": "Models that made synthetic data and are not named in the records",
    "eu.other_sources": "Sources of any other kind",
    "eu.reservations": "How reservations of rights against text and data mining are respected",
    "eu.illegal_content": "How illegal content is kept out or removed",
    "eu.other_processing": "Anything else about the processing",
}
"""Key → question. A key with a dot lies in the group before the dot."""

MANY: Final = frozenset({"intended_uses", "out_of_scope_uses", "biases", "limitations", "personal_data", "annotation",
                         "annotators", "annotations_creators", "source_datasets"})  # fmt: skip
"""Keys that may have a list of answers."""


@dataclass(frozen=True, slots=True)
class Fill:
    """Answers by key. What is not answered is an empty tuple."""

    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def all(self, key: str) -> tuple[str, ...]:
        assert key in QUESTIONS, key
        return self.answers.get(key, ())

    def text(self, key: str) -> str:
        """The answer as one text; empty when there is none."""
        return "; ".join(self.all(key))

    def open(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the keys that nobody answered."""
        return tuple(key for key in keys if not self.all(key))

    def as_json(self) -> dict[str, list[str]]:
        return {key: list(said) for key, said in self.answers.items()}


def read_fill(data: bytes, name: str) -> Fill:
    """The answers that a YAML file gives. Raises BadInput, listing every problem; `name` is the file's."""
    if len(data) > MAX_BYTES:
        raise BadInput(f"{name} is too large to be answers", f"at most {MAX_BYTES // 1024} KiB")
    try:
        value = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        said = str(error).splitlines()[0] if str(error) else "it nests too deep"
        raise BadInput(f"{name} is no YAML: {said}", "write `key: text` lines") from None
    problems: list[str] = []
    answers = _answers({} if value is None else value, problems)
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise BadInput(f"{name} does not hold:\n{listed}", "docs/cards.md lists every key")
    return Fill(answers)


def _answers(value: Any, problems: list[str]) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        problems.append("it must be a map of keys to answers")
        return {}
    flat: dict[str, Any] = {}
    groups = {key.partition(".")[0] for key in QUESTIONS if "." in key}
    for key, said in value.items():
        if key in groups and isinstance(said, dict):
            flat.update({f"{key}.{inner}": one for inner, one in said.items()})
        else:
            flat[str(key)] = said
    found = {}
    for key, said in flat.items():
        if key not in QUESTIONS:
            near = difflib.get_close_matches(key, QUESTIONS, n=1)
            problems.append(f"{key[:80]}: unknown" + (f"; did you mean {near[0]}?" if near else ""))
        elif (texts := _texts(said, key in MANY)) is None:
            problems.append(f"{key}: must be a text" + (" or a list of texts" if key in MANY else "")
                            + f" of at most {MAX_CHARS:,} characters")  # fmt: skip
        elif texts:
            found[key] = texts
    return found


def _texts(said: Any, many: bool) -> tuple[str, ...] | None:
    """The texts of an answer, none for an empty one; None when it is no answer."""
    if said is None:
        return ()
    items = said if isinstance(said, list) and many else [said]
    if any(isinstance(one, (dict, list, bytes)) or one is None for one in items):
        return None
    texts = tuple(str(one).strip() for one in items)
    return None if sum(map(len, texts)) > MAX_CHARS else tuple(text for text in texts if text)
