"""`rtobs export` on the command line."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
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
time      2026-11-01 00:00:00 to 2026-11-01 02:00:00 UTC, a grid of 1m
estimate  2 series, 242 samples, 605 B, 1 request

requests  series  query
       1       2  up
"""


def _server(asked: Asked) -> Reply:
    """Two series of any metric, each minute; nothing of recorded series."""
    path = asked.path.removeprefix("/api/v1/")
    if path == "status/buildinfo":
        return success({"version": "3.5.0"})
    if path in ("metadata", "series"):
        return success({} if path == "metadata" else [])
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
        (
            ("--slo", "shop-up", "--slo", "shop-orders", "--slo", "edge-up", "--events=counters"),
            "without counters: shop-up, edge-up; leave them out; --events recorded and --events",
        ),
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
    """`--all-slos --events counters` exports those that count, and names those that do not."""
    with FakePrometheus(answers=_server) as fake:
        words = ("--all-slos", "--events", "counters", "--plan")
        assert _export(fake, folder / "x", *words) == 0
    out, err = capsys.readouterr()
    assert sorted(
        err.removeprefix("rtobs export: without counters: ").split("; ")[0].split(", ")
    ) == [
        "edge-up",
        "shop-up",
    ]
    assert "; they are left out; --events recorded and --events expressions have them" in err
    assert [line.split()[-1] for line in out.splitlines()[-2:]] == [
        "orders_total",
        'orders_total{status="failed"}',
    ]


def test_counters_that_are_not_there_are_named(folder: Path, capsys: Out) -> None:
    """Counters are looked for by the selectors of each SLO."""

    def answers(asked: Asked) -> Reply:
        query = asked.fields.get("query", [""])[0]
        if query.endswith("ms]"):
            name = "orders_total" if present else "shop_other_total"
            series = {"metric": {"__name__": name}, "values": [[1793491200, "1"]]}
            return success({"resultType": "matrix", "result": [series]})
        return _server(asked)

    for present in (True, False):
        with FakePrometheus(answers=answers) as fake:
            words = ("--slo", "shop-orders", "--events", "counters")
            assert _export(fake, folder / f"{present}", *words) == (0 if present else 1)
        said = "" if present else "rtobs export: no series of shop-orders in that time\n"
        assert capsys.readouterr().err == said


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
    assert "missing: up from 2026-11-04 00:00:00 to 2026-11-04 0" in out
    assert "failed with status 422: out of memory" in out
    assert out.endswith("run the same command again to fetch what is missing\n")


@pytest.mark.parametrize("there", [True, False])
def test_nothing_matches(tmp_path: Path, capsys: Out, *, there: bool) -> None:
    """An export without samples is worth an exit code and leaves the folder as it was."""
    out = tmp_path / "x"
    if there:
        out.mkdir()
    with FakePrometheus(answers=_server) as fake:
        assert _export(fake, out, "--select", "down") == 1
        assert capsys.readouterr() == ("nothing matched in that time\n", "")
        assert list(tmp_path.rglob("*")) == [out] * there
        assert _export(fake, out, "--select", "up", "--step", "1m") == 0


