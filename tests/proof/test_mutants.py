"""Faulty rules are noticed by the generated tests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.proof.engine import every_promtool
from tests.proof.mutants import OPERATORS, harmless, judge, mutants_of, spread
from tests.proof.slos import EVERY_KIND

MUTANTS: Final = [mutant for slo in EVERY_KIND for mutant in mutants_of(slo)]
SAMPLE: Final = 60
CAUGHT: Final = 0.95


def test_every_operator_finds_a_place() -> None:
    """No kind of fault is left out because the rules have another form than it expects."""
    assert set(OPERATORS) - {mutant.operator for mutant in MUTANTS} == set()


@every_promtool(newest=True)
def test_mutants_are_caught(promtool: Path) -> None:
    """Of faults of all kinds at least 95 % are caught, and the others are known why."""
    verdicts = judge(promtool, spread(MUTANTS, SAMPLE))

    survivors = [str(verdict.mutant) for verdict in verdicts if verdict.survived]
    unexplained = [
        str(verdict.mutant)
        for verdict in verdicts
        if verdict.survived and not harmless(verdict.mutant)
    ]
    assert len(verdicts) == SAMPLE
    assert unexplained == []
    assert len(survivors) <= (1 - CAUGHT) * SAMPLE, survivors
