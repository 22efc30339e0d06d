"""What must not leave the process: secrets by key, secrets by shape, prompts and answers.

Everything here is pure. It runs in the thread that made the span or the log record, before that
is queued, so that no queue, batch or retry ever holds a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

from rtobs.errors import ConfigurationError

__all__ = ["HIDDEN", "Redaction", "Redactor"]

HIDDEN = "[redacted]"
T = TypeVar("T")
_LOOKAHEAD = 8192
_MAX_DEPTH = 3
_MAX_KEYS = 4096

# Words of a key, after it is split at punctuation and case changes. "tokens" and "session_count"
# are ordinary words of this field, so only the exact word "token" is a secret, and only when it
# is the last one: "token_type" and "token.limit" say nothing secret.
_SECRET_WORDS = frozenset(
    {"authorization", "cookie", "credential", "credentials", "jwt", "passphrase", "passwd"}
    | {"password", "pwd", "secret", "secrets"}
)
_SECRET_LAST_WORDS = frozenset({"token", "apikey", "signature"})
_SECRET_PAIRS = frozenset(
    {("api", "key"), ("private", "key"), ("access", "key"), ("secret", "key"), ("signing", "key")}
    | {("session", "id"), ("session", "key"), ("encryption", "key")}
)
_CONTENT_KEYS = frozenset(
    {"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions"}
    | {"gen_ai.prompt", "gen_ai.completion", "gen_ai.tool.call.arguments"}
    | {"gen_ai.tool.call.result", "gen_ai.tool.definitions", "gen_ai.request.messages"}
    | {"input.value", "output.value", "llm.prompts", "llm.input_messages", "llm.output_messages"}
    | {"prompt", "completion", "messages", "transcript", "transcription"}
)
_CONTENT_PREFIXES = ("gen_ai.prompt.", "gen_ai.completion.", "llm.prompts.", "llm.input_messages.")
_QUERY_KEYS = frozenset({"db.statement", "db.query.text"})
_URL_QUERY_KEYS = frozenset({"url.query"})
_TARGET_KEY = "http.target"
_SPECIAL_KEYS = _QUERY_KEYS | _URL_QUERY_KEYS | {_TARGET_KEY}
_PLAIN = frozenset({bool, int, float})
_SHORT = 128

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SHAPES = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    r"(?i:\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}",
    r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,2}",
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}",
    r"\b(?:gh[oprsu]_|github_pat_|glpat-|hvs\.|hvb\.|hf_|npm_|pypi-|dop_v1_|shpat_)[\w.-]{16,}",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"\bA(?:KI|SI)A[A-Z0-9]{16}\b",
    r"\bAIza[A-Za-z0-9_-]{30,}",
)
# One cheap look for something that could begin a secret; most texts end here. Literals only, which
# the regular expression engine finds through a table of first characters.
_HINT = re.compile(
    "://|-----begin|bearer|basic|eyj|sk-|sk_|pk-|pk_|rk-|rk_|gho_|ghp_|ghr_|ghs_|ghu_|github_pat_"
    "|glpat-|hvs|hvb|hf_|npm_|pypi-|dop_v1_|shpat_|xox|akia|asia|aiza"
    "|passw|passphrase|pwd|secret|key|session|authorization|cookie|credential|token"
)
_SHAPE = re.compile("|".join(f"(?:{shape})" for shape in _SHAPES), re.DOTALL)
_ASSIGNED = re.compile(
    r"(?i)(?P<name>\b[\w.-]*?(?:password|passwd|passphrase|pwd|secret|api[_-]?key|private[_-]?key"
    r"|access[_-]?key|session[_-]?id|authorization|cookie|credentials?|token))"
    r"(?P<mark>[\"']?\s*(?:=|:)\s*)"
    r"(?P<value>(?:basic |bearer )?(?:\"[^\"]*\"|'[^']*'|[^\s\"',;&)}\]]+))"
)
_URL = re.compile(
    r"(?P<head>\b[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^\s/?#@\"']*@)?"
    r"(?P<rest>[^\s?#\"'<>]*)(?P<query>\?[^\s#\"'<>]*)?(?P<fragment>#[^\s\"'<>]*)?"
)
_SQL_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What a service may change about redaction.

    Attributes:
        keys: more attribute keys whose value is hidden, in lower case.
        patterns: more regular expressions whose matches are hidden.
        content: whether prompts, answers and transcripts may be recorded.

    Raises:
        ConfigurationError: a pattern is not a regular expression.
    """

    keys: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    content: bool = False

    def __post_init__(self) -> None:
        try:
            for pattern in self.patterns:
                re.compile(pattern)
        except re.error as fault:
            raise ConfigurationError(f"rtobs.Redaction: patterns: {fault}") from None


