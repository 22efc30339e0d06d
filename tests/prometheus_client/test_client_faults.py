"""A server that is busy, slow, torn or wrong: what the client repeats, and what it says."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from rtobs.errors import ServerError
from rtobs.prometheus import AnswerError, Client, Connection, Patience
from tests.prometheus_client.fake_prometheus import FakePrometheus, Reply, failure, success

NOW = datetime(2026, 11, 1, tzinfo=UTC)
QUICK = Patience(connect=2, read=0.4, whole=1, tries=3, pause=0.01, longest_pause=2)
EMPTY = success({"resultType": "vector", "result": []})


def _client(fake: FakePrometheus, largest_body: int = 10_000_000) -> Client:
    return Client(Connection(fake.url, patience=QUICK, largest_body=largest_body))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_repeated(status: int) -> None:
    """Too many requests and faults of the server are asked again until the answer comes."""
    with FakePrometheus(failure(status, "busy"), failure(status, "busy"), EMPTY) as fake:
        assert _client(fake).query("up", NOW).value == []
        assert len(fake.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 501])
def test_a_refusal_is_not_repeated(status: int) -> None:
    """What the server will never answer is asked once."""
    with FakePrometheus(failure(status, "no")) as fake:
        with pytest.raises(AnswerError, match="no") as caught:
            _client(fake).query("up", NOW)
        assert (len(fake.asked), caught.value.status, caught.value.kind) == (1, status, "execution")


def test_it_gives_up_with_the_last_reason() -> None:
    """After the last try the error of the server is raised, with its status."""
    with FakePrometheus(answers=lambda _: failure(503, "overloaded")) as fake:
        with pytest.raises(AnswerError, match="failed with status 503: overloaded"):
            _client(fake).query("up", NOW)
        assert len(fake.asked) == 3


def test_retry_after_is_waited_for() -> None:
    """The pause is not shorter than the server asks for."""
    with FakePrometheus(failure(429, "slow down", Retry_After="1"), EMPTY) as fake:
        start = time.monotonic()
        _client(fake).query("up", NOW)
        assert 1.0 <= time.monotonic() - start < 2.0


def test_a_pause_that_is_too_long_is_not_waited_for() -> None:
    """A server that asks for an hour is given up at once, and the error says so."""
    with FakePrometheus(failure(429, "slow down", Retry_After="3600")) as fake:
        with pytest.raises(
            ServerError, match="it asks to wait 3600 seconds, this client waits 2 at"
        ):
            _client(fake).query("up", NOW)
        assert len(fake.asked) == 1


def test_a_silent_server_is_a_timeout() -> None:
    """Without a byte for the read timeout, the request is repeated and then given up."""
    with FakePrometheus(answers=lambda _: Reply(delay=0.8)) as fake:
        with pytest.raises(ServerError, match=r"said nothing for 0\.4 seconds"):
            _client(fake).query("up", NOW)
        assert len(fake.asked) == 3


def test_an_answer_that_drips_is_ended() -> None:
    """Bytes that come and come do not hold a request longer than the limit for the whole."""
    drip = Reply(EMPTY.body * 200, drip=0.005)
    with FakePrometheus(answers=lambda _: drip) as fake:
        client = Client(Connection(fake.url, patience=Patience(read=5, whole=0.2, tries=1)))
        start = time.monotonic()
        with pytest.raises(ServerError, match=r"was not answered whole within 0\.2 seconds"):
            client.query("up", NOW)
        assert time.monotonic() - start < 3


def test_a_torn_body_is_repeated() -> None:
    """A connection that breaks within the body is asked again."""
    with FakePrometheus(Reply(EMPTY.body, cut=20), EMPTY) as fake:
        assert _client(fake).query("up", NOW).value == []
        assert len(fake.asked) == 2


def test_half_an_answer_that_looks_whole_is_repeated() -> None:
    """JSON that a proxy cut is asked again, then refused in words."""
    half = Reply(EMPTY.body[:25])
    with FakePrometheus(half, EMPTY) as fake:
        assert _client(fake).query("up", NOW).value == []
    with (
        FakePrometheus(answers=lambda _: half) as fake,
        pytest.raises(AnswerError, match="query gave damaged JSON"),
    ):
        _client(fake).query("up", NOW)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>log in</html>", "gave no JSON; is this the address of a Prometheus API"),
        (b'{"status":"success","data":[1]}', "gave no answer of Prometheus's API"),
        (b'{"state":"ok"}', "gave no answer of Prometheus's API"),
        (b'{"status":"error","error":"bad \\u001b[31m thing"}', r"query: bad  ?\[31m thing"),
        (
            b'{"status":"success","data":{"resultType":"matrix","result":[]}}',
            "answered a matrix and a vector was asked for",
        ),
    ],
)
def test_an_answer_of_something_else_is_refused(body: bytes, message: str) -> None:
    """A page of a proxy or a wrong shape is one sentence, and is not asked again."""
    with FakePrometheus(Reply(body)) as fake:
        with pytest.raises(AnswerError, match=message):
            _client(fake).query("up", NOW)
        assert len(fake.asked) == 1


def test_a_body_is_bounded() -> None:
    """An answer larger than the limit is not read to its end."""
    with FakePrometheus(Reply(b" " * 3_000_000)) as fake:
        with pytest.raises(ServerError, match="gave more than 2,000,000 bytes; ask for less at"):
            _client(fake, largest_body=2_000_000).query("up", NOW)
        assert len(fake.asked) == 1


def test_nobody_listens() -> None:
    """A refused connection is said in the system's words."""
    with FakePrometheus() as fake:
        url = fake.url
    with pytest.raises(ServerError, match=f"{url} cannot be reached: Connection refused"):
        Client(Connection(url, patience=QUICK)).query("up", NOW)


def test_a_redirect_is_not_followed() -> None:
    """A redirect would carry the tenant elsewhere, or turn the form into an empty question."""
    with FakePrometheus(Reply(status=302, headers={"Location": "http://127.0.0.2/"})) as fake:
        with pytest.raises(
            ServerError, match="redirects elsewhere; give the address that it leads"
        ):
            _client(fake).query("up", NOW)
        assert len(fake.asked) == 1


def test_forms_that_are_refused_become_addresses() -> None:
    """A proxy that allows only GET is asked by GET from then on."""
    with FakePrometheus(failure(405, "GET only")) as fake:
        client = _client(fake)
        client.query("up", NOW)
        client.query("up", NOW)
        assert [asked.method for asked in fake.asked] == ["POST", "GET", "GET"]
        assert fake.asked[1].fields == {"query": ["up"], "time": ["1793491200.000"]}


def test_a_closed_client_asks_no_more() -> None:
    """Closing ends pauses, and nothing is asked again."""
    with FakePrometheus(failure(503, "busy")) as fake:
        client = _client(fake)
        client.close()
        with pytest.raises(ServerError):
            client.query("up", NOW)
        assert len(fake.asked) <= 1


def test_half_a_request_was_not_asked() -> None:
    """Who counts requests does not count that of a process that was killed while it wrote."""
    with FakePrometheus() as fake:
        where = urlsplit(fake.url)
        with socket.create_connection((where.hostname or "", where.port or 0), timeout=5) as half:
            half.sendall(b"POST /api/v1/query HTTP/1.1\r\nContent-Length: 10\r\n\r\nque")
            half.shutdown(socket.SHUT_WR)
            assert half.recv(1) == b""
        assert fake.asked == []
