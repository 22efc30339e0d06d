"""Over TLS the server must be who it says, unless somebody says otherwise."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from urllib3.exceptions import InsecureRequestWarning

from rtobs.errors import ServerError
from rtobs.prometheus import Client, Connection, Patience
from tests.prometheus_client.fake_prometheus import FakePrometheus

NOW = datetime.now(UTC)
ONCE = Patience(tries=3, pause=0.01)


def _certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that is its own authority, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "prometheus")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    file.write_bytes(
        made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    return file


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of the server, and of whoever wants to be known to it."""
    return _certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(params=[False, True], ids=["one side", "both sides"])
def mutual(request: pytest.FixtureRequest) -> bool:
    """Whether the server wants a certificate of the client too."""
    return bool(request.param)


@pytest.fixture
def server(certificate: Path, mutual: bool) -> Iterator[FakePrometheus]:  # noqa: FBT001
    """A server that speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate)
    with FakePrometheus(tls=context) as fake:
        yield fake


def test_an_unknown_authority_is_refused(server: FakePrometheus) -> None:
    """Nothing is sent, it is asked once, and the error says what to do."""
    with pytest.raises(ServerError, match="is not trusted or TLS fails; name its authority"):
        Client(Connection(server.url, patience=ONCE)).query("up", NOW)
    assert server.asked == []


def test_a_named_authority_is_trusted(
    server: FakePrometheus,
    certificate: Path,
    mutual: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With its authority the server is known, and with a certificate the client is.

    What the environment says about authorities gives way to what is said here.
    """
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/hostname")
    own = certificate if mutual else None
    connection = Connection(server.url, ca=certificate, certificate=own, patience=ONCE)
    assert Client(connection).query("up", NOW).value == []
    both = Connection(server.url, ca=certificate, certificate=(certificate, certificate))
    assert Client(both).query("up", NOW).value == []


@pytest.mark.filterwarnings("default")
def test_checking_can_be_switched_off(
    server: FakePrometheus,
    certificate: Path,
) -> None:
    """Whoever says so talks to anybody, and is warned."""
    connection = Connection(server.url, verify=False, certificate=certificate, patience=ONCE)
    with pytest.warns(InsecureRequestWarning):
        assert Client(connection).query("up", NOW).value == []


def test_an_authority_that_is_not_there_is_said() -> None:
    """The name of the file is repeated, and nothing is sent."""
    client = Client(Connection("https://127.0.0.1:1", ca=Path("/nope.pem"), patience=ONCE))
    with pytest.raises(ServerError, match=r"127\.0\.0\.1:1 cannot be asked: .*/nope\.pem"):
        client.query("up", NOW)
