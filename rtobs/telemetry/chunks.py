"""Reading the chunks of an OpenAI-compatible stream, whatever class they are of."""

from __future__ import annotations

from typing import Any

__all__ = ["finish_reason", "is_content", "usage"]

_OTHER_FIELDS = ("reasoning_content", "reasoning", "tool_calls", "refusal")


def is_content(chunk: Any) -> bool:  # noqa: ANN401  # chunks of any client
    """Whether a chunk carries something that a reader sees.

    vLLM begins with a chunk that has only a role and ends with one that has only usage; chunked
    prefill yields empty texts. Text counts when it is not empty; an unknown object counts.
    """
    kind = type(chunk)
    if kind is str or kind is bytes:
        return bool(chunk)
    choices = chunk.get("choices") if kind is dict else getattr(chunk, "choices", None)
    if choices is None:
        return True
    return any(map(_says_something, choices))


def usage(chunk: Any) -> tuple[int | None, int | None]:  # noqa: ANN401  # chunks of any client
    """Input and output tokens that a chunk reports, None where it does not."""
    report = _get(chunk, "usage")
    if report is None:
        return None, None
    return _count(report, "prompt_tokens"), _count(report, "completion_tokens")


def finish_reason(chunk: Any) -> str | None:  # noqa: ANN401  # chunks of any client
    """Why the server stopped, None when the chunk does not say."""
    for choice in _get(chunk, "choices") or ():
        reason = _get(choice, "finish_reason")
        if isinstance(reason, str):
            return reason
    return None


def _says_something(choice: Any) -> bool:  # noqa: ANN401  # chunks of any client
    delta = _get(choice, "delta")
    if delta is None:
        return bool(_get(choice, "text"))
    if _get(delta, "content"):
        return True
    return any(_get(delta, field) for field in _OTHER_FIELDS)


def _get(value: Any, key: str) -> Any:  # noqa: ANN401  # chunks of any client
    return value.get(key) if type(value) is dict else getattr(value, key, None)


def _count(report: Any, key: str) -> int | None:  # noqa: ANN401  # chunks of any client
    count = _get(report, key)
    return count if isinstance(count, int) and count >= 0 else None
