"""Where an export lies: a folder, or a prefix of an S3-compatible store.

Every read and write of an export goes through here. A file appears whole or not at all.
"""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from rtobs.errors import ExportError

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

__all__ = ["Folder", "Place", "place_of"]

_NAME: Final = 100  # characters of a name that a draft repeats


class Place(Protocol):
    """Files below one root, by their relative path with "/" separators."""

    def read(self, path: str) -> bytes | None:
        """Content of a file; None when there is none."""

    def write(self, path: str, content: bytes) -> None:
        """Put a file there, whole or not at all; what was there is replaced."""

    def remove(self, path: str) -> None:
        """Remove a file; nothing happens when there is none."""

    def paths(self, under: str = "") -> list[str]:
        """Relative paths of all files below `under`, sorted."""

    def target(self, path: str) -> str:
        """What polars scans for that file."""

    def options(self) -> dict[str, str] | None:
        """`storage_options` for polars; None for local files."""


def place_of(where: str | os.PathLike[str]) -> Place:
    """The place that a path or an s3:// address means.

    For s3://bucket/prefix, endpoint, region and keys come from the usual AWS_* variables.
    """
    text = os.fspath(where)
    if text.startswith("s3://"):
        return Bucket.at(text)
    return Folder(Path(text))


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine."""

    root: Path

    def __str__(self) -> str:
        return str(self.root)

    def read(self, path: str) -> bytes | None:
        """See Place."""
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ExportError(f"{self.root / path} cannot be read: {error.strerror}") from error

    def write(self, path: str, content: bytes) -> None:
        """See Place; a draft is synced and renamed, so a crash leaves drafts and no torn file."""
        goal = self.root / path
        draft = goal.with_name(f".{goal.name[:_NAME]}.{uuid.uuid4().hex}.draft")
        try:
            goal.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(goal)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise ExportError(f"{goal} cannot be written: {error.strerror}") from error

    def remove(self, path: str) -> None:
        """See Place; folders that become empty go too."""
        goal = self.root / path
        with suppress(OSError):
            goal.unlink()
            for parent in goal.relative_to(self.root).parents:
                if parent != Path():
                    (self.root / parent).rmdir()

    def paths(self, under: str = "") -> list[str]:
        """See Place."""
        found = (self.root / under).rglob("*")
        return sorted(f.relative_to(self.root).as_posix() for f in found if f.is_file())

    def target(self, path: str) -> str:
        """See Place."""
        return str(self.root / path)

    def options(self) -> dict[str, str] | None:
        """See Place."""
        return None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A prefix of an S3-compatible store; a put there is atomic by nature.

    Attributes:
        root: "bucket/prefix" without a slash at the end.
    """

    root: str
    _files: S3FileSystem
    _options: dict[str, str]

    def __str__(self) -> str:
        return f"s3://{self.root}"

    @classmethod
    def at(cls, address: str) -> Bucket:
        """The place of an s3:// address; settings are those of the AWS_* variables."""
        from pyarrow.fs import S3FileSystem  # noqa: PLC0415  # a folder needs no S3

        root = address.removeprefix("s3://").strip("/")
        if not root:
            raise ExportError(f"{address} names no bucket; write s3://bucket/prefix")
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
        plain = endpoint.startswith("http://")
        files = S3FileSystem(
            endpoint_override=endpoint.partition("://")[2].rstrip("/") or None,
            scheme="http" if plain else "https",
            region=region,
        )
        options = {"aws_region": region}
        if endpoint:
            options |= {"aws_endpoint_url": endpoint, "aws_allow_http": str(plain).lower()}
        return cls(root, files, options)

    def read(self, path: str) -> bytes | None:
        """See Place."""
        try:
            with self._files.open_input_stream(f"{self.root}/{path}") as stream:
                return bytes(stream.read())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ExportError(f"{self}/{path} cannot be read: {error}") from error

    def write(self, path: str, content: bytes) -> None:
        """See Place."""
        try:
            with self._files.open_output_stream(f"{self.root}/{path}") as stream:
                stream.write(content)
        except OSError as error:
            raise ExportError(f"{self}/{path} cannot be written: {error}") from error

    def remove(self, path: str) -> None:
        """See Place."""
        with suppress(OSError):
            self._files.delete_file(f"{self.root}/{path}")

    def paths(self, under: str = "") -> list[str]:
        """See Place."""
        from pyarrow.fs import FileSelector, FileType  # noqa: PLC0415  # a folder needs no S3

        base = f"{self.root}/{under}".rstrip("/")
        selector = FileSelector(base, recursive=True, allow_not_found=True)
        try:
            found = self._files.get_file_info(selector)
        except OSError as error:
            raise ExportError(f"{self} cannot be listed: {error}") from error
        return sorted(
            info.path.removeprefix(f"{self.root}/") for info in found if info.type == FileType.File
        )

    def target(self, path: str) -> str:
        """See Place."""
        return f"{self}/{path}"

    def options(self) -> dict[str, str] | None:
        """See Place."""
        return self._options
