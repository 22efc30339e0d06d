"""Our cases in the language of Prometheus' own tests; promtool proves the cases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, get_args

import pytest

from rtobs.analytics import promql
from rtobs.analytics.dialect import Dialect
from tests.analytics.promql.expressions import evaluate
from tests.analytics.promql.language import Evaluation, Labels, read_cases
from tests.analytics.promql.oracle import ask
from tests.servers.parts import Release

_FILES: Final = sorted(Path(__file__).with_name("cases").glob("*.test"))
_CASES: Final = [case for path in _FILES for case in read_cases(path)]
_EACH: Final = [(case, dialect) for case in _CASES for dialect in sorted(case.dialects)]
_DIALECTS: Final = {Release.OLDEST: Dialect.V2, Release.NEWEST: Dialect.V3}


def _near(got: dict[Labels, list[float | None]]) -> dict[Labels, list[object]]:
    """Values that compare equal to what is as near as the digits of a case."""
    return {
        labels: [
            None if v is None else pytest.approx(v, rel=1e-9, abs=1e-12, nan_ok=True) for v in row
        ]
        for labels, row in got.items()
    }


@pytest.mark.usefixtures("both_engines")
@pytest.mark.parametrize(
    ("case", "dialect"), _EACH, ids=[f"{case.where}-{dialect}" for case, dialect in _EACH]
)
def test_a_case_gives_what_it_expects(case: Evaluation, dialect: Dialect) -> None:
    """Series, points and values are those of the case."""
    assert evaluate(case, dialect) == _near(case.expected)


@pytest.mark.usefixtures("real_parts")
@pytest.mark.parametrize("release", Release)
def test_promtool_gives_what_the_cases_expect(release: Release, tmp_path: Path) -> None:
    """The expectations are those of Prometheus, not ours."""
    cases = [
        case
        for case in _CASES
        if _DIALECTS[release] in case.dialects and "histogram_fraction" not in case.expression
    ]
    given = ask(cases, release, tmp_path)
    expected = {case.where: _near(case.expected) for case in cases}
    assert given == expected


def test_promtool_proves_fractions(real_parts: None, tmp_path: Path) -> None:
    """Fractions of classic histograms are known to the newest release only."""
    del real_parts
    cases = [case for case in _CASES if "histogram_fraction" in case.expression]
    given = ask(cases, Release.NEWEST, tmp_path)
    assert given == {case.where: _near(case.expected) for case in cases}


def test_every_case_is_read() -> None:
    """No case is lost by the reader: the files hold as many as it found, each with its data."""
    lines = [line for path in _FILES for line in path.read_text().splitlines()]
    assert len(_CASES) == sum(line.startswith("eval") for line in lines)
    assert all(case.loaded for case in _CASES)


def test_every_function_has_a_case() -> None:
    """What can be called is shown by a case; a bare selector is `instant`."""
    expressions = " ".join(case.expression for case in _CASES)
    functions = {name for name in promql.__all__ if name[0].islower()}
    others = {"aggregate", "instant", "map_partitions", "partitions"}
    shown = set(re.findall(r"\w+(?=\(| by | without )", expressions))
    assert functions - others <= shown
    assert shown >= set(get_args(promql.Aggregation))
