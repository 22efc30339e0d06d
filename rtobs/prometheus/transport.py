"""Sends requests and reads bodies: bounded in size and time, repeated where that can help."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, TypeVar

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, ProtocolError

from rtobs.errors import ServerError
from rtobs.prometheus.answers import AnswerError, TornError, refusal
from rtobs.prometheus.connection import TENANT_HEADER, Connection
from rtobs.prometheus.retries import asked_pause, is_passing, pause_before

__all__ = ["BodyError", "Reply", "Transport", "UnreachableError"]

Fields = Mapping[str, str | list[str]]

_T = TypeVar("_T")
_BLOCK: Final = 1 << 20
_CONNECTIONS: Final = 32
_HINTS: Final = {
    HTTPStatus.UNAUTHORIZED: "; it wants credentials: give a token or a user with a password",
    HTTPStatus.FORBIDDEN: "; these credentials, or this tenant, may not read that",
    HTTPStatus.NOT_FOUND: "; is the address that of a Prometheus API, with its path prefix?",
}


class UnreachableError(ServerError):
    """No whole answer came: no connection, a timeout, a torn body."""


class BodyError(ServerError):
    """The answer is larger than what is accepted."""


class _PassingError(Exception):
    """A failure that may be gone in a moment.

    Attributes:
        error: what to raise when it is not.
        asked: seconds of pause that the server asks for.
    """

    def __init__(self, error: ServerError, asked: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.asked = asked


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer, unread."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _NoAuth(AuthBase):
    """Says that the headers are complete; else requests would look into ~/.netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


