"""Doing the units of a task with a runner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from rtobs.analytics.frames import check, empty
from rtobs.analytics.runners.task import Task
from rtobs.analytics.runners.units import Unit
from rtobs.analytics.store import open_export

__all__ = ["Runner", "run"]


class Runner(Protocol):
    """Where units are computed."""

    def map(
        self, function: Callable[[Unit], pl.DataFrame], units: Sequence[Unit]
    ) -> Iterator[pl.DataFrame]:
        """The frame of each unit, in their order; the first failure is raised."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    """What travels to a worker."""

    location: str
    task: Task

    def __call__(self, unit: Unit) -> pl.DataFrame:
        return check(self.task(open_export(self.location), unit), self.task.schema)


def run(location: str, task: Task, units: Iterable[Unit], runner: Runner) -> pl.DataFrame:
    """Do a task on every unit of an export.

    Args:
        location: folder or s3:// address of the export, as every worker reaches it. Workers on
            other machines need the AWS_* variables of their own.
        task: what to do.
        units: with what; see `units_of`.
        runner: where.

    Returns:
        The frames of all units together, of the task's schema (WINDOWED for a `RangeTask`) and
        sorted by its key; the same for every runner.

    Raises:
        ExportError: the export cannot be read.
        RunnerError: a worker was lost, or a cluster does not answer.
    """
    parts = runner.map(_Job(location, task), tuple(units))
    return pl.concat([empty(task.schema), *parts]).sort(task.schema.key)
