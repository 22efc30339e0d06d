"""The page about the functions says what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest

from rtobs.analytics import promql

_PAGE: Final = Path(__file__).parents[3] / "docs" / "reference" / "promql-functions.md"


def test_the_example_runs() -> None:
    """What the example computes is ten requests a minute in all whole windows."""
    code = re.findall(r"```python\n(.*?)```", _PAGE.read_text(), re.DOTALL)[0]
    made: dict[str, Any] = {}
    exec(code, made)  # noqa: S102, our own page
    values = made["by_pod"].values
    assert values["value"][-1] == pytest.approx(1 / 6)
    assert sorted(set(values["window_s"])) == [300, 3600]


def test_every_function_is_named() -> None:
    """Each public function stands on the page as code."""
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", _PAGE.read_text()))))
    functions = {name for name in promql.__all__ if name[0].islower()}
    assert functions - named == set()
