"""Texts as vectors: by a model in a folder of yours, or without one by how they are written.

Nothing is ever downloaded: a model is a folder on this machine, and its digest is that of its files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from assay.errors import BadInput, MissingExtra, NotFound
from assay.kernels.lexical import SCHEME, lexical_vectors

Vectors = npt.NDArray[np.float32]

_MAX_HEADER = 100_000_000
_EXTRA = "pip install 'assay-data[semantic]'"


class Embedder(Protocol):
    """What makes vectors of texts. It can be pickled, and a text's vector does not depend on its batch."""

    @property
    def name(self) -> str:
        """For people: `lexical`, or the folder's name."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal of what it is: two of the same digest make the same vectors."""
        ...

    @property
    def lexical(self) -> bool:
        """True when near means written alike, and not meant alike."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32[len(texts), d]: unit rows; all zero where a text gives nothing to go by."""
        ...


def load_embedder(path: str | None) -> Embedder:
    """The embedder in a folder (model2vec, or sentence-transformers where installed); the lexical one for None.

    Raises NotFound where there is no such folder (names of models are not looked up anywhere), BadInput
    where it holds no such model, MissingExtra without the library.
    """
    if path is None:
        return LexicalEmbedder()
    folder = Path(path)
    if not folder.is_dir():
        raise NotFound(
            f"{path}: no such folder; a model is a folder on this machine",
            "nothing is downloaded: get the model yourself and give the path of its folder",
        )
    if _is_model2vec(folder):
        _require("model2vec", folder, _EXTRA)
        return Model2VecEmbedder(folder)
    if (folder / "modules.json").is_file():
        _require("sentence_transformers", folder, "pip install sentence-transformers")
        return TransformerEmbedder(folder)
    raise BadInput(
        f"{path}: neither a model2vec nor a sentence-transformers model",
        "model2vec: config.json, model.safetensors, tokenizer.json; sentence-transformers: modules.json",
    )


def folder_digest(folder: Path) -> str:
    """SHA-256 over the sorted names and contents of all files in a folder, those that begin with a dot left out."""
    total = hashlib.sha256(b"assay.model.v1\n")
    files = (p for p in folder.rglob("*") if p.is_file())
    named = ((p.relative_to(folder), p) for p in files)
    listed = sorted((r.as_posix(), p) for r, p in named if not any(part[0] == "." for part in r.parts))
    for name, path in listed:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{content}  {name}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


class LexicalEmbedder:
    """`assay.kernels.lexical` as an embedder: no model, any language, letters only."""

    name = "lexical"
    lexical = True
    digest = hashlib.sha256(SCHEME.encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> Vectors:
        return lexical_vectors(texts)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(self.digest)


class _FolderEmbedder:
    """A model in a folder, loaded at its first use in each process."""

    lexical = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.name = self._folder.name
        self.digest = folder_digest(self._folder)
        self._model: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": None}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _FolderEmbedder) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self._model is None:
            self._model = self._load()
        if not len(texts):
            return np.empty((0, self._dimensions()), np.float32)
        written = [
            text.encode("utf-8", "replace").decode() for text in texts
        ]  # tokenizers refuse lone surrogates
        return _unit(self._vectors(written))

    def _load(self) -> Any:
        raise NotImplementedError

    def _dimensions(self) -> int:
        raise NotImplementedError

    def _vectors(self, texts: list[str]) -> npt.NDArray[np.generic]:
        raise NotImplementedError


class Model2VecEmbedder(_FolderEmbedder):
    """A static model: the mean of its tokens' vectors (model2vec). The whole text counts."""

    def _load(self) -> Any:
        from model2vec import StaticModel

        return StaticModel.from_pretrained(self._folder, force_download=False)

    def _dimensions(self) -> int:
        return int(self._model.dim)

    def _vectors(self, texts: list[str]) -> npt.NDArray[np.generic]:
        return np.asarray(self._model.encode(texts, max_length=None, use_multiprocessing=False))


class TransformerEmbedder(_FolderEmbedder):
    """A sentence-transformers model, on the CPU, one text at a time.

    Padding to the longest text of a batch changes the last bits of all its vectors, hence no batches.
    A text is cut where the model says.
    """

    def _load(self) -> Any:
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(
            str(self._folder), device="cpu", local_files_only=True, trust_remote_code=False
        )

    def _dimensions(self) -> int:
        return int(self._model.get_sentence_embedding_dimension())

    def _vectors(self, texts: list[str]) -> npt.NDArray[np.generic]:
        return np.asarray(self._model.encode(texts, batch_size=1, show_progress_bar=False))


def _unit(vectors: npt.NDArray[np.generic]) -> Vectors:
    """Rows of length 1; a row that is zero or not finite becomes zero."""
    wide = vectors.astype(np.float64)
    norm = np.sqrt(np.square(wide).sum(axis=1, keepdims=True))
    fine = np.isfinite(norm) & (norm > 1e-12)
    units: Vectors = np.divide(wide, norm, out=np.zeros_like(wide), where=fine).astype(np.float32)
    return units


def _is_model2vec(folder: Path) -> bool:
    """Whether the folder holds one table of token vectors and a tokenizer, in either of model2vec's layouts."""
    plain = (folder / "config.json").is_file() and (folder / "tokenizer.json").is_file()
    if plain and "embeddings" in _tensors(folder / "model.safetensors"):
        return True
    nested = folder / "0_StaticEmbedding"
    return (nested / "tokenizer.json").is_file() and "embedding.weight" in _tensors(
        nested / "model.safetensors"
    )


def _tensors(path: Path) -> frozenset[str]:
    """Names in the header of a safetensors file (length as 8 bytes, then JSON); none when it is no such file."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size)) if size < _MAX_HEADER else {}
    except (OSError, ValueError):
        return frozenset()
    return frozenset(header) if isinstance(header, dict) else frozenset()


def _require(library: str, folder: Path, hint: str) -> None:
    from importlib.util import find_spec

    if find_spec(library) is None:
        raise MissingExtra(f"{folder}: this model needs {library}, which is not installed", hint)
