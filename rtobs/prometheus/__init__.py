"""The one client of Prometheus's HTTP API; Mimir, Thanos and VictoriaMetrics answer it too."""

from __future__ import annotations

from rtobs.prometheus.answers import Answer, AnswerError, Matrix, MatrixSeries, Sample
from rtobs.prometheus.client import Client, Server
from rtobs.prometheus.connection import Connection, Patience
from rtobs.prometheus.credentials import Basic, Credentials, Token, TokenFile
from rtobs.prometheus.transport import BodyError, UnreachableError

__all__ = [
    "Answer",
    "AnswerError",
    "Basic",
    "BodyError",
    "Client",
    "Connection",
    "Credentials",
    "Matrix",
    "MatrixSeries",
    "Patience",
    "Sample",
    "Server",
    "Token",
    "TokenFile",
    "UnreachableError",
]
