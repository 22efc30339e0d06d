"""Versions of Prometheus disagree about ranges; which version is meant must be said.

Up to 2.50, `increase` limits the extrapolation to the zero point before it looks at the gap; from
2.51 it looks at the gap first. Up to 2.55 a range holds the samples on both of its edges; from 3.0
it is open on the left. (Prometheus, promql/functions.go and promql/engine.go at those tags.)
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, Literal

__all__ = ["Dialect"]

_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)")
_GAP_FIRST: Final = (2, 51)
_LEFT_OPEN: Final = (3, 0)


class Dialect(StrEnum):
    """How a range is read; named after the first version that read it so."""

    V2 = "v2"  # up to 2.50
    V2_51 = "v2.51"  # 2.51 to 2.55
    V3 = "v3"  # from 3.0

    @classmethod
    def of_version(cls, version: str) -> Dialect:
        """The dialect of a server, from the version that it says it has ("3.5.0+ds").

        Raises:
            ValueError: the text does not start with a version.
        """
        match = _VERSION.match(version)
        if match is None:
            raise ValueError(f'"{version}" is no version such as 2.53.1')
        number = (int(match[1]), int(match[2]))
        if number >= _LEFT_OPEN:
            return cls.V3
        return cls.V2_51 if number >= _GAP_FIRST else cls.V2

    @property
    def closed(self) -> Literal["both", "right"]:
        """Which edges of a range belong to it, in polars' words."""
        return "right" if self is Dialect.V3 else "both"

    @property
    def limits_to_zero_first(self) -> bool:
        """Whether the zero point bounds the extrapolation before the gap is judged."""
        return self is Dialect.V2
