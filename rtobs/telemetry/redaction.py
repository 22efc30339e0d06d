"""What must not leave the process: secrets by key, secrets by shape, prompts and answers.

Everything here is pure. It runs in the thread that made the span or the log record, before that
is queued, so that no queue, batch or retry ever holds a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from rtobs.errors import ConfigurationError
from rtobs.telemetry.redaction_keys import (
    QUERY_KEYS,
    TARGET_KEY,
    URL_QUERY_KEYS,
    is_content_key,
    is_secret_key,
)
from rtobs.telemetry.redaction_text import HIDDEN, clip, hide_literals, scrub

__all__ = ["HIDDEN", "LOOKAHEAD", "Redaction", "Redactor", "clip", "scrub"]

T = TypeVar("T")
LOOKAHEAD = 8192  # characters behind a cut that are looked at too
_MAX_DEPTH = 3
_MAX_KEYS = 4096
_SPECIAL_KEYS = QUERY_KEYS | URL_QUERY_KEYS | {TARGET_KEY}
_PLAIN = frozenset({bool, int, float})
_SHORT = 128
# Bits of a whole number: OTLP carries 64, and longer ones than the second take long to write.
_PLAIN_NUMBER = 63
_LONGEST_NUMBER = 256


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
        self._shown_key = lru_cache(maxsize=_MAX_KEYS)(self.text)
        # What was looked at and found innocent: short texts, and keys without a rule of their own.
        self._clean: set[str] = set()
        self._plain_keys: set[str] = set()

    def text(self, text: str, length: int | None = None) -> str:
        """`text` without secrets, at most `length` characters (default: the value length)."""
        if text in self._clean:
            return text
        most = self._length if length is None else length
        # A secret that straddles the cut must be seen whole, so more than is kept is looked at.
        shown = text[: most + LOOKAHEAD]
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
        """The value to record under `key`; numbers and flags pass, unknown objects do not.

        An object that raises when it is looked at is named like an unknown one.
        """
        if self._hidden(key):
            return HIDDEN
        if key not in _SPECIAL_KEYS and self._shown_key(key) == key:
            if len(self._plain_keys) >= _MAX_KEYS:
                self._plain_keys.clear()
            self._plain_keys.add(key)
        try:
            return self._shown(key, value, depth)
        except Exception:  # noqa: BLE001  # a proxy outside of its request, a mapping without items
            return f"<{type(value).__name__}>"

    def attributes(self, attributes: Mapping[str, object]) -> dict[str, object]:
        """All attributes with their values redacted, the first ones when there are too many."""
        kept = _first(attributes.items(), self._items)
        return {self._shown_key(key): self.value(key, value) for key, value in kept}

    def _shown(self, key: str, value: object, depth: int) -> object:
        if value is None or isinstance(value, (bool, float)):
            return value
        if isinstance(value, int):
            return _number(value)
        if isinstance(value, str):
            return self._text_under(key, value)
        return self._container(key, value, depth)

    def _container(self, key: str, value: object, depth: int) -> object:
        if depth < _MAX_DEPTH and isinstance(value, Mapping):
            return self._mapping(value, depth)
        if depth < _MAX_DEPTH and isinstance(value, (list, tuple, set, frozenset)):
            return [self.value(key, item, depth + 1) for item in _first(value, self._items)]
        return f"<{type(value).__name__}>"

    def _mapping(self, value: Mapping[object, object], depth: int) -> dict[str, object]:
        named = [(_name(key), item) for key, item in _first(value.items(), self._items)]
        return {self._shown_key(key): self.value(key, item, depth + 1) for key, item in named}

    def _text_under(self, key: str, value: str) -> str:
        if key in URL_QUERY_KEYS:
            return HIDDEN if value else value
        if key in QUERY_KEYS:
            value = hide_literals(value[: self._length + LOOKAHEAD])
        elif key == TARGET_KEY:
            value = value.partition("?")[0]
        return self.text(value)

    def _is_hidden(self, key: str) -> bool:
        lowered = key.lower()
        if lowered in self._keys or is_secret_key(key):
            return True
        return not self._content and is_content_key(lowered)


def _first(items: Iterable[T], count: int) -> list[T]:
    return [item for item, _ in zip(items, range(count), strict=False)]


def _number(value: int) -> int | str:
    bits = value.bit_length()
    if bits <= _PLAIN_NUMBER:
        return value
    return str(value) if bits <= _LONGEST_NUMBER else f"<{type(value).__name__}>"


def _name(key: object) -> str:
    """A key of a mapping as text; the representation of an object is not shown."""
    return str(key) if isinstance(key, (str, int, float)) else f"<{type(key).__name__}>"
