"""The real servers that other tests build on: they start, answer, break on demand and go away."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.servers import (
    REMOTE_WRITE_RECEIVER,
    Alertmanager,
    BlackboxExporter,
    MetricsPage,
    MissingPartError,
    Nginx,
    NginxExporter,
    NodeExporter,
    PostgresExporter,
    PostgreSQL,
    Prometheus,
    Release,
    Server,
    ServerError,
    VictoriaMetrics,
    WebhookReceiver,
    amtool,
    everything_to,
    processes_in,
    program,
    promtool,
    wait_until,
)

REPOSITORY = Path(__file__).parents[2]
NOWHERE = everything_to("http://127.0.0.1:1")
BOTH = pytest.mark.parametrize("release", list(Release))
RULES = """\
groups:
  - name: page
    rules:
      - record: page:answer
        expr: answer
      - alert: AnswerIsWrong
        expr: page:answer != 42
        labels: {severity: critical}
        annotations: {summary: "The answer is {{ $value }}."}
"""
EVERY_SERVER: dict[str, Callable[[], Server]] = {
    "prometheus-oldest": lambda: Prometheus(release=Release.OLDEST),
    "prometheus-newest": lambda: Prometheus(release=Release.NEWEST),
    "alertmanager-oldest": lambda: Alertmanager(NOWHERE, Release.OLDEST),
    "alertmanager-newest": lambda: Alertmanager(NOWHERE, Release.NEWEST),
    "node-exporter-oldest": lambda: NodeExporter(Release.OLDEST),
    "node-exporter-newest": lambda: NodeExporter(Release.NEWEST),
    "postgresql": PostgreSQL,
    "nginx": Nginx,
    "victoria-metrics-oldest": lambda: VictoriaMetrics(release=Release.OLDEST),
    "victoria-metrics-newest": lambda: VictoriaMetrics(release=Release.NEWEST),
}


@pytest.mark.parametrize("make", EVERY_SERVER.values(), ids=EVERY_SERVER.keys())
def test_a_server_is_ready_in_its_block_and_gone_after_it(make: Callable[[], Server]) -> None:
    """In the block it answers; after it neither a process, nor a file, nor a listener is left."""
    with make() as server:
        folder = server.folder
        assert server.is_ready()
        assert server.pid is not None
        assert processes_in(folder) != []
    assert (processes_in(folder), folder.exists()) == ([], False)
    with pytest.raises(ConnectionRefusedError):
        server.http.get("/")


def test_a_server_leaves_nothing_when_the_block_fails_and_tells_its_log() -> None:
    """An error in the block stops the server and carries the end of its log."""
    postgresql = PostgreSQL()
    with pytest.raises(ZeroDivisionError) as caught, postgresql:
        _ = len(folders := [postgresql.folder]) / 0
    assert processes_in(folders[0]) == []
    assert "database system is ready to accept connections" in caught.value.__notes__[0]


def test_workers_without_a_master_are_ended_too() -> None:
    """A server whose main process was killed leaves no orphan."""
    with Nginx() as nginx:
        folder = nginx.folder
        assert nginx.pid is not None
        os.kill(nginx.pid, signal.SIGKILL)
        wait_until(lambda: nginx.pid is None, "the master to end")
        orphans = processes_in(folder)
    assert (len(orphans), processes_in(folder)) == (1, [])


def test_a_server_that_cannot_start_says_why_and_leaves_nothing() -> None:
    """A bad configuration is an error with the server's own words."""
    server = Prometheus({"scrape_configs": "no list"})
    with pytest.raises(ServerError, match="cannot unmarshal"):
        server.__enter__()
    assert None is server.pid


