"""Speed, memory and size of an export, as ratios to named peers on the same machine.

python -m benchmarks.export [--series 500] [--points 11000] [--runs 3] [--release oldest]

A real Prometheus on loopback holds counters with gaps and resets. Each reader runs in a
process of its own, in turns, so that all see the same noise:

- `body`: the one body of the whole range, read and thrown away; no reader of JSON can be faster.
- `peer`: prometheus-api-client with its pandas frame, as it comes; it asks for gzip.
- `peer, identity`: the same, told by a header to ask for plain bodies.
- `rtobs`: plan, fetch and write Parquet files.
- `rtobs, raw`: samples as they were scraped instead of a grid; sizes are measured on these.
- `rtobs, tenfold`: the same series on a tenth of the step, ten times the rows.

The peer asks for gzip, which costs Prometheus 2.42 most of the time and newer ones little; so the
first ratio depends on the release.

The peer is installed into a virtual environment that is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from rtobs.analytics.store import open_export
from rtobs.cli.tables import columns
from tests.servers import Prometheus, Release, promtool

START: Final = datetime(2026, 10, 1, tzinfo=UTC)
STEP: Final = 60
RELEASES: Final = {"oldest": Release.OLDEST, "newest": Release.NEWEST}
METRIC: Final = "bench_requests_total"
_LABELS: Final = (  # as many as a series of Kubernetes has
    *(("cluster", "prod-1"), ("namespace", "shop"), ("pod", "orders-7d9f8b6c5-x2x7p")),
    *(("container", "orders"), ("job", "shop/orders"), ("method", "POST"), ("code", "200")),
)
PEER: Final = ("prometheus-api-client==0.7.2", "pandas", "numpy")

BODY: Final = """
import requests, json, sys
url, start, end, step = sys.argv[1], *sys.argv[2:5]
query = {"query": "bench_requests_total", "start": start, "end": end, "step": step}
reply = requests.post(f"{url}/api/v1/query_range", query, headers={"Accept-Encoding": "identity"})
rows = reply.content.count(b"],[")
"""
CLIENT: Final = """
import sys
from datetime import datetime, timezone
from prometheus_api_client import MetricRangeDataFrame, PrometheusConnect
url, start, end, step = sys.argv[1], *sys.argv[2:5]
headers = {"Accept-Encoding": "identity"} if sys.argv[5] == "identity" else None
times = (datetime.fromtimestamp(float(t), timezone.utc) for t in (start, end))
client = PrometheusConnect(url, headers=headers)
found = client.custom_query_range("bench_requests_total", *times, step)
rows = len(MetricRangeDataFrame(found))
"""
RTOBS: Final = """
import sys
from datetime import UTC, datetime, timedelta
from rtobs.analytics.source import Question, download, plan
from rtobs.prometheus import Client, Connection
url, start, end, step = sys.argv[1], *sys.argv[2:5]
times = (datetime.fromtimestamp(float(t), UTC) for t in (start, end))
client = Client(Connection(url))
step = timedelta(seconds=float(step)) if step else None
made = plan(client, [Question("bench_requests_total")], *times, step=step)
export = download(made, client, sys.argv[5])
rows = int(export.series_facts["samples"].sum())
"""
MEASURE: Final = """
import json, resource, time
{imports}
begin, busy = time.perf_counter(), time.process_time()
{program}
seconds = time.perf_counter() - begin
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([rows, seconds, time.process_time() - busy, used.ru_maxrss / 1024]))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement: rows that were read, seconds, those of CPU, and the highest memory in MiB.

    Other work on the machine stretches seconds; it hardly touches the seconds of CPU.
    """

    rows: float
    seconds: float
    cpu: float
    peak: float

    @property
    def speed(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def lines(series: int, points: int) -> Iterator[str]:
    """Counters as Prometheus stamps them: at their interval, one in twenty some ms late.

    Rates lie between one event in ten minutes and a thousand a minute, as those of a fleet do.
    """
    dice = np.random.default_rng(11)
    first = int(START.timestamp() * 1000)
    yield f"# TYPE {METRIC.removesuffix('_total')} counter\n"
    for number in range(series):
        host = f"10.0.{number // 250}.{number % 250}"
        labels = ",".join(f'{name}="{value}"' for name, value in (*_LABELS, ("instance", host)))
        counts = dice.poisson(10 ** dice.uniform(-1, 3), points)
        restarts, missed = dice.random((2, points)) < ((1e-4,), (1e-3,))
        late = np.where(dice.random(points) < 1 / 20, dice.integers(3, 20, points), 0)
        times = first + dice.integers(STEP * 1000) + np.arange(points) * STEP * 1000 + late
        value = 0
        for count, restart, miss, ms in zip(counts, restarts, missed, times, strict=True):
            value = 0 if restart else value + count
            if not miss:
                yield f"{METRIC}{{{labels}}} {value} {ms / 1000:.3f}\n"
    yield "# EOF\n"


def fill(folder: Path, series: int, points: int) -> Path:
    """Blocks of Prometheus with these counters."""
    text = folder / "samples.txt"
    with text.open("w") as file:
        file.writelines(lines(series, points))
    done = promtool(
        "tsdb", "create-blocks-from", "--max-block-duration=744h", "openmetrics",
        text, folder / "data", seconds=3_600,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    text.unlink()
    return folder / "data"


def peer(folder: Path) -> Path:
    """A Python that has the peer."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER], check=True)
    return python


