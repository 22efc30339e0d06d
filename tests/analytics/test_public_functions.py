"""Every public function is documented with its frames, and gives the same on both engines."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import altair as alt
import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

import rtobs.analytics
from rtobs.analytics.frames import Schema
from tests.analytics.public_calls import CALLS
from tests.analytics.world import World

REFERENCE: Final = Path(__file__).parents[2] / "docs" / "reference"
PACKAGES: Final = (
    *("store", "source", "promql", "slo", "backtest", "statistics", "inference"),
    *("simulation", "charts", "report", "runners"),
)
ENGINES: Final = ("in-memory", "streaming")
_PART: Final = r"(?ms)^## `rtobs\.analytics\.(\w+)`\n(.*?)(?=^## |\Z)"
_FRAMES: Final = re.compile(r"DataFrame|LazyFrame|Samples|pl\.Series|pl\.Expr")
# What says nothing of frames itself says which function does.
_AS: Final = re.compile(r"as `(\w+)`")


def _public(package: str) -> Iterator[tuple[str, Any]]:
    module = importlib.import_module(f"rtobs.analytics.{package}")
    for name in module.__all__:
        yield name, getattr(module, name)


def _schemas() -> set[str]:
    """Names of every schema in `rtobs.analytics`."""
    found = set()
    for module in pkgutil.walk_packages(rtobs.analytics.__path__, "rtobs.analytics."):
        values = vars(importlib.import_module(module.name))
        found |= {name for name, value in values.items() if isinstance(value, Schema)}
    return found


def _functions() -> dict[str, Callable[..., Any]]:
    """Public functions that take or give frames, by package and name."""
    return {
        f"{package}.{name}": value
        for package in PACKAGES
        for name, value in _public(package)
        if inspect.isfunction(value) and _FRAMES.search(str(inspect.signature(value)))
    }


def _said(package: str) -> str:
    """The reference of a package: its part of the page, and the pages that this links to."""
    page = (REFERENCE / "analytics.md").read_text(encoding="utf-8")
    parts = dict(re.findall(_PART, page))
    own = str(parts[package])
    links = re.findall(r"\]\(([\w-]+\.md)", own)
    return own + "".join((REFERENCE / link).read_text(encoding="utf-8") for link in links)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_on_the_page(package: str) -> None:
    """Functions with their frames, and the values that go with them."""
    said = set(re.findall(r"`(?:\w+\.)*(\w+)(?:\(|`)", _said(package)))
    assert [name for name, _ in _public(package) if name not in said] == []


def test_the_page_names_nothing_that_is_not_there() -> None:
    """A function that was renamed is found in the tables of the page."""
    page = (REFERENCE / "analytics.md").read_text(encoding="utf-8")
    package, wrong = "", []
    for line in page.splitlines():
        if heading := re.fullmatch(r"## `rtobs\.analytics\.(\w+)`", line):
            package = heading[1]
        elif package in PACKAGES and (row := re.match(r"\| `(\w+)`", line)):
            wrong += [row[1]] if row[1] not in dict(_public(package)) else []
    assert wrong == []


@pytest.mark.parametrize("name", _functions())
def test_docstrings_name_frames(name: str) -> None:
    """The schema of a frame, whose columns carry their units, or its columns."""
    text = _functions()[name].__doc__ or ""
    package = name.split(".", maxsplit=1)[0]
    for other in _AS.findall(text):
        there = _functions().get(f"{package}.{other}")
        text += (there.__doc__ or "") if there else ""
    words = set(re.findall(r"\w+", text))
    assert words & (_schemas() | {"column", "columns", "Columns"}), text


def test_every_function_is_called() -> None:
    """A new one needs a line in the table of calls."""
    assert sorted(CALLS) == sorted(_functions())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Made once."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("name", CALLS)
def test_both_engines_give_the_same(name: str, world: World) -> None:
    """Bit for bit, and in the same order."""
    found = []
    for engine in ENGINES:
        with pl.Config() as config:
            config.set_engine_affinity(engine)
            found.append(list(_plain(CALLS[name](world))))
    one, other = found
    assert len(one) == len(other) > 0
    for left, right in zip(one, other, strict=True):
        _same(left, right)


def _plain(value: Any) -> Iterator[Any]:  # whatever a function gives
    """Frames, and values that compare, of a result."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for entry in dataclasses.fields(value):
            yield from _plain(getattr(value, entry.name))
    elif isinstance(value, list | tuple):
        yield len(value)
        for one in value:
            yield from _plain(one)
    elif isinstance(value, alt.TopLevelMixin):
        yield value.to_dict()
    else:
        yield value


def _same(left: Any, right: Any) -> None:
    if isinstance(left, pl.DataFrame):
        assert_frame_equal(left, right, check_exact=True)
    elif isinstance(left, pl.Series):
        assert_series_equal(left, right, check_exact=True)
    elif not hasattr(left, "__array__"):
        assert left == right