@pytest.mark.parametrize("name", ["Nginx", "PostgreSQL"])
def test_a_server_ends_when_the_process_that_started_it_is_killed(name: str) -> None:
    """Even a killed test run leaves no server and no worker of it, root's rights dropped or not."""
    code = (
        "import tests.servers as s, time\n"
        f"with s.{name}() as server: print(server.folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().decode().strip())
        before = len(processes_in(folder))
        run.kill()
    assert before >= 2
    assert wait_until(lambda: not processes_in(folder), f"{name} to end")
    shutil.rmtree(folder)


def test_a_missing_part_names_the_command_that_fetches_it(tmp_path: Path) -> None:
    """Who has not run `make parts` is told to."""
    with pytest.raises(MissingPartError, match="run `make parts`"):
        program("nginx", dest=tmp_path)


def test_a_part_in_a_closed_folder_can_be_copied_and_still_runs(tmp_path: Path) -> None:
    """A checkout that other users may not enter still gives them the program."""
    tmp_path.chmod(0o700)
    copy = program("nginx").copied_to(tmp_path / "copy")
    done = subprocess.run([copy.path, "-v"], env=copy.environment, check=False)
    assert (done.returncode, copy.open_to_everyone()) == (0, False)


@dataclass(frozen=True)
class Stack:
    """A page and a probed nginx, the Prometheus that reads them, its Alertmanager and receiver."""

    page: MetricsPage
    nginx: Nginx
    prometheus: Prometheus
    alertmanager: Alertmanager
    hook: WebhookReceiver


@pytest.fixture(scope="module", params=list(Release))
def stack(request: pytest.FixtureRequest, real_parts: None) -> Iterator[Stack]:
    """The alerting chain of one release, shared because Prometheus takes six seconds to begin."""
    del real_parts
    with (
        MetricsPage("answer 42\n") as page,
        Nginx() as nginx,
        BlackboxExporter(request.param) as blackbox,
        WebhookReceiver() as hook,
        Alertmanager(everything_to(hook.http.url), request.param) as alertmanager,
    ):
        config = {
            "scrape_configs": [
                page.http.scrape_config("page", tier="gold"),
                blackbox.probe_config("probe", [nginx.http.url], service="nginx"),
            ],
            "alerting": alertmanager.alerting(),
        }
        with Prometheus(config, rules={"page.yaml": RULES}, release=request.param) as prometheus:
            prometheus.wait_for("page:answer")
            yield Stack(page, nginx, prometheus, alertmanager, hook)


def test_prometheus_scrapes_and_evaluates(stack: Stack) -> None:
    """Rules given as text are evaluated on what is scraped."""
    (sample,) = stack.prometheus.wait_for("page:answer == 42")
    assert (sample.labels["job"], sample.labels["tier"]) == ("page", "gold")
    stack.prometheus.wait_for('up{job="probe"}')
    assert {target["health"] for target in stack.prometheus.targets()} == {"up"}
    assert stack.prometheus.rule_errors() == []


def test_prometheus_probes_through_the_blackbox_exporter(stack: Stack) -> None:
    """The scrape configuration puts the target into `instance` and its labels beside."""
    (sample,) = stack.prometheus.wait_for("probe_success == 1")
    stack.nginx.answer(HTTPStatus.BAD_GATEWAY)
    assert stack.prometheus.wait_for("probe_success == 0")
    assert (sample.labels["instance"], sample.labels["service"]) == (stack.nginx.http.url, "nginx")


def test_an_alert_reaches_the_webhook_and_clears(stack: Stack) -> None:
    """Prometheus, Alertmanager and the receiver work together."""
    assert (stack.hook.notifications, stack.prometheus.alerts()) == ((), [])
    stack.page.text = "answer 41\n"
    fired = stack.hook.wait_for("AnswerIsWrong", severity="critical")
    assert dict(fired.annotations) == {"summary": "The answer is 41."}
    held = [alert["labels"]["alertname"] for alert in stack.alertmanager.alerts()]
    assert held == ["AnswerIsWrong"]
    stack.page.text = "answer 42\n"
    assert stack.hook.wait_for("AnswerIsWrong", "resolved").labels == fired.labels


def test_prometheus_reloads_rules_and_refuses_bad_ones(stack: Stack) -> None:
    """A reload replaces the rules; after a refused one the old rules go on."""
    record_more = RULES.replace("expr: answer", "expr: answer + 1")
    stack.prometheus.reload(rules={"page.yaml": record_more})
    stack.prometheus.wait_for("page:answer == 43")
    with pytest.raises(ServerError, match="parse error"):
        stack.prometheus.reload(rules={"page.yaml": RULES.replace("expr: answer", "expr: (")})
    assert stack.prometheus.value("page:answer") == 43
    stack.prometheus.reload(rules={"page.yaml": RULES})


@BOTH
def test_prometheus_tells_of_rules_that_fail(release: Release) -> None:
    """An evaluation error is seen, with its group and rule."""
    two = '(vector(1) or label_replace(vector(2), "a", "b", "", ""))'
    text = f"groups: [{{name: g, rules: [{{record: r, expr: '{two} * on () {two}'}}]}}]"
    with Prometheus(rules={"r.yaml": text}, release=release) as prometheus:
        (error,) = wait_until(prometheus.rule_errors, "an evaluation error")
    assert error.startswith("g/r: found duplicate series")


def test_a_notification_is_found_by_name_status_and_labels() -> None:
    """Others that came before are passed over."""
    came = [("Other", "fast", "firing"), ("Burn", "slow", "firing"), ("Burn", "fast", "firing"),
            ("Burn", "fast", "resolved")]  # fmt: skip
    alerts = [
        {"status": status, "labels": {"alertname": name, "tier": tier}, "annotations": {}}
        for name, tier, status in came
    ]
    with WebhookReceiver() as hook:
        hook.http.post("/", json.dumps({"alerts": alerts}))
        found = [hook.wait_for("Burn", status, tier="fast") for status in ("firing", "resolved")]
    assert found == list(hook.notifications[2:])


def test_a_notification_that_does_not_come_is_an_error_with_what_came() -> None:
    """Waiting in vain ends, and says what was seen."""
    with WebhookReceiver() as hook, pytest.raises(ServerError, match=r"no firing .*Missing.* came"):
        hook.wait_for("Missing", seconds=0.1)


@BOTH
def test_prometheus_takes_remote_writes_only_where_the_flag_says_so(release: Release) -> None:
    """Without the flag the path answers "not found"; with it, nonsense is a bad request."""
    statuses = []
    for flags in ((), (REMOTE_WRITE_RECEIVER,)):
        with Prometheus(flags=flags, release=release) as prometheus:
            statuses.append(prometheus.http.post("/api/v1/write", b"nonsense").status)
    assert tuple(statuses) == (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)


def test_prometheus_reads_blocks_that_promtool_made(tmp_path: Path) -> None:
    """History can be filled in before the start."""
    storage = tmp_path / "storage"
    samples = "".join(f"old_answer 42 {time}\n" for time in range(1_700_000_000, 1_700_000_600, 60))
    text = tmp_path / "samples.om"
    text.write_text(f"# TYPE old_answer gauge\n{samples}# EOF\n")
    done = promtool("tsdb", "create-blocks-from", "openmetrics", text, storage)
    assert done.returncode == 0, done.stderr
    years = ("--storage.tsdb.retention.time=20y",)
    with Prometheus(storage=storage, flags=years) as prometheus:
        assert prometheus.value("sum_over_time(old_answer[10m])", at=1_700_000_599) == 420.0
        (series,) = prometheus.query_range("old_answer", 1_700_000_000, 1_700_000_060, 60)
    assert series.points == ((1_700_000_000, 42.0), (1_700_000_060, 42.0))


@BOTH
def test_promtool_checks_rules(release: Release, tmp_path: Path) -> None:
    """The promtool of both versions accepts good rules and refuses bad ones."""
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(RULES)
    bad.write_text(RULES.replace("expr: answer", "expr: ("))
    codes = [promtool("check", "rules", file, release=release).returncode for file in (good, bad)]
    assert codes == [0, 1]


@BOTH
def test_amtool_checks_configurations(release: Release, tmp_path: Path) -> None:
    """The amtool of both versions accepts a good configuration and refuses a bad one."""
    good, bad = tmp_path / "good.yml", tmp_path / "bad.yml"
    good.write_text(json.dumps(NOWHERE))
    bad.write_text(json.dumps({**NOWHERE, "route": {"receiver": "nobody"}}))
    codes = [amtool("check-config", file, release=release).returncode for file in (good, bad)]
    assert codes == [0, 1]


@BOTH
def test_the_postgresql_exporter_sees_the_server_die_and_come_back(release: Release) -> None:
    """pg_up is 1, then 0, then 1; and what was stored is still there."""
    with PostgreSQL() as postgresql, PostgresExporter(postgresql, release) as exporter:
        postgresql.execute("create table t (n int); insert into t values (7)")
        assert "\npg_up 1\n" in exporter.metrics()
        postgresql.stop()
        assert "\npg_up 0\n" in exporter.metrics()
        postgresql.start()
        assert postgresql.execute("select n from t") == "7"
        wait_until(lambda: "\npg_up 1\n" in exporter.metrics(), "pg_up 1")


def test_postgresql_says_what_is_wrong_with_a_statement() -> None:
    """A refused statement is an error with the server's words."""
    with (
        PostgreSQL() as postgresql,
        pytest.raises(ServerError, match='relation "t" does not exist'),
    ):
        postgresql.execute("select n from t")


@BOTH
def test_the_nginx_exporter_sees_the_server_die(release: Release) -> None:
    """nginx_up is 1, also while the site is broken, and 0 when nginx is gone."""
    with Nginx() as nginx, NginxExporter(nginx, release) as exporter:
        nginx.answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        assert "\nnginx_up 1\n" in exporter.metrics()
        nginx.stop()
        assert "\nnginx_up 0\n" in exporter.metrics()


@BOTH
def test_the_blackbox_exporter_tells_a_good_answer_from_a_bad_one(release: Release) -> None:
    """A probe succeeds on 200, fails on 500 and on a refused connection."""
    with Nginx() as nginx, BlackboxExporter(release) as blackbox:
        seen = [blackbox.probe(nginx.http.url)]
        nginx.answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        seen.append(blackbox.probe(nginx.http.url))
        nginx.answer(HTTPStatus.OK)
        seen.append(blackbox.probe(nginx.http.url))
        nginx.refuse()
        seen.append(blackbox.probe(nginx.http.url))
    assert seen == [True, False, True, False]


def test_victoriametrics_takes_samples_and_answers_promql() -> None:
    """Samples that were loaded are there for the next query."""
    with VictoriaMetrics() as victoria:
        now = int(wait_until(lambda: victoria.value("time()"), "the time"))
        victoria.load(f'answer{{page="a"}} 42 {(now - 60) * 1000}\n')
        assert victoria.value('sum_over_time(answer{page="a"}[5m])') == 42.0


def test_victoriametrics_takes_otlp() -> None:
    """The newest version takes an export over OTLP, here an empty one."""
    with VictoriaMetrics() as victoria:
        headers = {"Content-Type": "application/x-protobuf"}
        answer = victoria.http.post("/opentelemetry/v1/metrics", b"", headers)
    assert answer.status == HTTPStatus.OK
