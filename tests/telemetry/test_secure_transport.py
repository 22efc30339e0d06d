"""OTLP over TLS, gRPC that goes away and comes back, and providers that others make."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest

from rtobs.testing import OTLPSink
from tests.telemetry.service import run

x509 = pytest.importorskip("cryptography.x509", reason="makes the certificate")
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402  # after the skip
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402

SPAN = """
    with rtobs.span("pay"):
        pass
    report = handle.shutdown()
    print(report.sent["traces"], report.dropped["traces"])
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(host, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


def serving(certificate: tuple[Path, Path], *, ask_client: bool = False) -> ssl.SSLContext:
    """The side of the receiver; with `ask_client` it takes only clients of the same certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if ask_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate[0])
    return context


def test_a_receiver_with_a_private_certificate_is_trusted_by_its_file(
    certificate: tuple[Path, Path],
) -> None:
    """`OTEL_EXPORTER_OTLP_CERTIFICATE` names who is trusted."""
    with OTLPSink(tls=serving(certificate)) as sink:
        ended = run(
            f'handle = rtobs.init("svc", endpoint="{sink.endpoint}", logs="off")\n' + _flat(SPAN),
            environ={"OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate[0])},
        )
        assert (ended.out, ended.err) == ("1 0\n", "")
        assert [span.name for span in sink.spans] == ["pay"]


def test_a_certificate_that_nobody_trusts_gets_nothing(certificate: tuple[Path, Path]) -> None:
    """Without trust nothing is sent, the loss is counted, and the end is bounded."""
    with OTLPSink(tls=serving(certificate)) as sink:
        ended = run(
            f'handle = rtobs.init("svc", endpoint="{sink.endpoint}", logs="off", exit_budget=1)\n'
            + _flat(SPAN)
        )
        assert ended.out == "0 1\n"
        assert (sink.requests, sink.spans) == (0, [])
        assert len(ended.err.splitlines()) <= 5


def test_a_receiver_may_ask_for_the_certificate_of_the_service(
    certificate: tuple[Path, Path],
) -> None:
    """`OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE` and `_CLIENT_KEY` identify the service."""
    own = {
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate[0]),
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(certificate[0]),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(certificate[1]),
    }
    with OTLPSink(tls=serving(certificate, ask_client=True)) as sink:
        begin = f'handle = rtobs.init("svc", endpoint="{sink.endpoint}", logs="off", exit_budget=1)'
        known = run(f"{begin}\n" + _flat(SPAN), environ=own)
        without = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate[0])}
        unknown = run(f"{begin}\n" + _flat(SPAN), environ=without)
    assert (known.out, unknown.out) == ("1 0\n", "0 1\n")


def test_grpc_without_a_receiver_ends_in_time_and_counts_the_loss() -> None:
    """A refused gRPC connection holds the exit no longer than its budget."""
    ended = run(
        """
        import time
        handle = rtobs.init("svc", endpoint="http://127.0.0.1:9", protocol="grpc", logs="off",
                            exit_budget=1, timeout=2)
        with rtobs.span("pay"):
            pass
        began = time.monotonic()
        report = handle.shutdown()
        print(report.sent["traces"], report.dropped["traces"], time.monotonic() - began < 3.5)
        """
    )
    assert ended.out == "0 1 True\n"
    assert len(ended.err.splitlines()) <= 5


def test_grpc_goes_on_in_a_forked_child() -> None:
    """Parent and child each send what they did themselves, under an instance of their own."""
    with OTLPSink(grpc=True) as sink:
        ended = run(
            f"""
            import os
            handle = rtobs.init("svc", endpoint="{sink.grpc_endpoint}", protocol="grpc", logs="off")
            with rtobs.span("before"):
                pass
            handle.flush()
            child = os.fork()
            with rtobs.span("child" if child == 0 else "parent"):
                pass
            handle.shutdown()
            if child == 0:
                os._exit(0)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            """
        )
        assert ended.out == "0\n"
        assert sorted(span.name for span in sink.spans) == ["before", "child", "parent"]
        instances = {span.name: span.resource["service.instance.id"] for span in sink.spans}
        assert instances["before"] == instances["parent"] != instances["child"]


def test_a_configuration_file_of_opentelemetry_makes_the_providers() -> None:
    """With `OTEL_CONFIG_FILE` rtobs exports nothing itself, and its API still works."""
    with OTLPSink() as sink:
        ended = run(
            f"""
            handle = rtobs.init("svc", endpoint="{sink.endpoint}")
            with rtobs.span("pay"):
                pass
            print(handle.flush(), handle.shutdown().sent["traces"])
            """,
            environ={"OTEL_CONFIG_FILE": "otel.yaml"},
        )
        assert (ended.code, ended.out) == (0, "True 0\n")
        assert (sink.spans, sink.points) == ([], [])


def _flat(body: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in body.splitlines())
