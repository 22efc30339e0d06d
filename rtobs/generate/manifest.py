"""The manifest: which files are generated, with the digest of what was written.

While a run writes, the manifest also says what it is about to write. So a run that was killed in
the middle leaves nothing that looks like somebody's work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from rtobs import conventions as names
from rtobs.errors import GenerationError
from rtobs.generate.files import content_of, digest_of, write_file

__all__ = ["Digests", "read_manifest", "write_manifest"]

Digests = Mapping[str, str]

_FILES: Final = "files"
_PENDING: Final = "pending"


def read_manifest(root: Path) -> dict[str, str]:
    """Digests by path; of a file that an interrupted run has written, the one it wrote.

    Raises:
        GenerationError: it is no manifest.
    """
    raw = content_of(root / names.MANIFEST)
    if raw is None:
        return {}
    try:
        document = json.loads(raw)
        listed, pending = (_digests(document.get(key, {})) for key in (_FILES, _PENDING))
    except (ValueError, TypeError, AttributeError) as error:
        hint = "restore it from version control, or remove it and run generate --force"
        raise GenerationError(f"{root / names.MANIFEST} is no manifest: {hint}") from error
    written = {path: digest for path, digest in pending.items() if _lies(root / path, digest)}
    return {**listed, **written}


def write_manifest(root: Path, files: Digests, pending: Digests | None = None) -> None:
    """Write the manifest.

    Args:
        root: the output directory.
        files: digests of the files that lie there.
        pending: digests of what is about to be written; None when the run is over.

    Raises:
        GenerationError: it cannot be written.
    """
    document: dict[str, object] = {"generatedBy": "rtobs", _FILES: dict(sorted(files.items()))}
    if pending is not None:
        document[_PENDING] = dict(sorted(pending.items()))
    write_file(root / names.MANIFEST, f"{json.dumps(document, indent=1)}\n")


def _digests(listed: Digests) -> dict[str, str]:
    return {_inside(path): str(digest) for path, digest in listed.items()}


def _lies(path: Path, digest: str) -> bool:
    content = content_of(path)
    return content is not None and digest_of(content) == digest


def _inside(path: str) -> str:
    """The path, which must not lead out of the directory: what is listed may be removed."""
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ValueError(path)
    return path