def measure(python: str | Path, program: str, *words: str) -> Run:
    """Run a program in a process of its own."""
    imports = [line for line in program.splitlines() if line.startswith(("import", "from"))]
    rest = [line for line in program.splitlines() if line not in imports]
    text = MEASURE.format(imports="\n".join(imports), program="\n".join(rest))
    done = subprocess.run(
        [python, "-c", text, *words], check=True, capture_output=True, text=True, cwd=Path.cwd()
    )
    return Run(*json.loads(done.stdout.splitlines()[-1]))


def rounds(url: str, folder: Path, options: argparse.Namespace) -> dict[str, list[Run]]:
    """All readers in turns."""
    python = peer(folder)
    end = START + timedelta(seconds=STEP * (options.points - 1))
    times = (f"{START.timestamp():.0f}", f"{end.timestamp():.0f}")
    whole, fine = (url, *times, str(STEP)), (url, *times, str(STEP // 10))
    runs: dict[str, list[Run]] = {}
    for number in range(options.runs):
        readers: tuple[tuple[str, str | Path, str, tuple[str, ...]], ...] = (
            ("body", sys.executable, BODY, whole),
            ("rtobs", sys.executable, RTOBS, (*whole, str(folder / f"export-{number}"))),
            ("peer, identity", python, CLIENT, (*whole, "identity")),
            ("peer", python, CLIENT, (*whole, "gzip")),
        )
        for name, interpreter, program, words in readers:
            runs.setdefault(name, []).append(measure(interpreter, program, *words))
            print(f"round {number + 1}: {name}: {runs[name][-1].seconds:.1f} s", file=sys.stderr)
    raw = (url, *times, "", str(folder / "raw"))
    runs["rtobs, raw"] = [measure(sys.executable, RTOBS, *raw)]
    runs["rtobs, tenfold"] = [measure(sys.executable, RTOBS, *fine, str(folder / "fine"))]
    return runs


def sizes(folder: Path, storage: Path) -> Mapping[str, float]:
    """Bytes a row of the export, of a plain Parquet file of the same rows, and of the blocks."""
    export = open_export(folder / "raw")
    frame = export.samples(METRIC).collect()
    plain = folder / "plain.parquet"
    frame.write_parquet(plain, compression="zstd")
    samples = sum(file.size for file in export.manifest.files if file.metric)
    blocks = sum(path.stat().st_size for path in storage.rglob("*") if path.parent.name != "wal")
    values = {"export": samples, "plain Parquet": plain.stat().st_size, "blocks": blocks}
    return {name: value / frame.height for name, value in values.items()}


def report(runs: Mapping[str, Sequence[Run]], bytes_a_row: Mapping[str, float]) -> bool:
    """Print figures and bars; whether all bars are met."""
    middle = {
        name: Run(
            own[0].rows,
            statistics.median(run.seconds for run in own),
            statistics.median(run.cpu for run in own),
            statistics.median(run.peak for run in own),
        )
        for name, own in runs.items()
    }
    rows = [
        (
            *(name, f"{run.rows:,.0f}", f"{run.seconds:.1f}", f"{run.cpu:.1f}"),
            *(f"{run.speed:,.0f}", f"{run.peak:,.0f}"),
        )
        for name, run in middle.items()
    ]
    headings = ("reader", "rows", "seconds", "CPU s", "rows/s", "peak MiB")
    print(columns(headings, rows, right=range(1, 6)))
    print()
    ours, tenfold = middle["rtobs"], middle["rtobs, tenfold"]
    bars = [
        ("rows/s to the peer", ours.speed / middle["peer"].speed, ">=", 8.0),
        ("rows/s to the peer, identity", ours.speed / middle["peer, identity"].speed, ">=", 5.0),
        ("rows/s to the body alone", ours.speed / middle["body"].speed, ">=", 0.5),
        ("memory to the peer", ours.peak / middle["peer"].peak, "<=", 1 / 8),
        ("memory in MiB", ours.peak, "<=", 400.0),
        ("memory for ten times the rows", tenfold.peak / ours.peak, "<=", 1.2),
        ("size to plain Parquet", bytes_a_row["export"] / bytes_a_row["plain Parquet"], "<=", 0.5),
        ("size to Prometheus's blocks", bytes_a_row["export"] / bytes_a_row["blocks"], "<=", 1.0),
    ]
    met = [value >= bar if sign == ">=" else value <= bar for _, value, sign, bar in bars]
    table = [
        (name, f"{value:.3g}", f"{sign} {bar:.3g}", "met" if fine else "MISSED")
        for (name, value, sign, bar), fine in zip(bars, met, strict=True)
    ]
    print(columns(("bar", "ratio", "wanted", ""), table, right=(1,)))
    print()
    print(", ".join(f"{name} {value:.2f} bytes a row" for name, value in bytes_a_row.items()))
    return all(met)


def main() -> int:
    """Print ratios; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("series", 500), ("points", 11_000), ("runs", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--release", choices=list(RELEASES), default="oldest", help="Prometheus")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rtobs-export-"))
    try:
        storage = fill(folder, options.series, options.points)
        flags = ["--storage.tsdb.retention.time=10y", "--query.max-samples=100000000"]
        with Prometheus(storage=storage, flags=flags, release=RELEASES[options.release]) as server:
            runs = rounds(server.http.url, folder, options)
        return int(not report(runs, sizes(folder, storage)))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
