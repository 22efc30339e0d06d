"""Where a server is and how it is spoken to, without a secret in sight."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from rtobs.errors import ServerError
from rtobs.prometheus.credentials import Basic, Credentials

__all__ = ["Connection", "Patience"]

TENANT_HEADER = "X-Scope-OrgID"
_HOST_AND_PORT: Final = re.compile(r"[A-Za-z0-9.-]+:\d{1,5}")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to try.

    Attributes:
        connect: seconds until a connection stands.
        read: seconds without a byte; a server may think for two minutes about a query.
        whole: seconds for one answer from first to last byte.
        tries: how often a request is sent at most.
        pause: seconds before the second try; doubled for each further one, with jitter.
        longest_pause: seconds of a pause; a server that asks for more is given up.
    """

    connect: float = 10.0
    read: float = 150.0
    whole: float = 600.0
    tries: int = 5
    pause: float = 0.5
    longest_pause: float = 120.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A server.

    Attributes:
        url: its address, http or https, with a path prefix where it has one. A user and a
            password in it become `credentials`, and are gone from here.
        credentials: who asks, None for nobody.
        tenant: value of X-Scope-OrgID, "" for none.
        ca: file with the certificate authorities to trust; None: those of the system.
        certificate: client certificate, as one file with its key or as (certificate, key).
        verify: whether the server's certificate is checked.
        compress: ask for gzip. Off: near a server, gzip costs five times what it saves.
        largest_body: bytes of an answer, unpacked, that are accepted.
        patience: timeouts and tries.
        headers: further headers for each request; kept out of the repr.
    """

    url: str
    credentials: Credentials | None = None
    tenant: str = ""
    ca: Path | None = None
    certificate: Path | tuple[Path, Path] | None = None
    verify: bool = True
    compress: bool = False
    largest_body: int = 512 * 1024 * 1024
    patience: Patience = field(default_factory=Patience)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        parts = _split(self.url)
        if parts.username is not None and self.credentials is None:
            found = Basic(unquote(parts.username), unquote(parts.password or ""))
            object.__setattr__(self, "credentials", found)
        object.__setattr__(self, "url", _without_credentials(parts))
        if not self.tenant.isprintable() or not self.tenant.isascii():
            raise ServerError("the tenant holds a character that no header can carry")

    def endpoint(self, path: str) -> str:
        """Address of an endpoint of the API ("query_range")."""
        return f"{self.url}/api/v1/{path}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port_is_a_number = parts.port is None or parts.port >= 0
    except ValueError:
        port_is_a_number = False
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_a_number:
        # Only a host with a port is repeated: any other text may hold a password.
        hint = f"; did you mean http://{url}?" if _HOST_AND_PORT.fullmatch(url) else ""
        raise ServerError(f"the server's address is no URL such as https://prometheus:9090{hint}")
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        # What stands before it may be the rest of a password, which is not repeated.
        raise ServerError(
            "the server's address has an @ behind its host; in a user or a password write / as %2F,"
            " ? as %3F, # as %23 and @ as %40"
        )
    return parts


def _without_credentials(parts: SplitResult) -> str:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"
