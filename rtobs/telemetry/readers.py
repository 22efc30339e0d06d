"""Readers of option values: a Python value or environment text in, the final value out.

Every reader raises ValueError with a text that completes the sentence "<option> ...".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote, urlsplit

__all__ = [
    "attributes",
    "choice",
    "flag",
    "instance",
    "name",
    "ratio",
    "seconds",
    "subset",
    "text",
    "url",
]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_MAX_TEXT = 255


def name(value: object) -> str:
    """A short identifier, as Kubernetes and Prometheus accept it."""
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise ValueError("must be 1 to 63 letters, digits, dots, dashes or underscores")


def text(value: object) -> str:
    """Any text that fits a resource attribute."""
    if isinstance(value, str) and 0 < len(value) <= _MAX_TEXT:
        return value
    raise ValueError(f"must be text of 1 to {_MAX_TEXT} characters")


def url(value: object) -> str:
    """An http or https URL without credentials and query, without its final slash."""
    if isinstance(value, str):
        try:
            parts = urlsplit(value)
            parts.port  # noqa: B018  # reading the property checks the number
        except ValueError:
            parts = urlsplit("")
        plain = not (parts.query or parts.fragment or parts.username or parts.password)
        if parts.scheme in {"http", "https"} and parts.hostname and plain:
            return value.removesuffix("/")
    raise ValueError("must be a URL such as http://alloy:4318, without credentials or query")


def ratio(value: object) -> float:
    """A number from 0 to 1."""
    number = _number(value)
    if number is not None and 0.0 <= number <= 1.0:
        return number
    raise ValueError("must be a number from 0 to 1")


def seconds(most: float) -> Callable[[object], float]:
    """A positive number of seconds up to `most`."""

    def read(value: object) -> float:
        number = _number(value)
        if number is not None and 0.0 < number <= most:
            return number
        raise ValueError(f"must be a number of seconds above 0 and up to {most:g}")

    return read


def flag(value: object) -> bool:
    """A switch."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError("must be true or false")


def choice(*allowed: str) -> Callable[[object], str]:
    """One of a closed list."""

    def read(value: object) -> str:
        if isinstance(value, str) and value in allowed:
            return str(value)
        raise ValueError("must be one of " + ", ".join(allowed))

    return read


def subset(*allowed: str) -> Callable[[object], tuple[str, ...]]:
    """Several of a closed list, as an iterable or separated by commas."""

    def read(value: object) -> tuple[str, ...]:
        parts = value.split(",") if isinstance(value, str) else value
        if isinstance(parts, Iterable):
            items = [part.strip() if isinstance(part, str) else part for part in parts]
            if all(item in allowed for item in items):
                return tuple(item for item in allowed if item in items)
        raise ValueError("must be some of " + ", ".join(allowed))

    return read


def attributes(value: object) -> dict[str, str]:
    """Text attributes, as a mapping or as `key=value,key=value` with percent escapes."""
    if isinstance(value, Mapping) and all(
        isinstance(part, str) for item in value.items() for part in item
    ):
        return dict(value)
    if isinstance(value, str):
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        if all(mark and key.strip() for key, mark, _ in pairs):
            return {key.strip(): unquote(content.strip()) for key, _, content in pairs}
    raise ValueError("must be text attributes such as key=value,key=value")


def instance(kind: type) -> Callable[[object], object]:
    """A value of the class `kind`; the environment cannot give one."""

    def read(value: object) -> object:
        if isinstance(value, kind):
            return value
        raise ValueError(f"must be an rtobs.{kind.__name__}")

    return read


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None
