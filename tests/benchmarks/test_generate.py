"""The bars of the benchmark of `generate`."""

from __future__ import annotations

from pathlib import Path

from benchmarks.fleets import write_definitions
from benchmarks.generate import Run, findings
from rtobs.slo.fleet import load_fleet


def run(slos: int = 500, cpu: float = 5, mib: float = 200, digest: str = "a") -> Run:
    """A run within the bars unless something is given."""
    return Run(slos, 10, 1000, cpu, mib, digest)


def test_equal_runs_within_the_bars_have_no_findings() -> None:
    """Nothing is said when all is well."""
    assert findings([run(), run(), run(2000, cpu=90, mib=900, digest="b")]) == []


def test_time_and_memory_have_bars() -> None:
    """Either one alone is too much."""
    slow, large = findings([run(cpu=10.5), run(mib=401)])

    assert slow.startswith("500 SLOs took 10.5 CPU s and 200 MiB")
    assert large.startswith("500 SLOs took 5.0 CPU s and 401 MiB")


def test_two_runs_must_give_the_same_files() -> None:
    """Another manifest for the same fleet is a finding."""
    assert findings([run(), run(digest="b")]) == ["two runs of 500 SLOs gave different files"]


def test_the_fleet_has_four_slos_a_service_and_no_problems(tmp_path: Path) -> None:
    """The made-up definitions are as good as real ones."""
    write_definitions(tmp_path, 8)

    fleet = load_fleet(tmp_path)
    assert (len(fleet.services), len(fleet.slos), fleet.problems) == (8, 32, ())
