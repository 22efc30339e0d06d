"""Who asks is known to the server, and to nobody who reads an error, a repr or a log."""

from __future__ import annotations

import base64
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rtobs.errors import ServerError
from rtobs.prometheus import Basic, Client, Connection, Credentials, Patience, Token, TokenFile
from tests.prometheus_client.fake_prometheus import FakePrometheus, Reply, failure

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SECRET = "s3cr3t-value"  # noqa: S105  # the tests look for it where it must not be
ONCE = Patience(tries=1)


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        (Token(f" {SECRET}\n"), f"Bearer {SECRET}"),
        (Basic("ann", SECRET), f"Basic {base64.b64encode(f'ann:{SECRET}'.encode()).decode()}"),
        (None, None),
    ],
)
def test_credentials_are_sent(credentials: Credentials | None, header: str | None) -> None:
    """A token or a user with a password is in the header of each request, else nothing is."""
    with FakePrometheus() as fake:
        Client(Connection(fake.url, credentials)).query("up", NOW)
        assert fake.asked[0].headers.get("authorization") == header


def test_a_token_file_is_read_for_each_request(tmp_path: Path) -> None:
    """A token that was renewed is used at once."""
    file = tmp_path / "token"
    file.write_text("first\n")
    with FakePrometheus() as fake:
        client = Client(Connection(fake.url, TokenFile(file)))
        client.query("up", NOW)
        file.write_text("second\n")
        client.query("up", NOW)
        sent = [asked.headers["authorization"] for asked in fake.asked]
    assert sent == ["Bearer first", "Bearer second"]


def test_the_netrc_of_the_user_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password in ~/.netrc is meant for other programs."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login ann password {SECRET}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with FakePrometheus() as fake:
        Client(Connection(fake.url)).query("up", NOW)
        assert "authorization" not in fake.asked[0].headers


def test_the_tenant_and_the_coding_are_sent() -> None:
    """The tenant stands in X-Scope-OrgID; answers are asked for unpacked, or packed on demand."""
    with FakePrometheus() as fake:
        Client(Connection(fake.url, tenant="team-a")).query("up", NOW)
        Client(Connection(fake.url, compress=True)).query("up", NOW)
        headers = [asked.headers for asked in fake.asked]
    assert [h.get("x-scope-orgid") for h in headers] == ["team-a", None]
    assert [h["accept-encoding"] for h in headers] == ["identity", "gzip"]


def test_a_password_in_the_address_becomes_credentials() -> None:
    """The user and the password of an address are sent, and are gone from what is shown."""
    with FakePrometheus(failure(401, "who are you?")) as fake:
        connection = Connection(
            fake.url.replace("//", f"//ann:{SECRET}%21@") + "/prom/", patience=ONCE
        )
        with pytest.raises(ServerError) as caught:
            Client(connection).query("up", NOW)
        asked = fake.asked[0]
    assert asked.path == "/prom/api/v1/query"
    encoded = asked.headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(encoded).decode() == f"ann:{SECRET}!"
    assert SECRET not in f"{connection!r} {connection.url} {Client(connection)!r} {caught.value}"
    assert "it wants credentials" in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        failure(403, f"rejected Authorization: Bearer {SECRET}"),
        Reply(f"<html>{SECRET}</html>".encode(), 500),
        Reply(b"", 502),
        Reply(b'{"status":', cut=3),
        Reply(status=301, headers={"Location": f"http://ann:{SECRET}@127.0.0.1/"}),
    ],
)
def test_no_error_and_no_log_holds_a_secret(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever fails, and even where a proxy repeats the header, the secret is not shown."""
    with caplog.at_level(logging.DEBUG), FakePrometheus(answers=lambda _: reply) as fake:
        client = Client(Connection(fake.url, Token(SECRET), patience=ONCE))
        with pytest.raises(ServerError) as caught:
            client.query("up", NOW)
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert SECRET not in " ".join(f"{error} {error!r}" for error in chain)
    assert SECRET not in caplog.text
    assert SECRET not in repr(client.connection)


@pytest.mark.parametrize(
    "url", [f"ftp://ann:{SECRET}@host", f"ann:{SECRET}@host", f"http://ann:{SECRET}@host:x", ""]
)
def test_an_address_that_is_none_is_not_repeated(url: str) -> None:
    """The error about a wrong address does not hold it, since a password may be in it."""
    with pytest.raises(ServerError, match="is no URL such as") as caught:
        Connection(url)
    assert SECRET not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize("text", ["", "a\nb", "to ken", "tök", "\x00"])
def test_a_token_that_no_header_can_carry_is_refused(tmp_path: Path, text: str) -> None:
    """The file is named, its content is not."""
    file = tmp_path / "token"
    file.write_text(text)
    with pytest.raises(ServerError, match=str(file)) as caught:
        TokenFile(file).authorization()
    assert not text.strip() or repr(text) not in str(caught.value)


def test_a_token_file_that_is_absent_is_named(tmp_path: Path) -> None:
    """A wrong path is one sentence."""
    with pytest.raises(ServerError, match="cannot be read: No such file"):
        TokenFile(tmp_path / "none").authorization()


@pytest.mark.parametrize("sign", ["/", "?", "#"])
def test_a_password_that_ends_the_host_is_not_repeated(sign: str) -> None:
    """What begins as a port and goes on as a password is refused without a word of it."""
    with pytest.raises(ServerError, match=r"has an @ behind its host; .* write / as %2F") as caught:
        Connection(f"http://ann:12{sign}{SECRET}@prometheus:9090")
    assert SECRET not in str(caught.value)
