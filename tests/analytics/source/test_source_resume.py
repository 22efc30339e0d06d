"""An export that is killed goes on where it was, with nothing lost and nothing doubled."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from rtobs.analytics.source import NothingFoundError, Progress, Question, download, plan
from rtobs.errors import ExportError, ServerError
from rtobs.prometheus import Client, Connection, Patience
from tests.prometheus_client.fake_prometheus import Asked, FakePrometheus, Reply, failure, success

START: Final = datetime(2026, 11, 1, tzinfo=UTC)
END: Final = START + timedelta(hours=12)
MINUTE: Final = timedelta(minutes=1)
QUICK: Final = Patience(connect=2, read=5, whole=5, tries=2, pause=0.01, longest_pause=1)
QUESTION: Final = Question("up")
# Samples of one request: half an hour of two series.
BUDGET: Final = 100


def _values(asked: Asked) -> Reply:
    """Two series whose value is the minute of the day."""
    start, end = (int(float(asked.fields[edge][0])) for edge in ("start", "end"))
    points = [[ts, str(ts % 86_400 / 60)] for ts in range(start, end + 1, 60)]
    series = [{"metric": {"__name__": "up", "i": i}, "values": points} for i in ("a", "b")]
    return success({"resultType": "matrix", "result": series})


def server(asked: Asked) -> Reply:
    """Answers as a Prometheus with two series would."""
    path = asked.path.removeprefix("/api/v1/")
    if path == "status/buildinfo":
        return success({"version": "3.5.0"})
    if path == "series":
        return success([])  # so that chunks are cut by time only
    if path == "metadata":
        return success({"up": [{"type": "gauge"}]})
    if path == "query":
        return success({"resultType": "vector", "result": [{"metric": {}, "value": [0, "2"]}]})
    return _values(asked)


def failing(times: Callable[[int], bool], reply: Reply) -> Callable[[Asked], Reply]:
    """The same server, whose n-th answer to a range query is `reply` where `times` says so."""
    count = 0

    def answer(asked: Asked) -> Reply:
        nonlocal count
        if asked.path.endswith("query_range"):
            count += 1
            if times(count):
                return reply
        return server(asked)

    return answer


def _client(fake: FakePrometheus) -> Client:
    return Client(Connection(fake.url, patience=QUICK))


def _files(folder: Path, *but: str) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in named.items() if name not in but}


def _ranges(fake: FakePrometheus) -> list[str]:
    return [a.fields["start"][0] for a in fake.asked if a.path.endswith("query_range")]


_PROGRAM: Final = """
import sys
from datetime import timedelta
from rtobs.analytics.source import NothingFoundError, Question, download, plan
from rtobs.prometheus import Client, Connection
from tests.analytics.source.test_source_resume import BUDGET, END, MINUTE, QUESTION, START

