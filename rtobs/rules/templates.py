"""Go templates for annotations: what users write stays text, what Prometheus knows is filled in."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["label_matchers", "label_words", "literal"]

_OPEN = "{{"


def literal(text: str) -> str:
    """Text of a user in which no braces start a template, on one line."""
    return " ".join(text.split()).replace(_OPEN, '{{ "{{" }}')


def label_words(labels: Sequence[str]) -> str:
    """Which group it is, for the end of a sentence: `, model_name llama`; nothing if unknown."""
    return "".join(
        f"{{{{ with $labels.{label} }}}}, {label} {{{{ . }}}}{{{{ end }}}}" for label in labels
    )


def label_matchers(labels: Sequence[str]) -> tuple[str, str]:
    """Format and arguments of `printf` for PromQL matchers that select the alert's own group."""
    shape = "".join(f",{label}=%q" for label in labels)
    return shape, "".join(f" $labels.{label}" for label in labels)
