"""The endpoints of the API that rtobs uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from rtobs.prometheus.answers import Answer, AnswerError, Matrix, Sample, Vector, decoded
from rtobs.prometheus.connection import Connection
from rtobs.prometheus.transport import Fields, Reply, Transport

__all__ = ["Client", "Server"]

_T = TypeVar("_T")
_VICTORIA_HEADER: Final = "X-Server-Hostname"


@dataclass(frozen=True, slots=True)
class Server:
    """What answers.

    Attributes:
        software: "Prometheus", "VictoriaMetrics", or what it calls itself ("Grafana Mimir").
        version: version of that software, "" when it does not say.
    """

    software: str
    version: str

    def __str__(self) -> str:
        return f"{self.software} {self.version}".rstrip()


class Client:
    """A client of one server; may be used by several threads.

    Args:
        connection: where it is, or the transport to it.
    """

    def __init__(self, connection: Connection | Transport) -> None:
        self._transport = (
            connection if isinstance(connection, Transport) else Transport.to(connection)
        )

    def __repr__(self) -> str:
        return f"Client({self.connection.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def connection(self) -> Connection:
        """Where the server is."""
        return self._transport.connection

    def close(self) -> None:
        """Close all connections; requests under way fail, pauses end."""
        self._transport.close()

    def server(self) -> Server:
        """Name and version of the server, from its build information."""
        return self._transport.get("status/buildinfo", {}, _identified)

    def query(self, expression: str, at: datetime) -> Answer[list[Sample]]:
        """An instant vector.

        Args:
            expression: PromQL.
            at: aware.
        """
        fields = {"query": expression, "time": _seconds(at)}
        answer = self._asked("query", fields, Vector)
        _expect("vector", answer.value.result_type)
        return Answer(answer.value.result, answer.warnings)

    def query_range(
        self, expression: str, start: datetime, end: datetime, step: timedelta
    ) -> Answer[Matrix]:
        """Values of an expression at start, start + step, ... up to and including end."""
        fields = {
            "query": expression,
            "start": _seconds(start),
            "end": _seconds(end),
            "step": f"{step.total_seconds():.3f}",
        }
        return self._matrix("query_range", fields)

    def raw(self, selector: str, end: datetime, width: timedelta) -> Answer[Matrix]:
        """Samples of a selector with the times of their scrapes, in the `width` up to `end`.

        Prometheus 2 includes the sample at end - width, Prometheus 3 does not.
        """
        milliseconds = width // timedelta(milliseconds=1)
        fields = {"query": f"{selector}[{milliseconds}ms]", "time": _seconds(end)}
        return self._matrix("query", fields)

    def series(
        self, selectors: Sequence[str], start: datetime, end: datetime
    ) -> Answer[list[dict[str, str]]]:
        """Labels of the series that any selector matches and that had samples in the time."""
        return self._asked("series", _matching(selectors, start, end), list[dict[str, str]])

    def label_values(
        self, label: str, selectors: Sequence[str], start: datetime, end: datetime
    ) -> Answer[list[str]]:
        """Values of a label on the series that any selector matches, in the time."""
        path = f"label/{label}/values"
        fields = _matching(selectors, start, end)
        return self._transport.get(path, fields, lambda r: decoded(r.body, list[str], path))

    def types(self) -> Answer[Mapping[str, str]]:
        """Type of each metric that the server knows one of ("counter")."""
        kind = dict[str, list[dict[str, Any]]]
        answer = self._transport.get("metadata", {}, lambda r: decoded(r.body, kind, "metadata"))
        entries = answer.value.items()
        return Answer({name: str(said[0].get("type", "")) for name, said in entries if said})

    def _matrix(self, path: str, fields: Fields) -> Answer[Matrix]:
        answer = self._asked(path, fields, Matrix)
        _expect("matrix", answer.value.result_type)
        return answer

    def _asked(self, path: str, fields: Fields, kind: type[_T]) -> Answer[_T]:
        return self._transport.post(path, fields, lambda reply: decoded(reply.body, kind, path))


def _identified(reply: Reply) -> Server:
    said = decoded(reply.body, dict[str, Any], "status/buildinfo").value
    if _VICTORIA_HEADER in reply.headers:
        return Server("VictoriaMetrics", "")  # its version is one that it makes up for clients
    return Server(str(said.get("application") or "Prometheus"), str(said.get("version", "")))


def _expect(wanted: str, found: str) -> None:
    if found != wanted:
        raise AnswerError(f"the server answered a {found} and a {wanted} was asked for", 200)


def _matching(selectors: Sequence[str], start: datetime, end: datetime) -> Fields:
    return {"match[]": list(selectors), "start": _seconds(start), "end": _seconds(end)}


def _seconds(instant: datetime) -> str:
    return f"{instant.timestamp():.3f}"