client = Client(Connection(sys.argv[1]))
made = plan(client, [QUESTION], START, END, step=MINUTE, budget=BUDGET)
download(made, client, sys.argv[2], concurrency=2)
"""


def test_a_killed_process_is_carried_on(tmp_path: Path) -> None:
    """After kill -9 in the middle, only what is missing is asked for, and the bytes are equal."""
    slow = lambda asked: replace(server(asked), delay=0.05)  # noqa: E731
    with FakePrometheus(answers=slow) as fake:
        words = [sys.executable, "-c", _PROGRAM, fake.url, str(tmp_path / "killed")]
        process = subprocess.Popen(words)
        work = tmp_path / "killed" / "work"
        while len(list(work.glob("[0-9]*.json"))) < 5 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        done = len(list(work.glob("[0-9]*.json")))
        assert not (tmp_path / "killed" / "manifest.json").exists()
        time.sleep(0.5)  # what it asked for at last is still on its way
        before = len(_ranges(fake))
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE, budget=BUDGET)
        assert 5 <= done < len(made.chunks)
        download(made, client, tmp_path / "killed")
        assert len(_ranges(fake)) - before == len(made.chunks) - done
        download(made, client, tmp_path / "whole")
    assert _files(tmp_path / "killed") == _files(tmp_path / "whole")
    assert not work.exists()


def test_a_torn_chunk_is_fetched_again(tmp_path: Path) -> None:
    """Samples without the file that says what they are count for nothing."""
    with FakePrometheus(answers=failing(lambda n: n > 3, failure(503, "down"))) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE, budget=BUDGET)
        download(made, client, tmp_path / "x", concurrency=1)
        assert len(_ranges(fake)) > 3
    torn = min((tmp_path / "x" / "work").glob("[0-9]*.json"))
    torn.unlink()
    with FakePrometheus(answers=server) as fake:
        client = _client(fake)
        again = replace(made, source=fake.url)
        plan_file = tmp_path / "x" / "work" / "plan.json"
        plan_file.write_text(plan_file.read_text().replace(made.source, fake.url))
        for marker in (tmp_path / "x" / "work").glob("[0-9]*.json"):
            marker.write_text(marker.read_text().replace(made.digest, again.digest))
        export = download(again, client, tmp_path / "x")
        assert len(_ranges(fake)) == len(made.chunks) - 2
        assert export.samples("up").collect().height == 2 * 721
        export.verify()


def test_a_chunk_that_fails_is_a_hole_and_is_filled_later(tmp_path: Path) -> None:
    """The rest is there with the reason of the hole; the same call again asks for the hole only."""
    broken = failure(503, "overloaded")
    answers = failing(lambda n: n in (3, 4), broken)  # both tries of the third chunk
    with FakePrometheus(answers=answers) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE, budget=BUDGET)
        export = download(made, client, tmp_path / "x", concurrency=1)
        hole = export.about.holes[0]
        chunk = made.chunks[2]
        assert len(export.about.holes) == 1
        assert int(hole.start.timestamp() * 1000) == chunk.start
        assert int(hole.end.timestamp() * 1000) == chunk.end - 1
        assert "failed with status 503: overloaded" in hole.reason
        points = export.samples("up").collect()
        assert points.height == 2 * 721 - 2 * (chunk.end - chunk.start) // 60_000
        assert points.filter(pl.col("ts").is_between(hole.start, hole.end)).height == 0
        before = len(_ranges(fake))
        whole = download(made, client, tmp_path / "x")
        assert len(_ranges(fake)) - before == 1
        assert whole.about.holes == ()
        whole.verify()
        download(made, client, tmp_path / "y")
    assert _files(tmp_path / "x") == _files(tmp_path / "y")


@pytest.mark.parametrize(
    "reply",
    [
        failure(503, "busy"),
        failure(429, "slow down", Retry_After="0"),
        Reply(b'{"status":"success","data":{"resultType":"matrix","result":[', cut=30),
        Reply(b'{"status":"success","data":{"resultType":"mat'),
    ],
)
def test_a_passing_fault_leaves_no_trace(tmp_path: Path, reply: Reply) -> None:
    """Every third answer fails, and the export is whole."""
    with FakePrometheus(answers=failing(lambda n: n % 3 == 0, reply)) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE, budget=BUDGET)
        export = download(made, client, tmp_path, concurrency=1)
    expected = [float(minute) for minute in range(721)] * 2
    assert export.samples("up").collect()["value"].to_list() == expected
    assert export.about.holes == ()


def test_a_server_that_is_gone_is_not_asked_for_ever(tmp_path: Path) -> None:
    """After some failures in a row the rest is not tried; without any chunk it is an error."""
    with FakePrometheus(answers=failing(lambda _: True, failure(500, "broken"))) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE, budget=30)
        with pytest.raises(ExportError, match=r"the server gave nothing: .*broken"):
            download(made, client, tmp_path, concurrency=1)
        assert 2 * 8 <= len(_ranges(fake)) <= 2 * 12  # some may be under way
        assert len(made.chunks) > 30
    assert not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_of_everything_is_no_hole(tmp_path: Path, status: int) -> None:
    """Wrong credentials or a wrong question end the export at once."""
    with FakePrometheus(answers=failing(lambda n: n > 2, failure(status, "no"))) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE, budget=BUDGET)
        with pytest.raises(ServerError, match="no"):
            download(made, client, tmp_path, concurrency=1)
        assert 3 <= len(_ranges(fake)) <= 8  # some may be under way


def test_what_is_too_much_is_asked_for_in_halves(tmp_path: Path) -> None:
    """A server that refuses large answers gets smaller questions, and the samples are the same."""

    def answers(asked: Asked) -> Reply:
        if asked.path.endswith("query_range"):
            start, end = (float(asked.fields[edge][0]) for edge in ("start", "end"))
            if end - start > 3_600:
                return failure(422, "query processing would load too many samples into memory")
        return server(asked)

    with FakePrometheus(answers=answers) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE)
        assert len(made.chunks) == 1
        export = download(made, client, tmp_path)
    expected = [float(minute) for minute in range(721)] * 2
    assert export.samples("up").collect()["value"].to_list() == expected


def test_a_folder_of_another_export_is_left_alone(tmp_path: Path) -> None:
    """Neither a finished nor an unfinished export of something else is touched."""
    with FakePrometheus(answers=server) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE)
        other = plan(client, [Question("down")], START, END, step=MINUTE)
        download(made, client, tmp_path / "x")
        files = _files(tmp_path / "x")
        with pytest.raises(ExportError, match="holds another export; choose another folder"):
            download(other, client, tmp_path / "x")
        before = len(_ranges(fake))
        assert download(made, client, tmp_path / "x").about.queries == ("up",)
        assert (len(_ranges(fake)), _files(tmp_path / "x")) == (before, files)
    with FakePrometheus(answers=failing(lambda n: n == 3, failure(403, "no"))) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE, budget=BUDGET)
        with pytest.raises(ServerError):
            download(made, client, tmp_path / "y", concurrency=1)
        other = plan(client, [Question("down")], START, END, step=MINUTE)
        with pytest.raises(ExportError, match="holds an unfinished export of something else"):
            download(other, client, tmp_path / "y")


def test_chunks_of_another_plan_count_for_nothing(tmp_path: Path) -> None:
    """Where the plan is gone, what is left of its chunks is not taken for those of the next."""
    with FakePrometheus(answers=failing(lambda n: n == 3, failure(403, "no"))) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE, budget=BUDGET)
        with pytest.raises(ServerError):
            download(made, client, tmp_path, concurrency=1)
        (tmp_path / "work" / "plan.json").unlink()
        later = plan(client, [QUESTION], START + MINUTE, END, step=MINUTE, budget=BUDGET)
        export = download(later, client, tmp_path)
    assert (
        export.samples("up").collect()["value"].to_list() == [float(m) for m in range(1, 721)] * 2
    )


def test_an_export_until_now_keeps_its_end(tmp_path: Path) -> None:
    """Carried on later, it ends where it was going to end when it began."""
    start = datetime.now(UTC) - timedelta(hours=6)
    with FakePrometheus(answers=failing(lambda n: n == 3, failure(403, "no"))) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], start, step=MINUTE, budget=BUDGET)
        with pytest.raises(ServerError):
            download(made, client, tmp_path, concurrency=1)
        later = replace(made, end=made.end + timedelta(hours=1), chunks=made.chunks[:1])
        assert later.digest == made.digest
        export = download(later, client, tmp_path)
    assert export.about.end == made.end
    assert export.samples("up").collect().height == 2 * 361


def test_an_unfinished_export_of_another_time_says_how_it_goes_on(tmp_path: Path) -> None:
    """A relative start is another with each call; the message has the one that began."""
    with FakePrometheus(answers=failing(lambda n: n == 3, failure(403, "no"))) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE, budget=BUDGET)
        with pytest.raises(ServerError):
            download(made, client, tmp_path, concurrency=1)
        later = plan(client, [QUESTION], START + MINUTE, END + MINUTE, step=MINUTE)
        said = "unfinished; --from 2026-11-01T00:00:00Z --to 2026-11-01T12:00:00Z goes on with it"
        with pytest.raises(ExportError, match=said):
            download(later, client, tmp_path)


@pytest.mark.parametrize(
    "other", ["a.yaml", "samples/mine.csv", "work/notes.json", "x/series.parquet"]
)
def test_files_of_others_are_not_touched(tmp_path: Path, other: str) -> None:
    """An export tidies its folder, so it begins in none that holds something else."""
    (tmp_path / other).parent.mkdir(exist_ok=True)
    (tmp_path / other).write_text("mine")
    with FakePrometheus(answers=server) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE)
        for resume in (True, False):
            with pytest.raises(ExportError, match="holds other files; choose another folder"):
                download(made, client, tmp_path, resume=resume)
        assert _ranges(fake) == []
    assert _files(tmp_path) == {other: b"mine"}


def test_only_native_histograms_are_no_export(tmp_path: Path) -> None:
    """Nothing that can be kept came, and the message says what did."""
    histogram = {"metric": {"__name__": "h"}, "histograms": [[1, {"count": "1"}]]}
    reply = success({"resultType": "matrix", "result": [histogram]})
    with FakePrometheus(answers=failing(lambda _: True, reply)) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE)
        with pytest.raises(NothingFoundError, match="but native histograms, which are left out"):
            download(made, client, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_native_histograms_are_counted_and_left_out(tmp_path: Path) -> None:
    """A series of native histograms is no series of numbers; the manifest says how many."""

    def answers(asked: Asked) -> Reply:
        if not asked.path.endswith("query_range"):
            return server(asked)
        body = json.loads(server(asked).body)
        histogram = {"metric": {"__name__": "h"}, "histograms": [[1, {"count": "1"}]]}
        body["data"]["result"].append(histogram)
        body["infos"] = ["a remark"]
        return Reply(json.dumps(body, separators=(",", ":")).encode())

    with FakePrometheus(answers=answers) as fake:
        client = _client(fake)
        export = download(plan(client, [QUESTION], START, END, step=MINUTE), client, tmp_path)
    assert (export.about.histograms_skipped, export.metrics) == (1, ("up",))
    assert (export.about.warnings, export.about.types) == (("a remark",), {"up": "gauge"})


def test_progress_is_reported(tmp_path: Path) -> None:
    """After each chunk, how many chunks and samples are there."""
    seen: list[Progress] = []
    with FakePrometheus(answers=server) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE, budget=BUDGET)
        download(made, client, tmp_path, report=seen.append)
    count = len(made.chunks)
    assert [one.done for one in seen] == list(range(1, count + 1))
    assert seen[-1] == Progress(count, count, 2 * 721, 0)


def test_beginning_anew_takes_nothing_from_another_export(tmp_path: Path) -> None:
    """`resume=False` clears what is left of the same questions only."""
    with FakePrometheus(answers=failing(lambda n: n == 3, failure(403, "no"))) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE, budget=BUDGET)
        with pytest.raises(ServerError):
            download(made, client, tmp_path, concurrency=1)
        left = _files(tmp_path)
        assert len(left) > 1
        other = plan(client, [Question("down")], START, END, step=MINUTE)
        with pytest.raises(ExportError, match="holds an unfinished export of something else"):
            download(other, client, tmp_path, resume=False)
        assert _files(tmp_path) == left
        later = plan(client, [QUESTION], START + MINUTE, END, step=MINUTE, budget=BUDGET)
        assert download(later, client, tmp_path, resume=False).about.start == START + MINUTE


def test_holes_without_work_are_fetched_again(tmp_path: Path) -> None:
    """Where the chunks of an export with holes are gone, it begins anew instead of staying so."""
    answers = failing(lambda n: n in (3, 4), failure(503, "overloaded"))
    with FakePrometheus(answers=answers) as fake:
        client = _client(fake)
        made = plan(client, [QUESTION], START, END, step=MINUTE, budget=BUDGET)
        assert len(download(made, client, tmp_path, concurrency=1).about.holes) == 1
        shutil.rmtree(tmp_path / "work")
        export = download(made, client, tmp_path)
    assert export.about.holes == ()
    assert export.samples("up").collect().height == 2 * 721
