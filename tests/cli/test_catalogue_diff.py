"""`rtobs catalogue diff` on the command line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from rtobs.cli.main import main
from tests.servers.metrics_page import MetricsPage

PAGE = """\
# TYPE orders_total counter
orders_total{status="lost"} 1
# TYPE dust gauge
dust 1
go_goroutines 1
"""
GOOD = PAGE.replace("lost", "ok")
SITE = """\
apiVersion: rtobs/v1
kind: Site
default: prod
environments:
  prod: {components: {shop: {version: "3.2", prefix: acme_}}}
"""
SHOWN = """\
UNKNOWN VALUE (1)
! orders_total{status=lost}
      nothing in the catalogue explains it

UNKNOWN METRIC (1)
  dust
      the catalogue is a selection, and nothing reads what is not in it

shop, version unknown: 1 of 1 metrics found (1 of client libraries ignored); 2 differences, 1 of
them unexplained
"""


@pytest.fixture
def page(folder: Path) -> Path:
    """A page with a value that the catalogue does not list, in the folder of a team."""
    path = folder / "metrics.txt"
    path.write_text(PAGE, encoding="utf-8")
    return path


def diff(*words: str) -> int:
    """Exit status of the verb."""
    return main(["catalogue", "diff", *words])


def test_a_difference_is_shown_under_its_kind(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nothing explains is marked, what needs nobody says why, the sum comes last."""
    status = diff("shop", page.name)

    assert (status, capsys.readouterr().out) == (1, SHOWN)


