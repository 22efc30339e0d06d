"""Which names of attributes and fields promise a secret, a prompt, an answer or a query."""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["QUERY_KEYS", "TARGET_KEY", "URL_QUERY_KEYS", "is_content_key", "is_secret_key"]

QUERY_KEYS = frozenset({"db.statement", "db.query.text"})
URL_QUERY_KEYS = frozenset({"url.query"})
TARGET_KEY = "http.target"

# Ends of the words of a key, after it is split at punctuation and case changes; one-word keys such
# as PGPASSWORD are why the end decides. "tokens" and "session_count" are ordinary words of this
# field, so only "token" is a secret, and only in the last word: "token_type" and "token.limit" say
# nothing secret.
_SECRET_ENDS = (
    *(
        "authorization",
        "cookie",
        "cookies",
        "credential",
        "credentials",
        "jwt",
        "passcode",
        "passphrase",
    ),
    *("passwd", "password", "passwords", "pwd", "secret", "secrets", "sessid", "sessionid"),
    *("privatekey", "secretkey", "accesskey", "signingkey", "encryptionkey"),
)
_SECRET_LAST_ENDS = ("token", "apikey", "apikeys", "signature")
_SECRET_PAIRS = frozenset(
    {("api", "key"), ("private", "key"), ("access", "key"), ("secret", "key"), ("signing", "key")}
    | {("session", "id"), ("session", "key"), ("encryption", "key"), ("api", "keys")}
)
_CONTENT_KEYS = frozenset(
    {"gen_ai.system_instructions", "gen_ai.request.messages", "gen_ai.event.content"}
    | {"gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "gen_ai.tool.definitions"}
    | {"input.value", "output.value", "traceloop.entity.input", "traceloop.entity.output"}
    | {"prompt", "completion", "messages", "transcript", "transcription"}
)
# A list of messages comes under one of these keys, or flattened under keys that begin with it.
_CONTENT_LISTS = (
    *("gen_ai.prompt", "gen_ai.completion", "gen_ai.input.messages", "gen_ai.output.messages"),
    *("llm.prompts", "llm.completions", "llm.input_messages", "llm.output_messages"),
    *("llm.prompt_template.template", "llm.prompt_template.variables"),
)
_CONTENT_STARTS = tuple(f"{key}." for key in _CONTENT_LISTS)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def is_secret_key(key: str) -> bool:
    """Whether a value under this key is a secret by its name."""
    words = [word.lower() for word in _WORDS.findall(key)]
    if not words:
        return False
    return (
        any(word.endswith(_SECRET_ENDS) for word in words)
        or words[-1].endswith(_SECRET_LAST_ENDS)
        or any(pair in _SECRET_PAIRS for pair in pairwise(words))
    )


def is_content_key(lowered: str) -> bool:
    """Whether a key of the common conventions holds a prompt, an answer or a transcript."""
    return (
        lowered in _CONTENT_KEYS or lowered in _CONTENT_LISTS or lowered.startswith(_CONTENT_STARTS)
    )
