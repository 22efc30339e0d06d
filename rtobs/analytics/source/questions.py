"""What is asked of the server: selectors and expressions, and under which name to keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

import promql_parser as parser

from rtobs.errors import ExportError
from rtobs.promql.expression import Expression, ExpressionError, parse

__all__ = ["Question"]


@dataclass(frozen=True)
class Question:
    """One query of an export.

    Attributes:
        query: a vector selector, or for a grid any expression whose value is a vector.
        record: name to keep the values under, "" for the name that they come with.
        labels: labels to add to every series, as a recording rule does.
        step: distance of grid points, None for that of the export.
    """

    query: str
    record: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    step: timedelta | None = None

    @cached_property
    def expression(self) -> Expression:
        """The query, read.

        Raises:
            ExportError: it is no PromQL or has no vector as its value.
        """
        try:
            expression = parse(self.query)
        except ExpressionError as error:
            raise ExportError(f"{self.query} is no PromQL: {error}") from error
        if expression.type != "vector":
            raise ExportError(f"{self.query} is a {expression.type}; ask for a vector")
        return expression

    @property
    def is_selector(self) -> bool:
        """Whether it is a selector and nothing else; only such a one has raw samples."""
        tree = self.expression.tree
        if not isinstance(tree, parser.VectorSelector):
            return False
        return tree.offset is None and tree.at is None

    def named(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Labels of a series of the answer as they are kept."""
        if not self.record:
            return {**labels, **self.labels}
        return {**labels, **self.labels, "__name__": self.record}
