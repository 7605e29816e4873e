"""Embedders around clients, tried with the clients' own models of what services answer."""

from __future__ import annotations

import asyncio
import io
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.session
import numpy as np
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from openai import AsyncOpenAI, OpenAI
from openai.types import CreateEmbeddingResponse, Embedding
from openai.types.create_embedding_response import Usage

from leyden.errors import EmbedderError, InvalidOptionError
from leyden.memory import Embedder
from leyden.memory.embedders import bedrock_embedder, offline_embedder, openai_embedder
from leyden.memory.embedding import CachedEmbedder


class EmbeddingsService(ThreadingHTTPServer):
    """Answers as OpenAI's embeddings do, last text first, out of the client's own model."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), EmbeddingsRequest)
        self.asked: list[dict[str, Any]] = []
        self.status = 200


class EmbeddingsRequest(BaseHTTPRequestHandler):
    server: EmbeddingsService

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        answer = CreateEmbeddingResponse(
            data=[
                Embedding(embedding=[float(len(text)), 1.0], index=index, object="embedding")
                for index, text in reversed([*enumerate(asked["input"])])
            ],
            model=asked["model"],
            object="list",
            usage=Usage(prompt_tokens=1, total_tokens=1),
        )
        content = answer.model_dump_json().encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def service() -> Iterator[EmbeddingsService]:
    with EmbeddingsService() as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.01,))
        thread.start()
        yield service
        service.shutdown()
        thread.join()


def options(service: EmbeddingsService) -> dict[str, Any]:
    return {
        "api_key": "none",
        "base_url": f"http://127.0.0.1:{service.server_port}/v1",
        "max_retries": 0,
    }


def test_openai_embeds_in_the_order_of_the_texts(service: EmbeddingsService) -> None:
    with OpenAI(**options(service)) as client:
        embedder = openai_embedder(client, "text-embedding-3-small", 2)
        assert isinstance(embedder, Embedder)
        assert embedder.embed(["a", "bb", "ccc"]) == [[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]]
        assert asyncio.run(embedder.aembed(["a", "bb"])) == [[1.0, 1.0], [2.0, 1.0]]
    assert service.asked[0] == {
        "model": "text-embedding-3-small",
        "input": ["a", "bb", "ccc"],
        "dimensions": 2,
        "encoding_format": "float",
    }


def test_openais_oldest_model_is_not_sent_the_option_that_it_refuses(
    service: EmbeddingsService,
) -> None:
    with OpenAI(**options(service)) as client:
        openai_embedder(client, "text-embedding-ada-002", 2).embed(["a"])
    assert "dimensions" not in service.asked[0]


def test_an_asynchronous_openai_client_is_awaited_and_refuses_to_block(
    service: EmbeddingsService,
) -> None:
    async def ask() -> Any:
        async with AsyncOpenAI(**options(service)) as client:
            embedder = openai_embedder(client, "text-embedding-3-small", 2)
            with pytest.raises(EmbedderError, match="asynchronous"):
                embedder.embed(["a"])
            return await CachedEmbedder(embedder).aembed(["a", "bb"])

    assert [vector.tolist() for vector in asyncio.run(ask())] == [[1.0, 1.0], [2.0, 1.0]]


def test_what_openai_refuses_is_an_error_of_the_embedder(service: EmbeddingsService) -> None:
    service.status = 429
    with OpenAI(**options(service)) as client:
        embedder = CachedEmbedder(openai_embedder(client, "text-embedding-3-small", 2))
        with pytest.raises(EmbedderError, match="RateLimitError") as caught:
            embedder.embed(["a"])
    assert type(caught.value.__cause__).__name__ == "RateLimitError"


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("amazon.titan-embed-text-v2:0", {"dimensions": 2, "normalize": True}),
        ("us.amazon.titan-embed-text-v2:0", {"dimensions": 2, "normalize": True}),
        ("amazon.titan-embed-text-v1", {}),
    ],
)
def test_bedrock_embeds_one_text_a_request(model: str, options: dict[str, Any]) -> None:
    client = botocore.session.get_session().create_client(
        "bedrock-runtime",
        region_name="eu-central-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
    with Stubber(client) as stub:
        for text, vector in [("one", [0.6, 0.8]), ("zwei ü", [1.0, 0.0])]:
            content = json.dumps({"embedding": vector, "inputTextTokenCount": 1}).encode()
            stub.add_response(
                "invoke_model",
                {
                    "body": StreamingBody(io.BytesIO(content), len(content)),
                    "contentType": "application/json",
                },
                {
                    "modelId": model,
                    "body": json.dumps({"inputText": text, **options}),
                    "accept": "application/json",
                    "contentType": "application/json",
                },
            )
        embedder = bedrock_embedder(client, model, 2)
        assert embedder.embed(["one", "zwei ü"]) == [[0.6, 0.8], [1.0, 0.0]]
        stub.assert_no_pending_responses()


def test_bedrocks_other_families_are_refused() -> None:
    with pytest.raises(InvalidOptionError, match="titan-embed-text"):
        bedrock_embedder(object(), "cohere.embed-english-v3", 1024)


TEXTS = [
    "Where did we stay in Kyoto?",
    "The hotel near the station",
    "ありがとう 🙂",
    "x" * 3000,
    "many words " * 400,
    " leading and trailing ",
]


def test_the_offline_embedder_gives_what_wordllama_itself_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # WordLlama sets up logging for the whole process when it is imported.
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)
    from tokenizers import Tokenizer
    from wordllama import __file__ as origin
    from wordllama.inference import WordLlamaInference

    embedder = offline_embedder()
    theirs = WordLlamaInference(
        embedder._weights.astype(np.float32),
        Tokenizer.from_file(
            os.path.join(os.path.dirname(origin), "tokenizers", "l2_supercat_tokenizer_config.json")
        ),
    )
    ours = np.array(embedder.embed(TEXTS))
    assert np.abs(ours - theirs.embed(TEXTS, norm=True)).max() < 1e-6
    assert ours.shape == (len(TEXTS), embedder.dimensions)


def test_the_offline_embedder_is_deterministic_whatever_stands_beside_a_text() -> None:
    embedder = offline_embedder()
    together = embedder.embed(TEXTS)
    assert together == [embedder.embed([text])[0] for text in TEXTS]
    assert together == offline_embedder().embed(TEXTS)
    assert all(abs(math.hypot(*vector) - 1.0) < 1e-6 for vector in together)
    assert embedder.embed([""]) == [[0.0] * 256]


def test_the_offline_embedder_brings_texts_about_one_thing_together() -> None:
    question, hotel, cats = np.array(
        offline_embedder().embed(
            ["Where did we sleep?", "We stayed at a hotel", "Cats chase mice in gardens"]
        )
    )
    assert question @ hotel > question @ cats


def test_the_offline_embedder_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['wordllama'] = None\n"
        "from leyden.memory.embedders import offline_embedder\n"
        "offline_embedder()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "leyden[embedder]" in ended.stderr
