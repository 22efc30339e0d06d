"""Finds the Pythons that rtobs is tried with: those of this machine, and those of newer Debians.

What the machine lacks is unpacked from Debian's packages beside the other parts, together with the
C library that it was made for, and is told to use that one. Nothing is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Container
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tools.parts import DEST, Apt, PartsError, Release

__all__ = ["Python", "on_this_machine", "unpacked"]

_SECONDS: Final = 120
_LIBRARIES: Final = (
    *("libc6", "libssl3t64", "libexpat1", "zlib1g", "libffi8", "libsqlite3-0", "liblzma5"),
    *("libbz2-1.0", "libuuid1", "libzstd1", "tzdata"),
)
_TELL: Final = "import ctypes, platform, sqlite3, ssl; print(platform.python_version())"
RELEASE: Final = Release.NEWEST


@dataclass(frozen=True, slots=True)
class Python:
    """One interpreter.

    Attributes:
        minor: "3.13".
        version: "3.13.15".
        program: where it is.
        origin: "this machine", or the Debian release.
    """

    minor: str
    version: str
    program: Path
    origin: str


def on_this_machine(oldest: str) -> dict[str, Python]:
    """The interpreters on the path and below pyenv, by minor version, from `oldest` on.

    Of two with the same minor version the one that runs this program wins, then the first found.
    """
    found: dict[str, Python] = {}
    for program in (Path(sys._base_executable), *_candidates()):  # type: ignore[attr-defined]  # noqa: SLF001
        python = _asked(program, "this machine")
        if python is not None and _key(python.minor) >= _key(oldest):
            found.setdefault(python.minor, python)
    return found


def unpacked(oldest: str, without: Container[str], patchelf: Path) -> dict[str, Python]:
    """The interpreters of the newest Debian release that we know, by minor version.

    Args:
        oldest: the first minor version that is wanted.
        without: minor versions that are not wanted.
        patchelf: the program that changes where another program finds its libraries.

    Raises:
        PartsError: there is no mirror, or what it holds cannot be unpacked.
    """
    with tempfile.TemporaryDirectory(prefix="rtobs-pythons-") as name:
        scratch = Path(name)
        scratch.chmod(0o755)  # apt's unprivileged user enters it
        apt = Apt.prepare(scratch, [RELEASE])
        wanted = [one for one in _offered(apt) if _key(one) >= _key(oldest) and one not in without]
        for minor in wanted:
            if _asked(_program(minor), RELEASE) is None:
                place = scratch / minor
                place.mkdir()
                _unpack(minor, replace(apt, scratch=place), patchelf)
    found = {minor: _asked(_program(minor), RELEASE) for minor in wanted}
    return {minor: python for minor, python in found.items() if python is not None}


def _candidates() -> list[Path]:
    folders = [Path(one) for one in os.environ.get("PATH", "").split(os.pathsep) if one]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders += sorted((pyenv / "versions").glob("*/bin"))
    return [
        program
        for folder in folders
        if folder.name != "shims" and folder.is_dir()
        for program in sorted(folder.glob("python3.*"))
        if re.fullmatch(r"python3\.\d+", program.name)
    ]


def _asked(program: Path, origin: str) -> Python | None:
    """What the program says of itself; None when it does not start or lacks what rtobs needs."""
    if not program.exists():
        return None
    command = [str(program), "-I", "-c", _TELL]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    version = done.stdout.strip()
    return Python(version.rpartition(".")[0], version, program, origin)


def _key(minor: str) -> tuple[int, ...]:
    return tuple(map(int, minor.split(".")))


def _offered(apt: Apt) -> list[str]:
    """The minor versions in the package lists, in order."""
    command = ("apt-cache", *apt.command[2:], "pkgnames", "python3.")
    names = _run(*command).split()
    minors = [name.removeprefix("python") for name in names if re.fullmatch(r"python3\.\d+", name)]
    return sorted(minors, key=_key)


def _program(minor: str) -> Path:
    return DEST / RELEASE / f"python{minor}" / "usr/bin" / f"python{minor}"


def _unpack(minor: str, apt: Apt, patchelf: Path) -> None:
    program = _program(minor)
    folder = program.parents[2]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    own = (f"python{minor}-minimal", f"libpython{minor}-minimal", f"libpython{minor}-stdlib")
    for deb in apt.download(RELEASE, (*own, *_LIBRARIES)).values():
        _run("dpkg-deb", "--extract", str(deb), str(folder))
    (loader,) = folder.glob("usr/lib64/ld-linux-*.so.*")
    (library,) = {path.parent for path in folder.glob("usr/lib/*-linux-*/libc.so.6")}
    # A search path of the old kind holds for what the program loads later, too.
    _run(str(patchelf), "--set-interpreter", str(loader), str(program))
    _run(str(patchelf), "--force-rpath", "--set-rpath", str(library), str(program))


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise PartsError(f"{Path(command[0]).name} failed: {error}") from None
    return done.stdout