def test_explained_differences_are_fine(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status says whether somebody has to look."""
    page.write_text(GOOD, encoding="utf-8")

    status = diff("shop", page.name)

    last = capsys.readouterr().out.split(";")[-1]
    assert (status, " ".join(last.split())) == (0, "1 differences, none of them unexplained")


def test_the_component_is_recognised(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page that belongs to one component needs no name."""
    status = diff(page.name, "--format", "json")

    assert (status, json.loads(capsys.readouterr().out)["component"]) == (1, "shop")


def test_json_has_every_difference(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program gets what the text shortens."""
    page.write_text(PAGE + "".join(f"dust{n} 1\n" for n in range(20)), encoding="utf-8")

    diff("shop", page.name, "--format", "json", "--deployed", "7")

    found = json.loads(capsys.readouterr().out)
    first = found["differences"][0]
    assert (found["version"], found["unexplained"], len(found["differences"])) == ("7", 1, 22)
    assert first == {
        "kind": "unknown value",
        "metric": "orders_total",
        "label": "status",
        "expected": ["ok", "failed"],
        "found": ["lost"],
        "explanation": "",
        "remedy": "",
    }


def test_long_lists_are_shortened(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A hundred metrics that nobody reads do not hide the one that somebody does."""
    page.write_text(GOOD + "".join(f"dust{n} 1\n" for n in range(20)), encoding="utf-8")

    diff("shop", page.name)

    assert "and 9 more" in " ".join(capsys.readouterr().out.split())


def test_a_page_cannot_speak_to_the_terminal(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control characters in a label's value are not printed."""
    page.write_text(PAGE.replace("lost", "\x1b[31mlost"), encoding="utf-8")

    diff("shop", page.name)

    assert "orders_total{status=?[31mlost}" in capsys.readouterr().out


def test_the_site_says_how_it_is_deployed(
    page: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prefix and version of site.yaml count."""
    (folder / "slo" / "site.yaml").write_text(SITE, encoding="utf-8")
    page.write_text(GOOD.replace("orders", "acme_orders"), encoding="utf-8")

    status = diff("shop", page.name)

    assert status == 0
    assert capsys.readouterr().out.splitlines()[-2].startswith("shop 3.2: 1 of 1 metrics found")


def test_several_pages_are_one(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Processes or paths that together are a component are compared together."""
    other = page.with_name("other.txt")
    other.write_text("go_threads 1\n", encoding="utf-8")

    diff("shop", page.name, other.name, "--format", "json")

    assert json.loads(capsys.readouterr().out)["ignored"] == 2


def test_a_page_comes_from_standard_input(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other programs fetch what rtobs cannot reach."""
    del folder
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PAGE.encode())))

    status = diff("shop", "-")

    assert (status, "orders_total{status=lost}" in capsys.readouterr().out) == (1, True)


def test_a_page_comes_from_a_server(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An address is asked over HTTP."""
    del folder
    with MetricsPage(GOOD) as server:
        status = diff("shop", f"{server.http.url}/metrics")

    assert (status, capsys.readouterr().err) == (0, "")


class Guarded(BaseHTTPRequestHandler):
    """Sends /there to another server and /here to /metrics, and wants a token for that."""

    def do_GET(self) -> None:
        """Answers."""
        targets = {"/there": "http://192.0.2.1/metrics", "/here": "/metrics"}
        if self.path in targets:
            self.send_response(302)
            self.send_header("Location", targets[self.path])
            self.end_headers()
            return
        allowed = self.headers["Authorization"] == "Bearer s3cret"
        self.send_response(200 if allowed else 401)
        self.end_headers()
        self.wfile.write(GOOD.encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def guarded() -> Iterator[str]:
    """The address of a server that wants a token."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["metrics", "here"])
def test_a_token_from_a_file_opens_the_door(
    folder: Path, guarded: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The token goes along to another path of the same server."""
    (folder / "token").write_text("s3cret\n", encoding="utf-8")

    status = diff("shop", f"{guarded}/{path}", "--token-file", "token")

    assert (status, capsys.readouterr().err) == (0, "")


def test_without_a_token_the_refusal_is_told(
    folder: Path, guarded: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The status of the server is in the message."""
    del folder

    status = diff("shop", f"{guarded}/metrics")

    expected = f"rtobs: {guarded}/metrics answers 401 Unauthorized\n"
    assert (status, capsys.readouterr().err) == (2, expected)


def test_a_token_never_follows_to_another_server(
    folder: Path, guarded: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A redirect elsewhere ends the journey."""
    (folder / "token").write_text("s3cret", encoding="utf-8")

    status = diff("shop", f"{guarded}/there", "--token-file", "token")

    told = (
        f"rtobs: {guarded}/there sends to another server, http://192.0.2.1/metrics; ask that one\n"
    )
    assert (status, capsys.readouterr().err) == (2, told)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "rtobs: name a file or an address with metrics: rtobs catalogue diff PAGE\n"),
        (
            ("vlm", "metrics.txt"),
            'rtobs: "vlm" is no file and no component; did you mean "vllm"?\n',
        ),
        (("gone.txt",), 'rtobs: "gone.txt" is no file and no component\n'),
        (("shop", "gone.txt"), "rtobs: gone.txt: No such file or directory\n"),
        (("shop", "slo"), "rtobs: slo: Is a directory\n"),
        (
            ("shop", "slo/policy.yaml"),
            (
                'rtobs: slo/policy.yaml is no page of metrics: line 1: "apiVersion: rtobs/v1" is no'
                " sample\n"
            ),
        ),
        (("vllm", "metrics.txt"), "rtobs: metrics.txt has no metric of vllm\n"),
        (
            ("foreign.txt",),
            (
                "rtobs: the page has no metric of the catalogue; name its component:"
                " rtobs catalogue diff COMPONENT PAGE\n"
            ),
        ),
        (("shop", "ftp://host/x"), "rtobs: ftp://host/x: only http and https are read, not ftp\n"),
        (
            ("shop", "file:///etc/x"),
            "rtobs: file:///etc/x: only http and https are read, not file\n",
        ),
        (
            ("shop", "http://me:secret@host/x"),
            "rtobs: an address must not hold a password; say --token-file\n",
        ),
        (
            ("shop", "http://127.0.0.1:9/metrics"),
            "rtobs: http://127.0.0.1:9/metrics cannot be read: [Errno 111] Connection refused\n",
        ),
        (
            ("shop", "metrics.txt", "--token-file", "empty"),
            "rtobs: empty: not one token\n",
        ),
        (("shop", "endless"), "rtobs: endless: longer than 64 MiB\n"),
        (("shop", "binary"), "rtobs: binary: not UTF-8 text (byte 1)\n"),
    ],
)
def test_what_cannot_be_compared_is_usage(
    page: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    """2 is not 1: a page that was not read says nothing about the catalogue."""
    page.with_name("foreign.txt").write_text("dust 1\n", encoding="utf-8")
    page.with_name("empty").write_text("", encoding="utf-8")
    with page.with_name("endless").open("wb") as file:
        file.truncate(64 * 1024**2 + 1)
    page.with_name("binary").write_bytes(b"\xff\xfe")

    status = diff(*words)

    assert (status, capsys.readouterr()) == (2, ("", message))


def test_one_name_is_looked_up_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    """A forgotten `diff` is told, not ignored."""
    status = main(["catalogue", "vllm", "metrics.txt"])

    assert (status, capsys.readouterr().err) == (2, "rtobs catalogue: one name, not 2\n")
