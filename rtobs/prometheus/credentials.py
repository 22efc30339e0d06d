"""Who asks. A secret is in a header and nowhere else: not in a repr, an error or a log."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rtobs.errors import ServerError

__all__ = ["Basic", "Credentials", "Token", "TokenFile"]


class Credentials(Protocol):
    """Makes the Authorization header of a request."""

    def authorization(self) -> str:
        """Value of the header.

        Raises:
            ServerError: there is no usable secret; the text does not hold it.
        """


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token."""

    secret: str = field(repr=False)

    def authorization(self) -> str:
        """See Credentials."""
        return f"Bearer {_header_safe(self.secret.strip(), 'the token')}"


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A bearer token in a file; read for every request, because such tokens are renewed."""

    path: Path

    def authorization(self) -> str:
        """See Credentials."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise ServerError(f"token file {self.path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError:
            raise ServerError(f"token file {self.path} holds no text") from None
        return f"Bearer {_header_safe(text.strip(), f'the token of {self.path}')}"


@dataclass(frozen=True, slots=True)
class Basic:
    """A user with a password."""

    user: str
    password: str = field(repr=False)

    def authorization(self) -> str:
        """See Credentials."""
        both = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return f"Basic {both}"


def _header_safe(secret: str, what: str) -> str:
    if not secret:
        raise ServerError(f"{what} is empty")
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ServerError(f"{what} holds a character that no token has")
    return secret
