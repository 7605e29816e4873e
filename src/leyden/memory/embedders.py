"""Embedders for clients that you create, and one that needs no service.

::

    from openai import OpenAI
    from leyden.memory.embedders import openai_embedder

    embedder = openai_embedder(OpenAI(), "text-embedding-3-small", 1536)
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from leyden._attrs import frozen
from leyden.errors import EmbedderError, InvalidOptionError

__all__ = [
    "BedrockEmbedder",
    "OfflineEmbedder",
    "OpenAIEmbedder",
    "bedrock_embedder",
    "offline_embedder",
    "openai_embedder",
]

_OFFLINE_DIMENSIONS: Final = 256


def openai_embedder(client: Any, model: str, dimensions: int) -> OpenAIEmbedder:
    """Return an embedder for OpenAI's embeddings, with your `openai.OpenAI` or `AsyncOpenAI`.

    An `AsyncOpenAI` works for asynchronous callers only. Clients of services with the same
    interface work as well.
    """
    return OpenAIEmbedder(client, model, dimensions)


def bedrock_embedder(client: Any, model: str, dimensions: int) -> BedrockEmbedder:
    """Return an embedder for Titan on Amazon Bedrock, with your boto3 `bedrock-runtime` client.

    Titan takes one text per request. Raises InvalidOptionError for other families of models.
    """
    if "titan-embed-text" not in model:
        raise InvalidOptionError(
            "bedrock_embedder knows only the models of amazon.titan-embed-text; for others, write "
            "your own embedder, an object with dimensions and embed(texts)"
        )
    return BedrockEmbedder(client, model, dimensions)


def offline_embedder() -> OfflineEmbedder:
    """Return an embedder of 256 dimensions that needs no network: WordLlama's token vectors.

    The vector of a text is the mean of its tokens' vectors, scaled to length 1, so it is always the
    same. Raises EmbedderError without the extra `embedder`, which installs WordLlama.
    """
    found = find_spec("wordllama")
    if found is None or found.origin is None:
        raise EmbedderError('offline_embedder needs WordLlama: pip install "leyden[embedder]"')
    # WordLlama's own loader looks in the wrong folder for the tokenizer, and then downloads it.
    folder = Path(found.origin).parent
    from safetensors import safe_open
    from tokenizers import Tokenizer

    with safe_open(folder / "weights" / "l2_supercat_256.safetensors", framework="numpy") as file:
        weights = file.get_tensor(next(iter(file.keys())))
    tokenizer = Tokenizer.from_file(
        str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json")
    )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return OfflineEmbedder(weights, tokenizer)


@frozen
class OpenAIEmbedder:
    """An embedder for OpenAI's embeddings; see `openai_embedder`."""

    client: Any
    model: str
    dimensions: int
    batch_size: int = 64
    """A request may have 300,000 tokens; 64 chunks of the greatest length have fewer."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector for each text."""
        answer = self._ask(texts)
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise EmbedderError(
                "The OpenAI client is asynchronous; use AsyncMemory with it, or an openai.OpenAI()"
            )
        return _in_order(answer)

    async def aembed(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed in an event loop; an asynchronous client does not block it."""
        answer = self._ask(texts)
        return _in_order(await answer if inspect.isawaitable(answer) else answer)

    def _ask(self, texts: Sequence[str]) -> Any:
        options: dict[str, Any] = {"dimensions": self.dimensions}
        if self.model.endswith("ada-002"):
            options = {}  # The one model that refuses the option.
        return self.client.embeddings.create(
            model=self.model, input=[*texts], encoding_format="float", **options
        )


def _in_order(answer: Any) -> list[list[float]]:
    return [each.embedding for each in sorted(answer.data, key=lambda each: each.index)]


@frozen
class BedrockEmbedder:
    """An embedder for Titan on Amazon Bedrock; see `bedrock_embedder`."""

    client: Any
    model: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector for each text."""
        # The first generation of the model refuses the options.
        options = {"dimensions": self.dimensions, "normalize": True}
        if "titan-embed-text-v1" in self.model:
            options = {}
        vectors = []
        for text in texts:
            answer = self.client.invoke_model(
                modelId=self.model,
                body=json.dumps({"inputText": text, **options}),
                accept="application/json",
                contentType="application/json",
            )
            vectors.append(json.loads(answer["body"].read())["embedding"])
        return vectors


class OfflineEmbedder:
    """An embedder with WordLlama's token vectors; see `offline_embedder`."""

    dimensions: int = _OFFLINE_DIMENSIONS

    def __init__(self, weights: Any, tokenizer: Any) -> None:
        self._weights = weights
        self._tokenizer = tokenizer

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector for each text; the vector of a text without tokens is all zeros."""
        return [
            self._pooled(each.ids)
            for each in self._tokenizer.encode_batch([*texts], add_special_tokens=False)
        ]

    def _pooled(self, tokens: list[int]) -> list[float]:
        if not tokens:
            return [0.0] * self.dimensions
        pooled = self._weights[tokens].sum(axis=0, dtype="float32") / len(tokens)
        length = float((pooled @ pooled) ** 0.5)
        vector: list[float] = (pooled / length if length else pooled).tolist()
        return vector
