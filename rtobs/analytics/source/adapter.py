"""A client from a `PrometheusConnect` that was set up already.

Its requests are made here, since its frames take ten times as long and as much memory; what was
configured for it (session, proxies, certificates, headers, authentication) is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtobs.errors import MissingExtraError
from rtobs.prometheus import Client, Connection, Patience
from rtobs.prometheus.transport import Transport

if TYPE_CHECKING:
    from prometheus_api_client import PrometheusConnect

__all__ = ["from_api_client"]


def from_api_client(connect: PrometheusConnect, *, tenant: str = "") -> Client:
    """A client of the server that a `PrometheusConnect` of prometheus-api-client asks.

    Args:
        connect: it stays usable; closing the client closes its session.
        tenant: value of X-Scope-OrgID, "" for none.

    Raises:
        MissingExtraError: prometheus-api-client is not installed.
        TypeError: it is something else.
    """
    try:
        from prometheus_api_client import PrometheusConnect  # noqa: PLC0415  # only who uses it
    except ImportError as error:
        raise MissingExtraError("analytics", "an export by prometheus-api-client") from error
    if not isinstance(connect, PrometheusConnect):
        raise TypeError(f"a PrometheusConnect is needed, not a {type(connect).__name__}")
    timeout = connect._timeout  # noqa: SLF001  # it has no public name for these
    patience = Patience() if timeout is None else Patience(connect=timeout, read=timeout)
    connection = Connection(
        connect.url, tenant=tenant, headers=connect.headers or {}, patience=patience
    )
    return Client(Transport(connection, connect._session, connect.auth))  # noqa: SLF001