@dataclass(slots=True)
class Transport:
    """One server; may be used by several threads.

    Attributes:
        connection: where and how.
        session: of requests; a new one unless given.
        auth: an auth object of requests that was configured elsewhere.
        on_failure: told of a failure, before the pause after which the request is sent again.
    """

    connection: Connection
    session: requests.Session = field(default_factory=requests.Session)
    auth: AuthBase | tuple[str, str] | None = None
    on_failure: Callable[[ServerError], None] = lambda _: None
    _forms: bool = field(default=True, init=False)
    _closed: threading.Event = field(default_factory=threading.Event, init=False)
    _dice: random.Random = field(default_factory=random.SystemRandom, init=False)

    @classmethod
    def to(cls, connection: Connection) -> Transport:
        """A transport with a session of its own."""
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))
        session.verify = (
            str(connection.ca) if connection.ca and connection.verify else connection.verify
        )
        match connection.certificate:
            case (certificate, key):
                session.cert = (str(certificate), str(key))
            case None:
                pass
            case certificate:
                session.cert = str(certificate)
        return cls(connection, session)

    def close(self) -> None:
        """End pauses, refuse further requests, close connections."""
        self._closed.set()
        self.session.close()

    def post(self, path: str, fields: Fields, read: Callable[[Reply], _T]) -> _T:
        """Ask with a form, which may be longer than an address; by address where forms are refused.

        Args:
            path: the endpoint, below api/v1.
            fields: what to ask.
            read: makes a value of a reply; a TornError of it has the request repeated.

        Raises:
            AnswerError: the server refuses it, or failed each time.
            UnreachableError: no whole answer came.
        """
        if self._forms:
            try:
                return self._repeated(lambda: self._once("POST", path, fields, read))
            except AnswerError as error:
                if error.status != HTTPStatus.METHOD_NOT_ALLOWED:
                    raise
                self._forms = False
        return self.get(path, fields, read)

    def get(self, path: str, fields: Fields, read: Callable[[Reply], _T]) -> _T:
        """Ask with a query in the address; as `post` else."""
        return self._repeated(lambda: self._once("GET", path, fields, read))

    def _repeated(self, once: Callable[[], _T]) -> _T:
        attempt = 1
        while True:
            try:
                return once()
            except _PassingError as failed:
                attempt += 1
                self._pause(attempt, failed)

    def _pause(self, attempt: int, failed: _PassingError) -> None:
        """Wait before the next try, or raise what failed when there shall be none."""
        patience = self.connection.patience
        if attempt > patience.tries or self._closed.is_set():
            raise failed.error
        pause = pause_before(attempt, patience, failed.asked, self._dice)
        if pause > patience.longest_pause:
            limit = f"this client waits {patience.longest_pause:g} at most"
            raise UnreachableError(f"{failed.error}; it asks to wait {pause:g} seconds, {limit}")
        self.on_failure(failed.error)
        if self._closed.wait(pause):
            raise failed.error

    def _once(self, method: str, path: str, fields: Fields, read: Callable[[Reply], _T]) -> _T:
        try:
            with self._send(method, path, fields) as response:
                body = self._body(path, response)
        except UnreachableError as error:
            raise _PassingError(error) from None
        if response.status_code != HTTPStatus.OK:
            refused = self._refused(path, response, body)
            if not is_passing(response.status_code):
                raise refused
            raise _PassingError(refused, asked_pause(response.headers.get("Retry-After")))
        try:
            return read(Reply(body, response.headers))
        except TornError as error:
            raise _PassingError(error) from None

    def _refused(self, path: str, response: requests.Response, body: bytes) -> ServerError:
        where = f"{path} of {self.connection.url}"
        if response.is_redirect:
            return ServerError(f"{where} redirects elsewhere; give the address that it leads to")
        error = refusal(response.status_code, self._scrubbed(response, body), where)
        hint = _HINTS.get(HTTPStatus(response.status_code), "") if _known(response) else ""
        error.args = (f"{error}{hint}",)
        return error

    def _scrubbed(self, response: requests.Response, body: bytes) -> bytes:
        """The body without our own secret, which a proxy may repeat in its error page."""
        secret = str(response.request.headers.get("Authorization", "")).partition(" ")[2]
        return body.replace(secret.encode(), b"***") if secret else body

    def _send(self, method: str, path: str, fields: Fields) -> requests.Response:
        connection, patience = self.connection, self.connection.patience
        headers = {"Accept-Encoding": "gzip" if connection.compress else "identity"}
        headers |= dict(connection.headers)
        if connection.tenant:
            headers[TENANT_HEADER] = connection.tenant
        if connection.credentials is not None:
            headers["Authorization"] = connection.credentials.authorization()
        try:
            return self.session.request(
                method,
                connection.endpoint(path),
                params=fields if method == "GET" else None,
                data=fields if method == "POST" else None,
                headers=headers,
                auth=self.auth or _NoAuth(),
                timeout=(patience.connect, patience.read),
                # Given with the request: from the session, REQUESTS_CA_BUNDLE would go before it.
                verify=self.session.verify,
                cert=self.session.cert,
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            raise self._unreachable(error) from None
        except OSError as error:  # a file with certificates is not there
            raise ServerError(f"{connection.url} cannot be asked: {error}") from None

    def _body(self, path: str, response: requests.Response) -> bytes:
        limit, size = self.connection.largest_body, 0
        blocks: list[bytes] = []
        end = time.monotonic() + self.connection.patience.whole
        try:
            while block := response.raw.read1(_BLOCK, decode_content=True):
                blocks.append(block)
                size += len(block)
                if size > limit:
                    raise BodyError(f"{path} gave more than {limit:,} bytes; ask for less at once")
                if time.monotonic() > end or self._closed.is_set():
                    whole = self.connection.patience.whole
                    raise UnreachableError(
                        f"{path} was not answered whole within {whole:g} seconds"
                    )
        except (requests.RequestException, HTTPError, OSError) as error:
            raise self._unreachable(error) from None
        return b"".join(blocks)

    def _unreachable(self, error: Exception) -> ServerError:
        """What went wrong, without the words of the library: they can hold addresses in full."""
        url, patience = self.connection.url, self.connection.patience
        if isinstance(error, requests.exceptions.SSLError):
            return ServerError(
                f"the certificate of {url} is not trusted or TLS fails; name its authority"
                f" (--ca), or check the address: {_cause(error)}"
            )
        if isinstance(error, requests.ConnectTimeout):
            return UnreachableError(f"{url} took no connection within {patience.connect:g} seconds")
        if isinstance(error, requests.ReadTimeout) or "timed out" in str(error):
            return UnreachableError(f"{url} said nothing for {patience.read:g} seconds")
        if isinstance(error, ProtocolError):
            return UnreachableError(f"{url} broke off in the middle of an answer")
        return UnreachableError(f"{url} cannot be reached: {_cause(error)}")


def _known(response: requests.Response) -> bool:
    return response.status_code in set(HTTPStatus)


def _cause(error: BaseException) -> str:
    """The system's own words for the innermost reason."""
    seen: BaseException | None = error
    reason = type(error).__name__
    while seen is not None:
        if isinstance(seen, OSError) and seen.strerror:
            reason = seen.strerror
        seen = seen.__cause__ or seen.__context__
    return reason
