"""Commands that silence exactly one thing."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rtobs.promql.text import quote

__all__ = ["silence"]


def silence(matchers: Sequence[tuple[str, str]], comment: str, duration: str = "2h") -> str:
    """An `amtool` command line with the matchers, quoted for a shell.

    Args:
        matchers: pairs of label and value.
        comment: why; whoever reads the silence later needs it.
        duration: how long, as short as the work.
    """
    words = [f"{label}={quote(value)}" for label, value in matchers]
    return " ".join(
        (
            "amtool silence add",
            f"--duration={duration}",
            f"--comment={shlex.quote(comment)}",
            *(shlex.quote(word) for word in words),
        )
    )
