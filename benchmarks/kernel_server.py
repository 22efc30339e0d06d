"""The server's own answers to the questions of `benchmarks.kernels`."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from urllib.request import urlopen

import polars as pl

from benchmarks.kernel_peers import METRICS, MINUTE, Run, read
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.promql import increase
from rtobs.model.duration import Duration
from tests.servers import Prometheus, Release, promtool

__all__ = ["Asked", "start", "write_blocks"]

# How many minutes each window is asked for; a server answers 11,000 points of a series at most.
ASKED: Final = {"5m": 10_800, "1h": 4_320, "6h": 2_160, "1d": 2_000}
COMPARED: Final = {**ASKED, "30d": 20}
_SECONDS: Final = 120.0


def write_blocks(data: Path, slos: int, storage: Path) -> None:
    """The samples of the first SLOs as blocks of a Prometheus."""
    text = storage.with_suffix(".txt")
    with text.open("w") as file:
        for metric in METRICS:
            few = read(data, metric).filter(pl.col("series_id") < slos).collect()
            for slo, ts, value in few.with_columns(pl.col("ts").to_physical()).iter_rows():
                file.write(f'{metric}{{slo="{slo}"}} {value:.0f} {ts / 1000:.3f}\n')
        file.write("# EOF\n")
    length = "--max-block-duration=744h"
    command = ("tsdb", "create-blocks-from", "openmetrics", "--quiet", length, text, storage)
    promtool(*command, seconds=600.0).check_returncode()
    text.unlink()


def start(stack: ExitStack, blocks: Path, release: Release) -> Prometheus:
    """A server over the blocks; it is stopped with the stack."""
    kept = "--storage.tsdb.retention.time=10y"
    return stack.enter_context(Prometheus(storage=blocks, flags=[kept], release=release))


@dataclass(frozen=True, slots=True)
class Asked:
    """A server that is asked for ratios.

    Attributes:
        server: it.
        slos: how many it holds.
        end: of its data.
    """

    server: Prometheus
    slos: int
    end: datetime

    @property
    def version(self) -> str:
        """What it says it is."""
        return str(self.server.api("status/buildinfo")["version"])

    def ratio(self, window: str) -> Run:
        """What it takes to the last byte of the answer; reading the JSON is not counted."""
        total, bad = METRICS
        text = f"increase({bad}[{window}]) / increase({total}[{window}])"
        steps = ASKED[window]
        before, clock = self._processor_seconds(), time.perf_counter()
        self._get(text, steps)
        took = time.perf_counter() - clock
        # Its kernel counts by hundredths.
        seconds = max(self._processor_seconds() - before, 0.01)
        return Run(seconds, took, self.slos * (steps + 1), self._mib())

    def differing(self, data: Path) -> tuple[int, int]:
        """Points of the increase of all events, and how many of them have other bits than ours."""
        samples = read(data, METRICS[0]).filter(pl.col("series_id") < min(self.slos, 8)).collect()
        pairs = [self._pairs(samples, window) for window in COMPARED]
        return sum(count for count, _ in pairs), sum(differ for _, differ in pairs)

    def _pairs(self, samples: pl.DataFrame, window: str) -> tuple[int, int]:
        few = "|".join(map(str, samples["series_id"].unique().to_list()))
        terms = self._terms(COMPARED[window])
        text = f'increase({METRICS[0]}{{slo=~"{few}"}}[{window}])'
        answer = self.server.query_range(text, **terms)
        theirs = {
            (int(line.labels["slo"]), round(ts * 1000)): value
            for line in answer
            for ts, value in line.points
        }
        begin = self.end - timedelta(minutes=COMPARED[window])
        made = increase(
            samples,
            [Duration.parse(window)],
            step=MINUTE,
            start=begin,
            end=self.end,
            dialect=Dialect.of_version(self.version),
        ).with_columns(pl.col("ts").to_physical())
        mine = {(slo, ts): v for slo, ts, v in made.select("series_id", "ts", "value").iter_rows()}
        keys = theirs.keys() | mine.keys()
        return len(keys), sum(theirs.get(key) != mine.get(key) for key in keys)

    def _terms(self, steps: int) -> dict[str, float]:
        begin = self.end - timedelta(minutes=steps)
        return {"start": begin.timestamp(), "end": self.end.timestamp(), "step": MINUTE.seconds}

    def _get(self, text: str, steps: int) -> None:
        query = urlencode({"query": text, **self._terms(steps)})
        address = f"http://{self.server.http.address}/api/v1/query_range?{query}"
        with urlopen(address, timeout=_SECONDS) as answer:
            answer.read()

    def _processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _mib(self) -> float:
        lines = Path(f"/proc/{self.server.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
