"""nginx that answers as a test tells it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final

from tests.servers.loopback import Endpoint, free_port
from tests.servers.parts import program
from tests.servers.server import Server, processes_in, wait_until

_MASTER_AND_WORKER: Final = 2
_CONFIG: Final = """\
{user}
daemon off;
pid nginx.pid;
error_log stderr warn;
worker_processes 1;
worker_shutdown_timeout 1s;
events {{ worker_connections 128; }}
http {{
  access_log off;
  keepalive_timeout 0;
  client_body_temp_path body; proxy_temp_path proxy;
  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  {site}
  server {{ listen {status}; location = /stub_status {{ stub_status; }} }}
}}
"""
_SITE: Final = 'server {{ listen {address}; location / {{ return {code} "{code}\\n"; }} }}'


class Nginx(Server):
    """One site that answers every path with one status code; its own status is on another port.

    So the site can break while `status_url` goes on: `answer(500)`, `refuse()`, or `stop()` for
    both.
    """

    name = "nginx"

    def __init__(self, code: int = HTTPStatus.OK) -> None:
        super().__init__(program("nginx"))
        self._status = Endpoint(free_port())
        self._code: int | None = code

    @property
    def status_url(self) -> str:
        """The page of the stub_status module."""
        return f"{self._status.url}/stub_status"

    def prepare(self) -> None:
        """Writes the configuration."""
        site = _SITE.format(address=self.http.address, code=self._code) if self._code else ""
        user = "user nobody nogroup;" if os.geteuid() == 0 else ""
        text = _CONFIG.format(user=user, site=site, status=self._status.address)
        (self.folder / "nginx.conf").write_text(text)

    def command(self) -> Sequence[str | Path]:
        """See Server."""
        return (self.program.path, "-p", self.folder, "-e", "stderr", "-c", "nginx.conf")

    def is_ready(self) -> bool:
        """See Server."""
        return (
            self._status.get("/stub_status").status == HTTPStatus.OK and self._site() == self._code
        )

    def answer(self, code: int) -> None:
        """Answers with another status code from now on."""
        self._change(code)

    def refuse(self) -> None:
        """Refuses connections to the site from now on; the status page stays."""
        self._change(None)

    def _change(self, code: int | None) -> None:
        self._code = code
        self.prepare()
        self.run_beside((*self.command(), "-s", "reload"))
        # Until the old worker has left, it may still take a connection.
        wait_until(
            lambda: self.is_ready() and len(processes_in(self.folder)) == _MASTER_AND_WORKER,
            f"nginx to answer {code}",
        )

    def _site(self) -> int | None:
        """The status code with which the site answers; None when it refuses."""
        try:
            return self.http.get("/").status
        except ConnectionRefusedError:
            return None
