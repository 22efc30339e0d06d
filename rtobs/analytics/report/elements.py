"""HTML as values: text is escaped because it is text, and stays escaped because that is a type."""

from __future__ import annotations

import html
import re
from typing import Final

from rtobs.model.characters import visible

__all__ = ["Html", "anchor", "joined", "tag"]

_EMPTY: Final = frozenset({"br", "col", "meta"})
_NO_NAME: Final = re.compile(r"[^a-z0-9]+")


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *children: str | None, **attributes: str | bool | None) -> Html:
    """An element.

    Args:
        name: its name.
        children: Html as it is, text escaped, None left out.
        attributes: `class_` is class, `aria_label` is aria-label; True has no value, None and
            False are left out. Values are escaped.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{joined(*children)}</{name}>")


def _attribute(key: str, value: str | bool | None) -> str:  # noqa: FBT001  # a value, no switch
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(visible(value))}"'


def joined(*children: str | None) -> Html:
    """One after the other."""
    return Html(
        "".join(
            child if isinstance(child, Html) else html.escape(visible(child), quote=False)
            for child in children
            if child is not None
        )
    )


def anchor(prefix: str, name: str) -> str:
    """An id for an element: letters, digits and "-"."""
    return f"{prefix}-{_NO_NAME.sub('-', name.lower()).strip('-')}"
