"""Generated files on disk: read whole, written whole."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rtobs.errors import GenerationError

__all__ = ["Artefact", "content_of", "digest_of", "write_file"]

_MODE: Final = 0o644


@dataclass(frozen=True, slots=True)
class Artefact:
    """A generated file.

    Attributes:
        path: relative to the output directory, with "/" separators.
        text: its whole content.
    """

    path: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return digest_of(self.text.encode())


def content_of(path: Path) -> bytes | None:
    """What lies there; None for nothing.

    Raises:
        GenerationError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise GenerationError(f"{path} cannot be read: {error.strerror}") from error


def write_file(path: Path, text: str) -> None:
    """All of the text or nothing; a draft that a killed run left is used by the next one.

    Raises:
        GenerationError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.chmod(_MODE)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise GenerationError(f"{path} cannot be written: {error.strerror}") from error


def digest_of(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
