"""Pages of metrics from a file, from standard input or from a server."""

from __future__ import annotations

import sys
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from rtobs.errors import RtobsError, ServerError

__all__ = ["is_address", "read_page", "read_token"]

MAX_BYTES: Final = 64 * 1024 * 1024  # a cluster's kube-state-metrics has about 50

_SECONDS: Final = 15.0
_STDIN: Final = "-"
_SCHEMES: Final = ("http", "https")
# Prometheus asks for OpenMetrics first; the older format has the same facts and is everywhere.
_ACCEPT: Final = "text/plain;version=0.0.4;q=1,*/*;q=0.1"


class _SameOrigin(HTTPRedirectHandler):
    """Follows a redirect only on the same server, so that a token never goes elsewhere."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """See HTTPRedirectHandler."""
        if urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            raise ServerError(f"{req.full_url} sends to another server, {newurl}; ask that one")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def is_address(source: str) -> bool:
    """Whether a source is an address and no file."""
    return "://" in source


def read_page(source: str, token: str = "") -> str:
    """The text of a page.

    Args:
        source: a path, "-" for standard input, or an address with http or https.
        token: bearer token for an address.

    Raises:
        ServerError: the server cannot be reached, or refuses.
        RtobsError: the source is not allowed or cannot be read, the page is too long or no text.
    """
    raw = _fetched(source, token) if is_address(source) else _from_file(source)
    if len(raw) > MAX_BYTES:
        raise RtobsError(f"{source}: longer than {MAX_BYTES // 1024**2} MiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RtobsError(f"{source}: not UTF-8 text (byte {error.start + 1})") from error


def read_token(path: Path | None) -> str:
    """The first line of a file that holds a token, "" without a file.

    Raises:
        RtobsError: it cannot be read, or is empty.
    """
    if path is None:
        return ""
    lines = _from_file(str(path)).decode("utf-8", "replace").split()
    if len(lines) != 1:
        raise RtobsError(f"{path}: not one token")
    return lines[0]


def _from_file(source: str) -> bytes:
    try:
        if source == _STDIN:
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(source).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RtobsError(f"{source}: {error.strerror or type(error).__name__}") from error


def _fetched(url: str, token: str) -> bytes:
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise RtobsError(f"{url}: only http and https are read, not {parts.scheme}")
    if "@" in parts.netloc:
        raise RtobsError("an address must not hold a password; say --token-file")
    headers = {"Accept": _ACCEPT, "User-Agent": "rtobs"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        request = Request(url, headers=headers)  # noqa: S310  # the scheme is checked above
        with _opener().open(request, timeout=_SECONDS) as answer:
            body: bytes = answer.read(MAX_BYTES + 1)
    except HTTPError as error:
        raise ServerError(f"{url} answers {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise ServerError(f"{url} cannot be read: {reason}") from error
    return body


def _opener() -> OpenerDirector:
    return build_opener(_SameOrigin)
