"""Unpacks the real servers and tools that the tests start, without installing them.

They come from Debian's packages, through apt's own verification, and lie below `.parts/`, one
folder a release and part: `.parts/bookworm/prometheus/usr/bin/prometheus`. The mirror is the one
that this machine's apt already uses. Nothing outside the folder is changed, and root is not needed.

    python tools/parts.py                            everything; a second run needs no network
    python tools/parts.py prometheus alertmanager    only these, in every release that has them
    python tools/parts.py --dest FOLDER              another folder than .parts

Exit status: 0 all parts are there, 1 some cannot be had here, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

DEST: Final = Path(__file__).resolve().parent.parent / ".parts"
KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SANDBOX_USER: Final = "_apt"
_APT_SECONDS: Final = 300
_PROGRAM_SECONDS: Final = 20
_STAMP: Final = "part.json"
SHARE: Final = "share"
_HINT: Final = (
    "the parts are Debian packages and are fetched with apt from the mirror that this machine uses"
    " (Debian 12 or later); RTOBS_WITHOUT_PARTS=1 makes the tests skip what needs them"
)


class Release(StrEnum):
    """The Debian release a part is taken from: the oldest that we support, and a recent one."""

    OLDEST = "bookworm"
    NEWEST = "forky"


@dataclass(frozen=True, slots=True)
class Part:
    """One row of the table: what is unpacked together into one folder.

    Attributes:
        name: The name on the command line and of the folder.
        release: Where the packages come from.
        programs: Paths below the folder; each must start and tell its version.
        packages: The packages: the programs, and the libraries that a minimal Debian lacks.
        compiled_in: A folder that Debian has compiled into the programs. Without installing it can
            be nowhere but in the part, so the text in the programs is overwritten by SHARE, padded
            to the same length: who starts them puts a link of that name into the folder where they
            work. See `share`.
    """

    name: str
    release: Release
    programs: tuple[str, ...]
    packages: tuple[str, ...]
    compiled_in: str = ""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A part that is there.

    Attributes:
        part: Its row of the table.
        folder: Where it lies.
        versions: Version by package name.
    """

    part: Part
    folder: Path
    versions: Mapping[str, str]


class PartsError(Exception):
    """A part cannot be had here; the text says why and what helps."""


def _both(
    name: str, programs: str, package: str, *, more_in_newest: str = "", compiled_in: str = ""
) -> tuple[Part, Part]:
    """The same part from both releases."""
    run = tuple(f"usr/bin/{program}" for program in programs.split())
    return (
        Part(name, Release.OLDEST, run, (package,), compiled_in),
        Part(name, Release.NEWEST, run, (package, *more_in_newest.split()), compiled_in),
    )


_POSTGRESQL_BIN: Final = "usr/lib/postgresql/15/bin"
PARTS: Final[tuple[Part, ...]] = (
    *_both("prometheus", "prometheus promtool", "prometheus", more_in_newest="promtool"),
    *_both("alertmanager", "prometheus-alertmanager amtool", "prometheus-alertmanager",
           compiled_in="/usr/share/prometheus/alertmanager"),
    *_both("node-exporter", "prometheus-node-exporter", "prometheus-node-exporter"),
    *_both("postgres-exporter", "prometheus-postgres-exporter", "prometheus-postgres-exporter"),
    *_both("nginx-exporter", "prometheus-nginx-exporter", "prometheus-nginx-exporter"),
    *_both("blackbox-exporter", "prometheus-blackbox-exporter", "prometheus-blackbox-exporter"),
    *_both("victoria-metrics", "victoria-metrics", "victoria-metrics"),
    Part("nginx", Release.OLDEST, ("usr/sbin/nginx",), ("nginx", "libssl3")),
    Part(
        "postgresql",
        Release.OLDEST,
        tuple(f"{_POSTGRESQL_BIN}/{program}" for program in ("postgres", "initdb", "psql")),
        # libllvm14 (107 MiB) is left out: it is loaded only where just-in-time compilation is on.
        ("postgresql-15", "postgresql-client-15", "libpq5", "libicu72", "libxml2",
         "libldap-2.5-0", "libsasl2-2", "libssl3", "libgssapi-krb5-2", "libkrb5-3",
         "libk5crypto3", "libkrb5support0", "libkeyutils1", "libreadline8"),
    ),
)  # fmt: skip


def folder_of(part: Part, dest: Path = DEST) -> Path:
    """Where the part lies, or would lie."""
    return dest / part.release / part.name


def share(part: Part, folder: Path) -> Path:
    """Where the compiled-in folder of a part, see Part, lies below the part's folder."""
    return folder / part.compiled_in.removeprefix("/")


