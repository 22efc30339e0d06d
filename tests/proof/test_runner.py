"""Finding promtool and reading what it says."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rtobs.proof.runner import Failure, find_promtool, run_all

SAID = r"""Unit Testing:  shop.fine.test.yaml
  FAILED:
    alertname: SLOBudgetBurn, time: 14m,
        exp:[],
        got:[
            0:
              Labels:{alertname="SLOBudgetBurn"}
              Annotations:{summary="<error expanding template: no such field>"}
            ]
    expr: "up{job=\"a\\.b\"}", time: 1h2m3s,
        exp: {a="1"} 5E+00, {a="2"} 5E+00
        got: nil
    expr: "sum(x)", time: 5m,
        exp: nil
        got: {} 1.5E+00
    rule: a:b, time: 11m0s, err: duplicate sample for timestamp
"""


def program(path: Path, text: str, status: int) -> Path:
    """A program in the place of promtool that prints a text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ncat <<'END' >&2\n{text}END\nexit {status}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_failures_are_read(tmp_path: Path) -> None:
    """Queries, alerts and rules that promtool names become failures."""
    promtool = program(tmp_path / "promtool", SAID, 1)

    (outcome,) = run_all(promtool, [tmp_path / "x.test.yaml"])

    assert not outcome.passed
    assert outcome.failures == (
        Failure(
            "",
            0,
            (),
            (
                "alertname: SLOBudgetBurn, time: 14m,",
                "exp:[],",
                "got:[",
                "0:",
                'Labels:{alertname="SLOBudgetBurn"}',
                'Annotations:{summary="<error expanding template: no such field>"}',
                "]",
            ),
        ),
        Failure(r'up{job="a\.b"}', 3723, ('{a="1"} 5E+00', '{a="2"} 5E+00'), ()),
        Failure("sum(x)", 300, (), ("{} 1.5E+00",)),
        Failure("", 0, (), ("rule: a:b, time: 11m0s, err: duplicate sample for timestamp",)),
    )


def test_success_has_no_failures(tmp_path: Path) -> None:
    """A run that succeeds passed."""
    (outcome,) = run_all(program(tmp_path / "promtool", "  SUCCESS\n", 0), [tmp_path / "x"])

    assert (outcome.passed, outcome.failures) == (True, ())


def test_a_file_that_fails_once_may_pass(tmp_path: Path) -> None:
    """With two attempts only what fails twice counts."""
    mark = tmp_path / "mark"
    promtool = program(tmp_path / "promtool", "", 0)
    promtool.write_text(
        f"#!/bin/sh\ntest -e {mark} && exit 0\ntouch {mark}\nexit 1\n", encoding="utf-8"
    )

    (outcome,) = run_all(promtool, [tmp_path / "x"], attempts=2)

    assert outcome.passed


def test_argument_comes_first(tmp_path: Path) -> None:
    """The argument wins over the environment."""
    named = program(tmp_path / "mine", "", 0)
    other = program(tmp_path / "other", "", 0)

    assert find_promtool(str(named), {"RTOBS_PROMTOOL": str(other)}) == named


def test_environment_comes_second(tmp_path: Path) -> None:
    """RTOBS_PROMTOOL wins over PATH."""
    other = program(tmp_path / "other", "", 0)
    program(tmp_path / "bin" / "promtool", "", 0)

    env = {"RTOBS_PROMTOOL": str(other), "PATH": str(tmp_path / "bin")}
    assert find_promtool("", env) == other


def test_path_comes_third(tmp_path: Path) -> None:
    """PATH wins over the unpacked parts."""
    installed = program(tmp_path / "bin" / "promtool", "", 0)
    program(tmp_path / ".parts/bookworm/prometheus/usr/bin/promtool", "", 0)

    assert find_promtool("", {"PATH": str(tmp_path / "bin")}, tmp_path) == installed


def test_unpacked_parts_come_last(tmp_path: Path) -> None:
    """Of the unpacked parts the newest suite is taken, and only a program."""
    for suite in ("bookworm", "forky"):
        program(tmp_path / f".parts/{suite}/prometheus/usr/bin/promtool", "", 0)
    (tmp_path / ".parts/forky/prometheus/usr/share/doc/promtool").mkdir(parents=True)

    found = find_promtool("", {"PATH": ""}, tmp_path)
    assert found == tmp_path / ".parts/forky/prometheus/usr/bin/promtool"


@pytest.mark.parametrize("argument", ["", "no-such-promtool"])
def test_none_is_none(tmp_path: Path, argument: str) -> None:
    """Without a promtool, or with a name that is none, there is none."""
    assert find_promtool(argument, {"PATH": ""}, tmp_path) is None
