"""The lens changes times and nothing else."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.end_to_end.rulefiles import (
    committed,
    faster_duration,
    through_lens,
)

RULE_FILE = """\
groups:
- name: g
  interval: 5m
  rules:
  - record: r
    expr: 300 * max(x{a="[1h] * 60"}) > 300
  - alert: A
    expr: sum(sum_over_time(x[59m30s] offset 36h)) * 60 > 2.5
    for: 15m
    keep_firing_for: 30m
    labels: {long_window: 1h}
    annotations: {summary: 'in 1h: {{ query "max(x[10m])" }}'}
"""
SEEN = """\
groups:
- name: g
  interval: 5000ms
  rules:
  - record: r
    expr: 5 * max(x{a="[1h] * 60"}) > 300
  - alert: A
    expr: sum(sum_over_time(x[59500ms] offset 2160000ms)) * 1 > 2.5
    for: 15000ms
    keep_firing_for: 30000ms
    labels: {long_window: 1h}
    annotations: {summary: 'in 1h: {{ query "max(x[10000ms])" }}'}
"""


def test_times_of_a_rule_file_are_shorter_and_all_else_stays() -> None:
    """Intervals, holds, ranges, offsets and factors change; limits, labels and strings do not."""
    assert yaml.safe_load(through_lens(RULE_FILE)) == yaml.safe_load(SEEN)


def test_a_time_that_cannot_be_shortened_exactly_is_refused() -> None:
    """Rounding would make the rules others than those that are committed."""
    with pytest.raises(ValueError, match="no whole number of milliseconds"):
        faster_duration("1s")


@pytest.mark.parametrize("name", sorted(committed()))
def test_the_lens_changes_nothing_but_times_in_the_committed_rules(name: str) -> None:
    """With every time blanked out, the file and its image are the same."""
    text = committed()[name]
    time = re.compile(r"\b([0-9]+(ms|[smhdw]))+\b")
    factor = re.compile(r"(?<=[*/] )(60|300|1|5)\b(?! \*)|\b(300|5)(?= \*)")
    before, after = (
        factor.sub("F", time.sub("T", yaml.safe_dump(yaml.safe_load(version), width=10**6)))
        for version in (text, through_lens(text))
    )
    assert after == before


def test_no_time_of_the_committed_rules_is_left_as_it_was() -> None:
    """What is behind the lens counts in milliseconds throughout."""
    durations = re.compile(r"\[(\w+)\]|offset (\w+)")
    times = {
        next(filter(None, found))
        for text in committed().values()
        for found in durations.findall(through_lens(text))
    }
    assert times
    assert {time for time in times if not time.endswith("ms")} == set()
