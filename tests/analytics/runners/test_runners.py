"""Wherever units are computed, the frame is the same."""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import WINDOWED, Schema
from rtobs.analytics.promql import increase
from rtobs.analytics.runners import LocalPool, RangeTask, Unit, run, units_of
from rtobs.analytics.runners.dask import DaskRunner
from rtobs.analytics.store import Export, open_export
from rtobs.errors import ExportError, FrameError, RunnerError
from rtobs.model.duration import Duration

START = datetime(2026, 11, 1, 22, 0, tzinfo=UTC)
END = START + timedelta(hours=60)
WINDOWS = (Duration.parse("5m"), Duration.parse("6h"))
TASK = RangeTask(increase, WINDOWS, Duration.parse("7m"), START, Dialect.V3)


FACTS = Schema("facts", {"process": pl.Int64, "threads": pl.Int64}, ("process",))


@dataclass(frozen=True, slots=True)
class Facts:
    """Says where and how it was computed."""

    schema: Schema = FACTS

    def __call__(self, export: Export, unit: Unit) -> pl.DataFrame:
        """One row."""
        del export, unit
        row = (os.getpid(), pl.thread_pool_size())
        return pl.DataFrame([row], schema=dict(self.schema.columns), orient="row")


@dataclass(frozen=True, slots=True)
class Death:
    """Ends the worker, as the kernel does when memory is short."""

    schema: Schema = WINDOWED

    def __call__(self, export: Export, unit: Unit) -> pl.DataFrame:
        """Never comes back."""
        del export, unit
        os._exit(9)


@dataclass(frozen=True, slots=True)
class Sleep:
    """Takes longer than anybody waits."""

    schema: Schema = WINDOWED

    def __call__(self, export: Export, unit: Unit) -> pl.DataFrame:
        """Never comes back in time."""
        del export, unit
        time.sleep(60)
        return pl.DataFrame()


class Here:
    """The plainest runner."""

    def map(self, function, units):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """One after the other."""
        return map(function, units)


@pytest.fixture(scope="module")
def units(written: Path) -> tuple[Unit, ...]:
    """Three series and a day each."""
    return units_of(open_export(written), "requests_total", series=3, days=1)


def test_units_hold_everything_once(written: Path, units: tuple[Unit, ...]) -> None:
    """Seven series in three parts, two days and a half in four, cut at midnight."""
    ids = open_export(written).select("requests_total")["series_id"].to_list()
    parts = [(ids[0], ids[2]), (ids[3], ids[5]), (ids[6], ids[6])]
    midnights = [START + timedelta(hours=2 + 24 * day) for day in range(3)]
    edges = [START, *midnights, END + timedelta(milliseconds=1)]
    days = list(pairwise(edges))
    assert [(u.first, u.last, u.start, u.end) for u in units] == [
        (*part, *day) for part in parts for day in days
    ]


@pytest.mark.usefixtures("engine")
def test_units_give_what_the_whole_gives(written: Path, units: tuple[Unit, ...]) -> None:
    """Windows reach over the edge of a day, and seven minutes do not divide one."""
    export = open_export(written)
    whole = increase(
        export.samples("requests_total"), WINDOWS,
        step=TASK.step, start=START, end=END, dialect=Dialect.V3,
    )  # fmt: skip
    found = run(str(written), TASK, reversed(units), Here())
    assert_frame_equal(found, whole, check_exact=True)
    assert len(found) > 6000


def test_a_pool_and_a_cluster_give_the_same(written: Path, units: tuple[Unit, ...]) -> None:
    """Two processes here, two workers of Dask."""
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    here = run(str(written), TASK, units, Here())
    pool = run(str(written), TASK, units, LocalPool(workers=2))
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        dask = run(str(written), TASK, units, DaskRunner(client))
        again = DaskRunner.connect(cluster.scheduler_address)
        assert run(str(written), TASK, units[:1], again).schema == dask.schema
        again.client.close()
    assert_frame_equal(pool, here, check_exact=True)
    assert_frame_equal(dask, here, check_exact=True)


