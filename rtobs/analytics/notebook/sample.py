"""The sample export, made once and kept for the next notebook."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rtobs.analytics import simulation
from rtobs.analytics.store import Export, open_export
from rtobs.errors import ExportError
from rtobs.model.slo import ResolvedSlo

__all__ = ["cached_sample", "sample_folder"]

_DIGITS: Final = 16
Maker = Callable[[Path, Sequence[ResolvedSlo]], Export]


def cached_sample(
    slos: Iterable[ResolvedSlo], definitions: Path, make: Maker = simulation.sample_export
) -> Export:
    """The sample with the recorded series of SLOs; made in some seconds if it is not there yet.

    Several programs may ask at once: each makes its own, and the first one that is done stays.

    Args:
        slos: the SLOs of the definitions.
        definitions: their folder; other definitions are another sample.
        make: makes a sample in a folder.

    Raises:
        ExportError: it cannot be made.
    """
    folder = sample_folder(definitions)
    if not folder.exists():
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as place:
            made = Path(place) / "sample"
            make(made, tuple(slos))
            with suppress(OSError):  # another program was faster
                made.replace(folder)
    return open_export(folder)


def sample_folder(definitions: Path) -> Path:
    """Where the sample of these definitions and this version is, or will be.

    Raises:
        ExportError: somebody else owns the folder for temporary files of this user.
    """
    parent = Path(tempfile.gettempdir()) / f"rtobs-{_user()}"
    if parent.exists() and hasattr(os, "getuid") and parent.stat().st_uid != os.getuid():
        raise ExportError(f"{parent} belongs to somebody else; set TMPDIR to a folder of yours")
    digest = hashlib.sha256(version("rtobs").encode())
    simulator = Path(simulation.__file__).parent
    for file in (*sorted(simulator.glob("*.py")), *sorted(definitions.rglob("*.yaml"))):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return parent / f"sample-{digest.hexdigest()[:_DIGITS]}"


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "user"
