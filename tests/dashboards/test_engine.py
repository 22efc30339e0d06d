"""The evaluator: what programs can read, and what they can spend."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from rtobs.dashboards.engine import Limits, Program, ProgramError, evaluate, evaluate_confined

Evaluate = Callable[[Program], str]
both = pytest.mark.parametrize("run", [evaluate, evaluate_confined], ids=["here", "child"])


def program(source: str, **files: str) -> Program:
    """A program that gets the text "[1, 2]"."""
    named = {name.replace("__", "/") + ".libsonnet": text for name, text in files.items()}
    return Program("main", f"function(spec) {source}", named, "[1, 2]")


@both
def test_the_spec_is_the_argument(run: Evaluate) -> None:
    """A program sees what Python gave it."""
    assert json.loads(run(program("std.parseJson(spec)"))) == [1, 2]


@both
def test_files_import_each_other_by_folder_and_by_full_path(run: Evaluate) -> None:
    """A patch finds its neighbour and the library."""
    found = run(
        program(
            "import 'slo/a.libsonnet'",
            slo__a="{ near: import 'b.libsonnet', far: import 'rtobs/c.libsonnet' }",
            slo__b="1",
            rtobs__c="2",
        )
    )
    assert json.loads(found) == {"near": 1, "far": 2}


@both
@pytest.mark.parametrize(
    "path", ["/etc/hostname", "../../etc/hostname", "rtobs/../../x", "missing.libsonnet"]
)
@pytest.mark.parametrize("how", ["import", "importstr"])
def test_no_file_of_the_machine_can_be_read(run: Evaluate, path: str, how: str) -> None:
    """Imports are served from memory; the message says what there is."""
    with pytest.raises(ProgramError, match=r"there is no .*; it can import: a\.libsonnet"):
        run(program(f"{how} '{path}'", a="1"))


@both
def test_an_error_carries_its_line(run: Evaluate) -> None:
    """The evaluator's own text reaches the caller."""
    with pytest.raises(ProgramError, match=r"too late[^$]*a\.libsonnet:2:"):
        run(program("import 'a.libsonnet'", a="\nerror 'too late'"))


def test_a_program_that_never_ends_is_stopped() -> None:
    """One second of CPU time, not the patience of the user."""
    endless = program("local f(x) = f(x + 1) tailstrict; f(0)")
    start = time.monotonic()
    with pytest.raises(ProgramError, match="more than 1 seconds of CPU time"):
        evaluate_confined(endless, Limits(cpu_seconds=1))
    assert time.monotonic() - start < 10


def test_a_program_that_eats_memory_is_stopped() -> None:
    """The kernel refuses the memory; the machine does not notice."""
    big = program(
        "std.length(std.join('', std.makeArray(500, function(i) std.repeat('x', 2000000))))"
    )
    with pytest.raises(ProgramError, match="or 300 MiB of memory"):
        evaluate_confined(big, Limits(cpu_seconds=20, memory_mebibytes=300))
