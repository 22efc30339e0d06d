"""A chat gateway: passes the answers of an OpenAI-compatible server on while they are made.

uvicorn --app-dir examples/chat_gateway gateway:app
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import fastapi
import httpx
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

import rtobs

rtobs.init(service="chat-api", domain="inference")

MODEL = os.environ.get("MODEL", "llama-3.1-8b")
rtobs.llm.declare(MODEL, slo_class="interactive")
model_server = httpx.AsyncClient(
    base_url=os.environ.get("MODEL_SERVER", "http://127.0.0.1:8001"),
    timeout=httpx.Timeout(60.0, connect=2.0),
)
app = fastapi.FastAPI()  # made after rtobs.init, which gives the class its traces and metrics


class Conversation(BaseModel):
    """What a user has asked so far."""

    messages: list[dict[str, Any]]


async def ask(conversation: Conversation) -> AsyncIterator[dict[str, Any]]:
    """Chunks of the model server, as they come."""
    body = {
        "model": MODEL,
        "messages": conversation.messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    async with model_server.stream("POST", "/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                yield json.loads(line.removeprefix("data: "))


@rtobs.instrument("answer-question")
async def answer(conversation: Conversation) -> AsyncGenerator[str, None]:
    """The answer as server-sent events, timed against the limits of an interactive user."""
    stream = rtobs.llm.stream(ask(conversation), model=MODEL, slo_class="interactive")
    async with stream as chunks:
        async for chunk in chunks:
            yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def chat(conversation: Conversation) -> StreamingResponse:
    """Wait for the first event, so that a model server in trouble is an honest 502."""
    events = answer(conversation)
    try:
        first = await anext(events)
    except httpx.HTTPError:
        raise fastapi.HTTPException(502, "the model server does not answer") from None
    return StreamingResponse(_relay(first, events), media_type="text/event-stream")


async def _relay(first: str, events: AsyncGenerator[str, None]) -> AsyncIterator[str]:
    async with aclosing(events):  # a reader who leaves ends the answer, also upstream
        yield first
        async for event in events:
            yield event


@app.get("/v1/models")
async def models() -> dict[str, Any]:
    """The models that can be asked."""
    return {"object": "list", "data": [{"id": MODEL, "object": "model"}]}


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """For probes; they are not requests of users and appear in no signal."""
    return {"status": "ok"}