def test_workers_are_processes_with_the_threads_that_were_asked_for(
    written: Path, units: tuple[Unit, ...]
) -> None:
    """Two processes of one thread each share the work; here nothing changes."""
    before = dict(os.environ)
    found = run(str(written), Facts(), units, LocalPool(workers=2, threads=1))
    assert len(found) == 12
    assert os.getpid() not in found["process"].to_list()
    assert found["process"].n_unique() <= 2
    assert found["threads"].unique().to_list() == [1]
    assert dict(os.environ) == before


def test_a_lost_worker_is_one_sentence(written: Path, units: tuple[Unit, ...]) -> None:
    """With what to do about it."""
    with pytest.raises(RunnerError, match="a worker process ended before its unit was done"):
        run(str(written), Death(), units[:1], LocalPool(workers=1))


def test_a_failure_of_a_unit_is_raised(tmp_path: Path, units: tuple[Unit, ...]) -> None:
    """The export's own sentence comes through the pool."""
    with pytest.raises(ExportError, match=r"has no manifest\.json"):
        run(str(tmp_path), TASK, units[:1], LocalPool(workers=1))


@pytest.mark.usefixtures("engine")
def test_nothing_to_do_is_an_empty_frame(written: Path) -> None:
    """A metric without series, and a unit without an evaluation."""
    export = open_export(written)
    assert units_of(export, "absent") == ()
    assert run(str(written), TASK, (), LocalPool()).schema == pl.Schema(dict(WINDOWED.columns))
    between = (START + timedelta(minutes=1), START + timedelta(minutes=2))
    short = units_of(export, "requests_total", between=between)
    assert run(str(written), TASK, short, Here()).rows() == []


def test_units_that_make_no_sense_are_refused(written: Path) -> None:
    """Empty ones, and instants of nowhere."""
    export = open_export(written)
    with pytest.raises(FrameError, match="at least one series and one day"):
        units_of(export, "up", days=0)
    naive = (START.replace(tzinfo=None), END.replace(tzinfo=None))
    with pytest.raises(FrameError, match="instants need a time zone"):
        units_of(export, "up", between=naive)


def test_a_cluster_that_is_not_there_is_one_sentence() -> None:
    """The address is named."""
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    dask = pytest.importorskip("dask")
    assert distributed.__name__
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "500ms"}),
        pytest.raises(RunnerError, match="no Dask scheduler answers at tcp://127"),
    ):
        DaskRunner.connect("tcp://127.0.0.1:9")


def test_a_scheduler_that_says_nothing_is_one_sentence() -> None:
    """Somebody listens there, who is no scheduler."""
    dask = pytest.importorskip("dask", reason="needs the extra dask")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        with (
            dask.config.set({"distributed.comm.timeouts.connect": "500ms"}),
            pytest.raises(RunnerError, match=f"no Dask scheduler answers at {address}"),
        ):
            DaskRunner.connect(address)


def test_a_cluster_that_dies_is_one_sentence(written: Path, units: tuple[Unit, ...]) -> None:
    """Without workers, with a worker that dies at every try, and when the scheduler goes."""
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    dask = pytest.importorskip("dask")
    settings = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.comm.timeouts.connect": "1s",
        "distributed.logging.distributed": "critical",
    }
    location = str(written)
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=0, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster.scheduler_address) as client,
    ):
        runner = DaskRunner(client, patience=Duration(1))
        with pytest.raises(RunnerError, match="the Dask cluster has no worker"):
            run(location, TASK, units[:1], runner)
        cluster.scale(1)
        patient = DaskRunner(client)
        with pytest.raises(RunnerError, match="ended before a unit was done"):
            run(location, Death(), units[:1], patient)
        client.wait_for_workers(1, timeout=30)
        stop = cluster.scheduler.close
        closing = threading.Timer(1.0, lambda: cluster.loop.add_callback(stop))
        closing.start()
        with pytest.raises(RunnerError, match="scheduler does not answer any more"):
            run(location, Sleep(), units[:1], patient)
        closing.join()