def environment(folder: Path) -> dict[str, str]:
    """Environment variables with which the programs below a part's folder find its libraries."""
    libraries = [
        str(path) for lib in ("usr/lib", "lib") for path in folder.glob(f"{lib}/*-linux-*")
    ]
    return {"LD_LIBRARY_PATH": ":".join(libraries)} if libraries else {}


def found(part: Part, dest: Path = DEST) -> Unpacked | None:
    """The part as an earlier run left it; None when it is absent or its row has changed."""
    folder = folder_of(part, dest)
    try:
        stamp = json.loads((folder / _STAMP).read_text())
    except (OSError, ValueError):
        return None
    match stamp:
        case {"row": row, "versions": versions} if row == repr(part):
            return Unpacked(part, folder, versions)
    return None


def provide(parts: Sequence[Part], dest: Path = DEST) -> list[Unpacked]:
    """Unpacks the parts that are not there yet.

    Several processes may call it for the same folder at once.

    Raises:
        PartsError: apt, the network or a package is missing, or a program does not start.
    """
    present = {part: found(part, dest) for part in parts}
    if None in present.values():
        with _locked(dest):
            present = {part: found(part, dest) for part in parts}
            _fetch([part for part in parts if present[part] is None], dest)
            present = {part: found(part, dest) for part in parts}
    return [unpacked for unpacked in present.values() if unpacked is not None]


