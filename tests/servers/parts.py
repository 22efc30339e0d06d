"""Where the real programs lie that `make parts` unpacked."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from tools import parts

Release = parts.Release

_WORLD_ENTERS = 0o001


class MissingPartError(Exception):
    """A program that a test needs has not been unpacked."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that can be started.

    Attributes:
        part: The row of the table that it comes from.
        folder: The folder of its part.
        path: The program, below that folder.
        version: Version of the Debian package, such as "2.42.0+ds-5".
    """

    part: parts.Part
    folder: Path
    path: Path
    version: str

    @property
    def environment(self) -> dict[str, str]:
        """What it needs in its environment to find its libraries."""
        return parts.environment(self.folder)

    def sibling(self, name: str) -> Path:
        """Another program in the same folder, such as initdb beside postgres."""
        return self.path.with_name(name)

    def link_share(self, folder: Path) -> None:
        """Puts the link into its working folder with which it finds its compiled-in folder."""
        (folder / parts.SHARE).symlink_to(parts.share(self.part, self.folder))

    def run(
        self, *arguments: str | Path, cwd: Path | None = None, seconds: float = 120.0
    ) -> subprocess.CompletedProcess[str]:
        """Runs it to its end, whatever its exit status, and keeps what it prints.

        Raises:
            subprocess.TimeoutExpired: it did not end in time; it has been killed.
        """
        return subprocess.run(
            [self.path, *arguments], cwd=cwd, timeout=seconds, check=False,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip

    def open_to_everyone(self) -> bool:
        """Whether any user of this machine can start it: no folder above it is closed."""
        return all(parent.stat().st_mode & _WORLD_ENTERS for parent in self.path.parents)

    def copied_to(self, folder: Path) -> Program:
        """The same program, copied with its whole part to a folder that is not there yet."""
        shutil.copytree(self.folder, folder, symlinks=True)
        folder.chmod(0o755)
        return replace(self, folder=folder, path=folder / self.path.relative_to(self.folder))


def program(
    part: str, name: str | None = None, release: Release = Release.OLDEST, dest: Path = parts.DEST
) -> Program:
    """Finds a program of a part.

    Args:
        part: Name of the part, such as "alertmanager".
        name: Name of the program's file, such as "amtool"; the first of the part when absent.
        release: Which of the part's versions.
        dest: Where `make parts` has put them.

    Raises:
        MissingPartError: the part is not unpacked.
    """
    (row,) = (row for row in parts.PARTS if (row.name, row.release) == (part, release))
    below = next(path for path in row.programs if name in (None, Path(path).name))
    unpacked = parts.found(row, dest)
    if unpacked is None:
        raise MissingPartError(
            f"{part} ({release}) is not in {parts.folder_of(row, dest)}: run `make parts`, or set"
            " RTOBS_WITHOUT_PARTS=1 to skip the tests that need it"
        )
    version = unpacked.versions[row.packages[0]]
    return Program(row, unpacked.folder, unpacked.folder / below, version)
