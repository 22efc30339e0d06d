"""`rtobs export` on the command line."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from rtobs.analytics.store import open_export
from rtobs.cli.main import main
from tests.prometheus_client.fake_prometheus import Asked, FakePrometheus, Reply, failure, success

Out = pytest.CaptureFixture[str]
TIME: Final = ("--from", "2026-11-01", "--to", "2026-11-01T02:00:00Z")
RTOBS: Final = (sys.executable, "-c", "from rtobs.cli.main import main; raise SystemExit(main())")
TABLE: Final = """\
metric  series  samples  first             last
up           2      242  2026-11-01 00:00  2026-11-01 02:00

242 samples of 2 series, SIZE kB, in OUT
"""
PLAN: Final = """\
server    Prometheus 3.5.0 at URL (dialect v3)
time      2026-11-01 00:00:00 to 2026-11-01 02:00:00 UTC, a grid of 0:01:00
estimate  2 series, 242 samples, 605 B, 1 request

requests  series  query
       1       2  up
"""


def _server(asked: Asked) -> Reply:
    """Two series of any metric, each minute; nothing of recorded series."""
    path = asked.path.removeprefix("/api/v1/")
    if path == "status/buildinfo":
        return success({"version": "3.5.0"})
    if path == "metadata":
        return success({})
    query = asked.fields["query"][0]
    if path == "query_range":
        start, end = (int(float(asked.fields[edge][0])) for edge in ("start", "end"))
        step = int(float(asked.fields["step"][0]))
        points = [[ts, "1"] for ts in range(start, end + 1, step)]
        name: dict[str, str] = {"__name__": "up"} if query == "up" else {}
        result = [{"metric": name | {"i": i}, "values": points} for i in "ab"]
        return success({"resultType": "matrix", "result": result})
    if "slo_id" in query:
        return success({"resultType": "vector", "result": []})
    if "ms]" in query and "count" not in query:
        return success({"resultType": "matrix", "result": []})
    row = {"metric": {"__name__": "up"}, "value": [0, "2"]}
    return success({"resultType": "vector", "result": [row]})


def _export(fake: FakePrometheus, out: Path, *words: str) -> int:
    return main(["export", "--url", fake.url, *TIME, "--out", str(out), *words])


def test_a_grid_is_exported_and_summed_up(tmp_path: Path, capsys: Out) -> None:
    """A table says what came; the folder is an export."""
    with FakePrometheus(answers=_server) as fake:
        assert _export(fake, tmp_path / "x", "--select", "up", "--step", "1m") == 0
    out, err = capsys.readouterr()
    shown = re.sub(r"[0-9.]+ kB", "SIZE kB", out).replace(str(tmp_path / "x"), "OUT")
    assert (shown, err) == (TABLE, "")
    export = open_export(tmp_path / "x")
    assert export.samples("up").collect().height == 242
    assert (export.about.mode, export.about.queries) == ("grid", ("up",))


def test_the_plan_is_printed_and_nothing_is_fetched(tmp_path: Path, capsys: Out) -> None:
    """`--plan` asks for counts and writes nothing; it needs no folder."""
    with FakePrometheus(answers=_server) as fake:
        words = ["--select", "up", "--step", "1m", "--plan"]
        assert main(["export", "--url", fake.url, *TIME, *words]) == 0
        assert not [asked for asked in fake.asked if asked.path.endswith("query_range")]
        assert capsys.readouterr().out == PLAN.replace("URL", fake.url)
    assert list(tmp_path.iterdir()) == []


def test_credentials_and_tenant_are_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    """A token file goes before variables; nothing of it is printed or stored."""
    token = tmp_path / "token"
    token.write_text("from-file")
    sent: list[set[str]] = []
    for words, variables in (
        (("--token-file", str(token)), {"RTOBS_PROMETHEUS_TOKEN": "from-variable"}),
        ((), {"RTOBS_PROMETHEUS_TOKEN": "from-variable"}),
        ((), {"RTOBS_PROMETHEUS_USER": "ann", "RTOBS_PROMETHEUS_PASSWORD": "pass"}),
    ):
        with FakePrometheus(answers=_server) as fake, monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            out = tmp_path / f"x{len(sent)}"
            assert (
                _export(fake, out, "--select", "up", "--step", "1m", "--tenant", "t", *words) == 0
            )
            sent.append({asked.headers["authorization"] for asked in fake.asked})
            assert {asked.headers["x-scope-orgid"] for asked in fake.asked} == {"t"}
            assert json.loads((out / "manifest.json").read_text())["tenant"] == "t"
    assert sent == [{"Bearer from-file"}, {"Bearer from-variable"}, {"Basic YW5uOnBhc3M="}]
    printed = "".join(capsys.readouterr())
    written = "".join(p.read_text() for p in tmp_path.glob("x*/*.json"))
    for secret in ("from-file", "from-variable", "YW5uOnBhc3M", "ann"):
        assert secret not in printed + written


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--select", "sum(up)"), "sum(up) is no plain selector, so it has no raw samples"),
        (("--select", "up{"), "up{ is no PromQL"),
        (("--select", "up", "--concurrency", "0"), "--concurrency is 1 at least"),
        (("--slo", "shop-order"), 'there is no SLO "shop-order"; did you mean shop-orders'),
        (("--slo", "shop-orders", "--step", "1m"), "--step goes with --select"),
        (("--slo", "shop-up", "--events", "counters"), "shop-up counts no counters; use --events"),
        (("--slo", "shop-orders"), "there are no recorded series of shop-orders in that time"),
    ],
)
def test_a_wrong_wish_is_one_sentence(
    folder: Path, words: tuple[str, ...], message: str, capsys: Out
) -> None:
    """What cannot be is said with what to do instead, and nothing is written."""
    with FakePrometheus(answers=_server) as fake:
        assert _export(fake, folder / "x", *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.startswith("rtobs: ")
    assert err.count("\n") == 1
    assert not (folder / "x").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--from", "yesterday"), '"yesterday" is no time such as 2026-11-01'),
        (("--from", "now-1x"), '"1x" is no duration such as'),
        (("--from", "now", "--step", "0s"), "a duration must be longer than zero"),
        (("--from", "now", "--step", "1m", "--raw"), "not allowed with argument"),
        (("--from", "now", "--slo", "a"), "not allowed with argument"),
    ],
)
def test_wrong_words_are_refused(words: tuple[str, ...], message: str, capsys: Out) -> None:
    """The parser says which word is wrong."""
    with pytest.raises(SystemExit) as caught:
        main(["export", "--url", "http://x", "--out", "x", "--select", "up", *words])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_no_folder_is_named(capsys: Out) -> None:
    """Only a plan needs none."""
    assert main(["export", "--url", "http://x", "--from", "now", "--select", "up"]) == 2
    assert "--out says where the export goes" in capsys.readouterr().err


def test_expressions_of_an_slo(folder: Path, capsys: Out) -> None:
    """The server computes what the rules would have recorded, under the recorded names."""
    with FakePrometheus(answers=_server) as fake:
        words = ("--slo", "shop-orders", "--events", "expressions")
        assert _export(fake, folder / "x", *words) == 0
        queries = {a.fields["query"][0] for a in fake.asked if a.path.endswith("query_range")}
    assert "sum(rate(orders_total[5m]))" in queries
    export = open_export(folder / "x")
    assert export.metrics == (
        "slo:sli_bad:increase5m",
        "slo:sli_bad:rate5m",
        "slo:sli_error:ratio_rate1h",
        "slo:sli_total:increase5m",
        "slo:sli_total:rate5m",
    )
    assert export.select("slo:sli_total:rate5m", slo_id="shop-orders").height == 2
    steps = export.samples("slo:sli_bad:increase5m").collect()["ts"].diff().drop_nulls()
    assert steps.max() == timedelta(minutes=5)
    assert "slo:sli_total:rate5m" in capsys.readouterr().out


def test_slos_without_counters_are_left_out_of_all(folder: Path, capsys: Out) -> None:
    """`--all-slos --events counters` exports those that count, and says how many do not."""
    with FakePrometheus(answers=_server) as fake:
        _export(fake, folder / "x", "--all-slos", "--events", "counters")
    assert re.match(
        r"rtobs export: \d+ SLOs count no counters and are left out\n", capsys.readouterr().err
    )
    queries = open_export(folder / "x").about.queries
    assert queries[:2] == ("orders_total", 'orders_total{status="failed"}')


def test_a_hole_is_said_and_the_exit_code_is_1(tmp_path: Path, capsys: Out) -> None:
    """What the server did not give is listed with the reason, and how to get it."""

    def answers(asked: Asked) -> Reply:
        late = asked.path.endswith("query_range") and "1793750400.000" in asked.fields["start"]
        return failure(422, "out of memory") if late else _server(asked)

    words = ["--from", "2026-11-01", "--to", "2026-11-05", "--select", "up", "--step", "1s"]
    with FakePrometheus(answers=answers) as fake:
        out = str(tmp_path / "x")
        assert main(["export", "--url", fake.url, "--out", out, *words]) == 1
    out, _ = capsys.readouterr()
    assert "missing: up from 2026-11-04 00:00:00+00:00 to 2026-11-04 0" in out
    assert "failed with status 422: out of memory" in out
    assert out.endswith("run the same command again to fetch what is missing\n")


def test_nothing_matches(tmp_path: Path, capsys: Out) -> None:
    """An export without samples is worth an exit code."""
    with FakePrometheus(answers=_server) as fake:
        assert _export(fake, tmp_path, "--select", "down") == 1
    assert "nothing matched in that time" in capsys.readouterr().out


def test_relative_times(tmp_path: Path) -> None:
    """`now-2h` is two hours ago, and the end is now."""
    with FakePrometheus(answers=_server) as fake:
        words = ["--from", "now-2h", "--select", "up", "--step", "1m", "--out", str(tmp_path)]
        assert main(["export", "--url", fake.url, *words]) == 0
    about = open_export(tmp_path).about
    assert about.end - about.start == timedelta(hours=2)
    assert timedelta() <= datetime.now(UTC) - about.end < timedelta(minutes=2)


def test_progress_is_shown_on_a_terminal(tmp_path: Path) -> None:
    """A terminal sees how far it is; a log does not (the tests above see nothing)."""
    with FakePrometheus(answers=_server) as fake:
        ours, theirs = pty.openpty()
        words = [*RTOBS, "export", "--url", fake.url, *TIME]
        words += ["--select", "up", "--step", "1m", "--out", str(tmp_path / "x")]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=60)
        os.close(theirs)
        shown = os.read(ours, 10_000).decode()
        os.close(ours)
    assert "1/1 requests, 242 samples" in shown
    assert b"requests" not in done.stdout


def test_an_interrupt_ends_at_once_and_can_be_carried_on(tmp_path: Path) -> None:
    """Ctrl-C ends with 130 although requests are under way, and says how to go on."""

    def slow(asked: Asked) -> Reply:
        reply = _server(asked)
        return Reply(reply.body, delay=30) if asked.path.endswith("query_range") else reply

    with FakePrometheus(answers=slow) as fake:
        words = [*RTOBS, "export", "--url", fake.url, *TIME]
        words += ["--select", "up", "--step", "1m", "--out", str(tmp_path / "x")]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not [asked for asked in fake.asked if asked.path.endswith("query_range")]:
            time.sleep(0.05)
            assert process.poll() is None
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert time.monotonic() - start < 10
    assert process.returncode == 130
    assert "the same command goes on from here" in err
    assert (tmp_path / "x" / "work" / "plan.json").exists()