class Redactor:
    """Hides secrets and cuts what is too long.

    Args:
        redaction: the service's own rules, added to the built-in ones.
        value_length: characters of a value that are kept.
        items: items of a container that are kept.
    """

    def __init__(self, redaction: Redaction, value_length: int, items: int) -> None:
        self._own = [re.compile(pattern, re.DOTALL) for pattern in redaction.patterns]
        self._keys = redaction.keys
        self._content = redaction.content
        self._length = value_length
        self._items = items
        self._hidden = lru_cache(maxsize=_MAX_KEYS)(self._is_hidden)
        # What was looked at and found innocent: short texts, and keys without a rule of their own.
        self._clean: set[str] = set()
        self._plain_keys: set[str] = set()

    def text(self, text: str, length: int | None = None) -> str:
        """`text` without secrets, at most `length` characters (default: the value length)."""
        if text in self._clean:
            return text
        most = self._length if length is None else length
        # A secret that straddles the cut must be seen whole, so more than is kept is looked at.
        shown = text[: most + _LOOKAHEAD]
        for pattern in self._own:
            shown = pattern.sub(HIDDEN, shown)
        shown = clip(scrub(shown), most)
        if len(text) <= _SHORT and shown == text:
            self._remember(text)
        return shown

    def passes(self, attributes: Mapping[str, object]) -> bool:
        """Whether all attributes are known to need no change; False also when it is not known.

        This is the usual case of a span, so it is a few look-ups and makes nothing.
        """
        for key, value in attributes.items():
            if key not in self._plain_keys:
                return False
            kind = type(value)
            if kind is str:
                if value not in self._clean:
                    return False
            elif kind not in _PLAIN:
                return False
        return len(attributes) <= self._items

    def _remember(self, text: str) -> None:
        if len(self._clean) >= _MAX_KEYS:
            self._clean.clear()
        self._clean.add(text)

    def value(self, key: str, value: object, depth: int = 0) -> object:
        """The value to record under `key`; numbers and flags pass, unknown objects do not."""
        if self._hidden(key):
            return HIDDEN
        if key not in _SPECIAL_KEYS:
            if len(self._plain_keys) >= _MAX_KEYS:
                self._plain_keys.clear()
            self._plain_keys.add(key)
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, str):
            return self._text_under(key, value)
        return self._container(key, value, depth)

    def attributes(self, attributes: Mapping[str, object]) -> dict[str, object]:
        """All attributes with their values redacted, the first ones when there are too many."""
        kept = _first(attributes.items(), self._items)
        return {key: self.value(key, value) for key, value in kept}

    def _container(self, key: str, value: object, depth: int) -> object:
        if depth < _MAX_DEPTH and isinstance(value, Mapping):
            return self._mapping(value, depth)
        if depth < _MAX_DEPTH and isinstance(value, (list, tuple, set, frozenset)):
            return [self.value(key, item, depth + 1) for item in _first(value, self._items)]
        return f"<{type(value).__name__}>"

    def _mapping(self, value: Mapping[object, object], depth: int) -> dict[str, object]:
        kept = _first(value.items(), self._items)
        return {
            clip(str(key), self._length): self.value(str(key), item, depth + 1)
            for key, item in kept
        }

    def _text_under(self, key: str, value: str) -> str:
        if key in _URL_QUERY_KEYS:
            return HIDDEN if value else value
        if key in _QUERY_KEYS:
            value = _SQL_LITERAL.sub("?", value)
        elif key == _TARGET_KEY:
            value = value.partition("?")[0]
        return self.text(value)

    def _is_hidden(self, key: str) -> bool:
        lowered = key.lower()
        if lowered in self._keys or is_secret_key(key):
            return True
        return not self._content and is_content_key(lowered)


def is_secret_key(key: str) -> bool:
    """Whether a value under this key is a secret by its name."""
    words = [word.lower() for word in _WORDS.findall(key)]
    if not words:
        return False
    return (
        not _SECRET_WORDS.isdisjoint(words)
        or words[-1] in _SECRET_LAST_WORDS
        or any(pair in _SECRET_PAIRS for pair in pairwise(words))
    )


def is_content_key(lowered: str) -> bool:
    """Whether a key of the common conventions holds a prompt, an answer or a transcript."""
    return lowered in _CONTENT_KEYS or lowered.startswith(_CONTENT_PREFIXES)


def scrub(text: str) -> str:
    """`text` with everything hidden that has the shape of a secret, and URLs shortened."""
    if not _HINT.search(text.lower()):
        return text
    if "://" in text:
        text = _URL.sub(_short_url, text)
    text = _SHAPE.sub(HIDDEN, text)
    if "=" in text or ":" in text:
        text = _ASSIGNED.sub(_hide_assigned, text)
    return text


def clip(text: str, length: int) -> str:
    """`text` cut to `length` characters, with a mark where it was cut."""
    return text if len(text) <= length else text[: max(length - 1, 0)] + "…"


def _short_url(match: re.Match[str]) -> str:
    query = "?" + HIDDEN if match["query"] and len(match["query"]) > 1 else ""
    user = HIDDEN + "@" if match["user"] else ""
    return f"{match['head']}{user}{match['rest']}{query}"


def _hide_assigned(match: re.Match[str]) -> str:
    if HIDDEN[:-1] in match["value"]:
        return match[0]
    return f"{match['name']}{match['mark']}{HIDDEN}"


def _first(items: Iterable[T], count: int) -> list[T]:
    return [item for item, _ in zip(items, range(count), strict=False)]