def test_a_folder_of_other_files_is_left_alone(folder: Path, capsys: Out) -> None:
    """Nothing is asked and nothing written where something else lies, whatever the words."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    (folder / "m.om").touch()
    with FakePrometheus(answers=_server) as fake:
        assert _export(fake, folder / "slo", "--select", "up", "--no-resume") == 2
        assert _export(fake, folder / "m.om", "--select", "up") == 2
        assert fake.asked == []
    assert capsys.readouterr().err == (
        f"rtobs: {folder}/slo holds other files; choose another folder\n"
        f"rtobs: {folder}/m.om is a file; name a folder\n"
    )
    (folder / "m.om").unlink()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_slos_without_a_series_are_named(folder: Path, capsys: Out) -> None:
    """What the server computes nothing for is said after the table, with exit code 1."""

    def answers(asked: Asked) -> Reply:
        query = asked.fields.get("query", [""])[0]
        if "orders_total" in query and asked.path.endswith(("query", "query_range")):
            kind = "matrix" if asked.path.endswith("query_range") else "vector"
            return success({"resultType": kind, "result": []})
        return _server(asked)

    slos = ("--slo", "shop-orders", "--slo", "shop-up")
    with FakePrometheus(answers=answers) as fake:
        assert _export(fake, folder / "x", *slos, "--events", "expressions") == 1
    out, err = capsys.readouterr()
    assert "slo:sli_total:rate5m" in out
    assert err == "rtobs export: no series of shop-orders in that time\n"


def test_a_plan_shows_what_there_is(folder: Path, capsys: Out) -> None:
    """Queries without a series are counted, not listed; long ones are cut."""
    long = 'up{job=~"' + "x" * 200 + '"}'

    def answers(asked: Asked) -> Reply:
        if "down" in asked.fields.get("query", [""])[0]:
            return success({"resultType": "vector", "result": []})
        return _server(asked)

    with FakePrometheus(answers=answers) as fake:
        words = ("--select", "down", "--select", long, "--step", "90s", "--plan")
        assert _export(fake, folder / "slo", *words) == 0
    out, _ = capsys.readouterr()
    assert "UTC, a grid of 90s\n" in out
    assert out.endswith(f"       1       2  {long[:99]}…\n1 query without a series not shown\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--from", "yesterday"), '"yesterday" is no time such as 2026-11-01'),
        (("--from", "now-1x"), '"1x" is no duration such as'),
        (("--from", "now", "--step", "0s"), "a duration must be longer than zero"),
        (("--from", "now-999999d"), '"now-999999d" is outside of the years 1 to 9999'),
        (("--from", "now-9999999999999d"), '"9999999999999d" is longer than any data'),
        (("--from", "0001-01-01T00:00:00+14:00"), "is outside of the years 1 to 9999"),
    ],
)
def test_a_wrong_time_is_one_sentence(words: tuple[str, ...], message: str, capsys: Out) -> None:
    """It comes without the usage of all options."""
    assert main(["export", "--url", "http://x", "--out", "x", "--select", "up", *words]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_times_the_wrong_way_round_are_said_in_seconds(capsys: Out) -> None:
    """Nobody needs the microseconds of now."""
    words = ("--from", "2999-01-01", "--select", "up", "--out", "x")
    assert main(["export", "--url", "http://x", *words]) == 2
    assert re.search(
        r"would end \(\d{4}(-\d\d){2} \d\d:\d\d:\d\d UTC\)"
        r" before it starts \(2999-01-01 00:00:00 UTC\)",
        capsys.readouterr().err,
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("127.0.0.1:9090", "https://prometheus:9090; did you mean http://127.0.0.1:9090?"),
        ("localhost:9090", "did you mean http://localhost:9090?"),
        ("ann:secret@host:9090", "is no URL such as https://prometheus:9090\n"),
        ("secret", "is no URL such as https://prometheus:9090\n"),
    ],
)
def test_an_address_without_a_scheme(url: str, message: str, capsys: Out) -> None:
    """A host with a port gets a hint; what may hold a secret is not repeated."""
    assert main(["export", "--url", url, *TIME, "--select", "up", "--plan"]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "secret" not in err


def test_a_finished_relative_export_says_so(tmp_path: Path, capsys: Out) -> None:
    """The next `now-2h` is another time: it says what is there, and --no-resume begins anew."""
    out = tmp_path / "x"
    with FakePrometheus(answers=_server) as fake:
        words = ["export", "--url", fake.url, "--select", "up", "--step", "1s", "--out", str(out)]
        assert main([*words, "--from", "now-2h"]) == 0
        capsys.readouterr()
        assert main([*words, "--from", "now-1h"]) == 2
        assert re.fullmatch(
            r"rtobs: \S+/x holds this export, finished, from [0-9: -]+ to [0-9: -]+ UTC;"
            r" --no-resume begins anew, or choose another folder\n",
            capsys.readouterr().err,
        )
        assert main([*words, "--from", "now-1h", "--no-resume"]) == 0
    about = open_export(out).about
    assert about.end - about.start == timedelta(hours=1)


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


def test_a_terminal_sees_that_it_is_tried_again() -> None:
    """A server that is away costs seconds, so a terminal is told what they are for."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
    ours, theirs = pty.openpty()
    words = [*RTOBS, "export", "--url", url, *TIME, "--select", "up", "--plan"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=theirs, check=False, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert done.returncode == 2
    assert shown.count(f"{url} cannot be reached: Connection refused; trying again…") == 1


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


def test_recorded_series_of_a_part_of_the_time_are_exported(folder: Path, capsys: Out) -> None:
    """Rules that ran for some days of a month have series, whatever the instants of the plan."""

    def answers(asked: Asked) -> Reply:
        if asked.path.endswith("series"):
            return success([{"__name__": "slo:sli_total:rate5m", "slo_id": "shop-orders"}])
        return _server(asked)

    with FakePrometheus(answers=answers) as fake:
        assert _export(fake, folder / "x", "--slo", "shop-orders", "--plan") == 0
    out, err = capsys.readouterr()
    assert "estimate  1 series" in out
    assert err == ""


def test_words_of_a_server_do_not_act_on_a_terminal(tmp_path: Path, capsys: Out) -> None:
    """An escape in a name is shown as a sign."""

    def answers(asked: Asked) -> Reply:
        reply = _server(asked)
        return replace(reply, body=reply.body.replace(b'"up"', rb'"up\u001b[31m\nred"'))

    with FakePrometheus(answers=answers) as fake:
        assert _export(fake, tmp_path / "x", "--select", "up", "--step", "1m") == 0
    assert "up␛[31m red       2      242  2026" in capsys.readouterr().out
