"""The query API that Prometheus and VictoriaMetrics share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.servers.loopback import Endpoint
from tests.servers.server import ServerError, wait_until


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of an instant vector.

    Attributes:
        labels: All labels; the metric's name is in `__name__`.
        value: The number.
        time: Unix time of the evaluation in seconds.
    """

    labels: Mapping[str, str]
    value: float
    time: float


@dataclass(frozen=True, slots=True)
class Series:
    """One element of a range query: labels and (Unix seconds, value) points."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


class Queries:
    """Mixed into servers that answer PromQL."""

    http: Endpoint

    def api(self, path: str, **query: object) -> Any:
        """Asks /api/v1/PATH and gives the `data` of the answer.

        Raises:
            ServerError: the server answered an error; with its text.
        """
        answer = self.http.get(f"/api/v1/{path}", query)
        body = answer.json() if answer.text.startswith("{") else {}
        if body.get("status") != "success":
            raise ServerError(f"{path} {query}: {answer.status} {answer.text.strip()}")
        return body["data"]

    def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """Evaluates an expression now, or at a Unix time; a scalar is a sample without labels."""
        data = self.api("query", query=expression, **({} if at is None else {"time": at}))
        if data["resultType"] == "scalar":
            time, value = data["result"]
            return [Sample({}, float(value), time)]
        return [
            Sample(row["metric"], float(row["value"][1]), row["value"][0]) for row in data["result"]
        ]

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """Evaluates an expression from start to end (Unix seconds) every step seconds."""
        data = self.api("query_range", query=expression, start=start, end=end, step=step)
        return [
            Series(row["metric"], tuple((time, float(value)) for time, value in row["values"]))
            for row in data["result"]
        ]

    def value(self, expression: str, at: float | None = None) -> float | None:
        """The one value of an expression; None when it has no sample.

        Raises:
            ServerError: it has several.
        """
        samples = self.query(expression, at)
        if len(samples) > 1:
            raise ServerError(f"{expression} has {len(samples)} samples")
        return samples[0].value if samples else None

    def wait_for(self, expression: str, seconds: float = 10.0) -> list[Sample]:
        """Asks until an expression, such as `up == 1`, has samples.

        Raises:
            ServerError: it had none in time.
        """
        return wait_until(lambda: self.query(expression), f"samples of {expression}", seconds)
