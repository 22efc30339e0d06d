"""PostgreSQL, from the unpacked package and without rights of root."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

from tests.servers.loopback import HOST
from tests.servers.parts import program
from tests.servers.server import Server, ServerError


class PostgreSQL(Server):
    """A fresh cluster with one superuser, postgres, and the database postgres.

    Durability is off: it is for tests. It speaks no HTTP: only the port of `http` is its own.
    """

    name = "postgresql"
    # Fast shutdown. On SIGTERM it would wait until each client has left.
    stop_signal = signal.SIGINT
    unprivileged = True

    def __init__(self) -> None:
        super().__init__(program("postgresql"))

    @property
    def dsn(self) -> str:
        """Connection string of the superuser."""
        return f"postgresql://postgres@{self.http.address}/postgres?sslmode=disable"

    def prepare(self) -> None:
        """Creates the cluster."""
        self.run_beside(
            (self.program.sibling("initdb"), f"--pgdata={self.folder}/data", "--username=postgres",
             "--auth=trust", "--no-sync", "--no-locale", "--encoding=UTF8")
        )  # fmt: skip

    def command(self) -> Sequence[str | Path]:
        """See Server."""
        settings = {
            "listen_addresses": HOST,
            "port": self.http.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "jit": "off",
            "shared_buffers": "16MB",
            "max_connections": "20",
        }
        options = (f"--{name}={value}" for name, value in settings.items())
        return (self.program.path, "-D", self.folder / "data", *options)

    def is_ready(self) -> bool:
        """See Server."""
        try:
            return self.execute("select 1") == "1"
        except ServerError:
            return False

    def execute(self, sql: str) -> str:
        """Runs statements; gives the rows as text, columns separated by "|".

        Raises:
            ServerError: PostgreSQL refuses them or cannot be reached; with what it said.
        """
        psql = self.program.sibling("psql")
        options = ("--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
        return self.run_beside((psql, self.dsn, *options, "--command", sql), seconds=20).strip()
