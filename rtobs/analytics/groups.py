"""The groups of an SLO as text, and the labels of series as polars expressions.

A group is written `model_name="llama", zone="a"`, in the order of the SLO's groupBy; an SLO
without groupBy has the one group "". Label values are quoted as PromQL quotes them, so the text
names one group only and can be read back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from rtobs.promql.text import quote

__all__ = ["group", "group_labels", "group_text", "is_named", "label"]

_ESCAPES: Final = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"))
_PAIR: Final = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:, |$)', re.ASCII | re.DOTALL)
_PLAIN: Final = {"n": "\n"}


def group_text(labels: Mapping[str, str], group_by: Sequence[str]) -> str:
    """The group that labels belong to; a label that is absent is empty, as in PromQL."""
    return ", ".join(f"{name}={quote(labels.get(name, ''))}" for name in group_by)


def group_labels(text: str) -> dict[str, str]:
    """The labels that a group's text was made of, in their order.

    Raises:
        ValueError: the text is no group.
    """
    labels: dict[str, str] = {}
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None:
            raise ValueError(f'{text!r} is no group such as \'zone="a", model="b"\'')
        labels[pair[1]] = re.sub(r"\\(.)", _unescaped, pair[2], flags=re.DOTALL)
        at = pair.end()
    return labels


def _unescaped(escape: re.Match[str]) -> str:
    return _PLAIN.get(escape[1], escape[1])


def label(name: str) -> pl.Expr:
    """Value of a label of each row of a SERIES frame; "" where the series does not have it."""
    field = pl.element().struct.field
    values = field("value").filter(field("name") == name)
    return pl.col("labels").list.eval(values).list.first().fill_null("").alias(name)


def group(group_by: Sequence[str]) -> pl.Expr:
    """The group of each row of a SERIES frame, as `group_text` writes it."""
    pairs = [pl.format(f'{name}="{{}}"', _quoted(label(name))) for name in group_by]
    return (pl.concat_str(pairs, separator=", ") if pairs else pl.lit("")).alias("group")


def _quoted(value: pl.Expr) -> pl.Expr:
    for plain, escaped in _ESCAPES:
        value = value.str.replace_all(plain, escaped, literal=True)
    return value


def is_named(group_by: Sequence[str]) -> pl.Expr:
    """Whether a row of a SERIES frame has every label of its group.

    The rules do not read the others: they would be a group without a name.
    """
    named = [label(name) != "" for name in group_by]
    return (pl.all_horizontal(named) if named else pl.lit(True)).alias("is_named")  # noqa: FBT003