@contextmanager
def _locked(dest: Path) -> Iterator[None]:
    dest.mkdir(parents=True, exist_ok=True)
    with (dest / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(parts: Sequence[Part], dest: Path) -> None:
    if not parts:
        return
    # Beside the system's other temporary files, where apt's unprivileged user may enter.
    with tempfile.TemporaryDirectory(prefix="rtobs-parts-") as name:
        scratch = Path(name)
        scratch.chmod(0o755)
        releases = {part.release for part in parts}
        apt = Apt.prepare(scratch, sorted(releases))
        debs = {
            release: apt.download(
                release,
                sorted({p for part in parts if part.release is release for p in part.packages}),
            )
            for release in sorted(releases)
        }
        with ThreadPoolExecutor() as pool:
            folders = list(pool.map(lambda part: _extract(part, debs[part.release], dest), parts))
        # One after the other: a program that one thread has just written cannot be started while
        # a child that another thread forks still holds the open file ("text file busy").
        for part, folder in zip(parts, folders, strict=True):
            _finish(part, debs[part.release], folder, dest)


def _extract(part: Part, debs: Mapping[str, Path], dest: Path) -> Path:
    """Unpacks the packages of a part beside its final folder."""
    final = folder_of(part, dest)
    folder = final.with_name(f".{final.name}.new")
    for stale in (folder, final):
        shutil.rmtree(stale, ignore_errors=True)
    folder.mkdir(parents=True)
    for package in part.packages:
        _run([_tool("dpkg-deb"), "--extract", str(debs[package]), str(folder)], _APT_SECONDS)
    return folder


def _finish(part: Part, debs: Mapping[str, Path], folder: Path, dest: Path) -> None:
    """Keeps the programs only, proves that they start, and moves the folder into place."""
    programs = [folder / program for program in part.programs]
    for other in {file for program in programs for file in program.parent.iterdir()} - {*programs}:
        other.unlink()
    for program in programs:
        _rewrite(program, part.compiled_in)
        _starts(program, environment(folder))
    versions = {package: _version(debs[package]) for package in part.packages}
    (folder / _STAMP).write_text(json.dumps({"row": repr(part), "versions": versions}, indent=2))
    folder.rename(folder_of(part, dest))


def _rewrite(program: Path, compiled_in: str) -> None:
    """Overwrites the compiled-in folder, see Part, in a program that names it."""
    old = compiled_in.encode()
    if old:
        program.write_bytes(program.read_bytes().replace(old, SHARE.encode().ljust(len(old), b"/")))


def _version(deb: Path) -> str:
    """The version in the name of a downloaded package, NAME_VERSION_ARCHITECTURE.deb."""
    return deb.name.split("_")[1].replace("%3a", ":")


def _starts(program: Path, libraries: Mapping[str, str]) -> None:
    flag = "-v" if program.name == "nginx" else "--version"
    _run([str(program), flag], _PROGRAM_SECONDS, env={**os.environ, **libraries})


@dataclass(frozen=True, slots=True)
class Apt:
    """apt-get with lists, cache and sources of its own, so that the machine's stay as they are."""

    command: tuple[str, ...]
    scratch: Path

    @classmethod
    def prepare(cls, scratch: Path, releases: Sequence[str]) -> Apt:
        """Reads the package lists of the releases from the first of the machine's Debian mirrors.

        Raises:
            PartsError: no mirror has them all, with what apt said about each.
        """
        said = []
        for mirror in _mirrors():
            apt = cls._configured(scratch, mirror, releases)
            try:
                apt.get("update", "--error-on=any")
            except PartsError as error:
                said.append(str(error))
                continue
            origins = apt.get("indextargets", "--format", "$(ORIGIN)").split()
            if set(origins) == {"Debian"}:
                return apt
            said.append(f"{mirror} is not a mirror of Debian")
        raise PartsError(
            "\n".join(said)
            or "the apt sources of this machine name no Debian mirror (component main)"
        )

    @classmethod
    def _configured(cls, scratch: Path, mirror: str, releases: Sequence[str]) -> Apt:
        state, sources = scratch / "state", scratch / "sources"
        shutil.rmtree(state, ignore_errors=True)
        for folder in (state / "lists/partial", state / "cache/archives/partial", sources):
            folder.mkdir(parents=True, exist_ok=True)
        signed_by = f"Signed-By: {KEYRING}\n" if KEYRING.exists() else ""
        (sources / "parts.sources").write_text(
            f"Types: deb\nURIs: {mirror}\nSuites: {' '.join(releases)}\nComponents: main\n"
            f"Targets: Packages\n{signed_by}"
        )
        config = scratch / "apt.conf"
        # Read after the machine's own configuration, which may hold the proxy and hooks.
        config.write_text(
            f'Dir::State::lists "{state}/lists"; Dir::Cache "{state}/cache";\n'
            f'Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "{sources}";\n'
            'Acquire::Languages "none"; Acquire::Retries "2"; Acquire::http::Timeout "20";\n'
            "#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n"
        )
        return cls((_tool("apt-get"), "-q", "-c", str(config)), scratch)

    def get(self, *arguments: str, cwd: Path | None = None) -> str:
        """What apt-get says to these arguments."""
        return _run([*self.command, *arguments], _APT_SECONDS, cwd=cwd)

    def download(self, release: str, packages: Sequence[str]) -> dict[str, Path]:
        """Downloads and verifies packages; gives the file by package name."""
        folder = self.scratch / release
        folder.mkdir()
        if os.geteuid() == 0:
            with suppress(LookupError):
                shutil.chown(folder, _SANDBOX_USER)
        self.get("download", *(f"{package}/{release}" for package in packages), cwd=folder)
        return {deb.name.split("_")[0]: deb for deb in folder.glob("*.deb")}


def _mirrors() -> list[str]:
    """Addresses in this machine's apt sources that hold a main component, as apt itself reads them.

    Archives of security fixes are left out: they do not hold whole releases.
    """
    lines = _run(
        [_tool("apt-get"), "indextargets", "--no-release-info",
         "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"],
        _APT_SECONDS,
    ).splitlines()  # fmt: skip
    rows = [line.split() for line in lines]
    wanted = [row[0] for row in rows if row[2:] == ["main"] and "security" not in row[1]]
    return list(dict.fromkeys(wanted))


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise PartsError(f"{name} is not on this machine")
    return path


def _run(
    command: Sequence[str],
    seconds: float,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """What the command printed.

    Raises:
        PartsError: it failed or did not end in time; with the end of what it said.
    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, timeout=seconds, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PartsError(f"{name} did not end in {seconds:.0f} seconds") from None
    except OSError as error:
        raise PartsError(f"{name} cannot be started: {error}") from None
    if done.returncode != 0:
        raise PartsError(f"{name} failed: {done.stderr.strip()[-600:]}")
    return done.stdout


def _table(unpacked: Sequence[Unpacked]) -> str:
    rows = [("part", "release", "version", "folder")]
    rows += [
        (
            u.part.name,
            u.part.release.value,
            u.versions[u.part.packages[0]],
            os.path.relpath(u.folder),
        )
        for u in unpacked
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the text of this module."""
    names = sorted({part.name for part in PARTS})
    parser = argparse.ArgumentParser(
        prog="tools/parts.py",
        description="Unpacks the real servers and tools that the tests start, without installing.",
    )
    parser.add_argument("part", nargs="*", help=f"default: all of {', '.join(names)}")
    parser.add_argument("--dest", type=Path, default=DEST, help="the folder (default: .parts)")
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.part) - set(names))
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)} (there are: {', '.join(names)})")
    chosen = [part for part in PARTS if not asked.part or part.name in asked.part]
    try:
        print(_table(provide(chosen, asked.dest.resolve())))
    except (PartsError, OSError) as error:
        print(f"error: {error}\nhint: {_HINT}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
