"""Unpacking the parts: with a stand-in for apt-get, and small packages that are really built."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tools.parts import SHARE, Part, PartsError, Release, environment, found, provide, share

REPOSITORY = Path(__file__).parents[2]
TOOL = Part("tool", Release.OLDEST, ("usr/bin/tool",), ("tool", "libtool9"))
DEBIAN = "https://debian.example/debian/"
APT = """\
#!/bin/sh
echo "$*" >> {home}/calls
case "$*" in
  *--no-release-info*) cat {home}/targets ;;
  *update*) cp $(dirname "$3")/sources/parts.sources {home}/sources
            grep -q "^URIs: $(cat {home}/reachable)$" {home}/sources || {{
              echo "E: cannot connect" >&2; exit 100; }} ;;
  *indextargets*) cat {home}/origin ;;
  *download*) shift 4
              for package in "$@"; do cp {home}/debs/"${{package%/*}}"_* . || exit 100; done ;;
esac
"""
CONTROL = """\
Package: {name}
Version: {version}
Architecture: all
Maintainer: Nobody <nobody@debian.example>
Description: made for a test
"""


@dataclass(frozen=True)
class Machine:
    """A machine whose apt-get is a stand-in that plays what the files in `home` say."""

    home: Path
    dest: Path

    def say(self, file: str, text: str) -> None:
        """Changes what the stand-in plays: targets, reachable or origin."""
        (self.home / file).write_text(text)

    def calls(self) -> int:
        """How often apt-get was asked to download."""
        calls = self.home / "calls"
        return calls.read_text().count(" download ") if calls.exists() else 0

    def package(self, name: str, files: dict[str, str], version: str = "1:2.0-1") -> None:
        """Builds a package into the archive; its files can be executed."""
        tree = self.home / "trees" / name
        for path, text in {
            "DEBIAN/control": CONTROL.format(name=name, version=version),
            **files,
        }.items():
            file = tree / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(0o755)
        target = self.home / "debs" / f"{name}_{version.replace(':', '%3a')}_all.deb"
        target.parent.mkdir(exist_ok=True)
        subprocess.run(
            ["/usr/bin/dpkg-deb", "--root-owner-group", "--build", tree, target],
            check=True,
            capture_output=True,
        )


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with one Debian mirror that has both packages of the part."""
    made = Machine(tmp_path / "machine", tmp_path / "parts")
    apt = made.home / "bin" / "apt-get"
    apt.parent.mkdir(parents=True)
    apt.write_text(APT.format(home=made.home))
    apt.chmod(0o755)
    made.say("targets", f"{DEBIAN} bookworm main\n")
    made.say("reachable", DEBIAN)
    made.say("origin", "Debian\n")
    made.package("tool", {"usr/bin/tool": "#!/bin/sh\necho 2.0\n", "usr/bin/other": ""})
    made.package("libtool9", {"usr/lib/x86_64-linux-gnu/libtool.so.9": ""})
    monkeypatch.setenv("PATH", f"{apt.parent}:/usr/bin:/bin")
    return made


def command(arguments: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs tools/parts.py as a person does."""
    return subprocess.run(
        [sys.executable, REPOSITORY / "tools" / "parts.py", *arguments],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_part_is_unpacked_with_its_libraries(machine: Machine) -> None:
    """All packages of a part lie in one folder, with their versions."""
    (part,) = provide([TOOL], machine.dest)
    assert part.folder == machine.dest / "bookworm" / "tool"
    assert dict(part.versions) == {"tool": "1:2.0-1", "libtool9": "1:2.0-1"}
    libraries = environment(part.folder)["LD_LIBRARY_PATH"]
    assert libraries == str(part.folder / "usr/lib/x86_64-linux-gnu")


def test_programs_that_nobody_asked_for_are_dropped(machine: Machine) -> None:
    """Only the named programs stay."""
    (part,) = provide([TOOL], machine.dest)
    assert [file.name for file in (part.folder / "usr/bin").iterdir()] == ["tool"]


def test_a_second_run_asks_nobody(machine: Machine) -> None:
    """What is there is not fetched again."""
    first = provide([TOOL], machine.dest)
    assert provide([TOOL], machine.dest) == first
    assert machine.calls() == 1


def test_a_changed_row_of_the_table_is_fetched_again(machine: Machine) -> None:
    """The folder always agrees with the table."""
    provide([TOOL], machine.dest)
    machine.package("more", {"usr/share/more": ""})
    changed = replace(TOOL, packages=(*TOOL.packages, "more"))
    assert found(changed, machine.dest) is None
    (part,) = provide([changed], machine.dest)
    assert (part.folder / "usr/share/more").exists()


def test_runs_at_the_same_time_fetch_once(machine: Machine) -> None:
    """Later runs wait for the first and take what it has unpacked."""
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: provide([TOOL], machine.dest), range(4)))
    assert results == [results[0]] * 4
    assert machine.calls() == 1


def test_the_compiled_in_folder_is_overwritten_at_the_same_length(machine: Machine) -> None:
    """A program finds its files through a link in the folder where it works."""
    text = '#!/bin/sh\n[ "$1" = --version ] || cat /usr/share/tool/name\n'
    machine.package("tool", {"usr/bin/tool": text, "usr/share/tool/name": "hammer"})
    row = replace(TOOL, compiled_in="/usr/share/tool")
    (part,) = provide([row], machine.dest)
    work = machine.home / "work"
    work.mkdir()
    (work / SHARE).symlink_to(share(row, part.folder))
    program = part.folder / "usr/bin/tool"
    said = subprocess.run([program], cwd=work, capture_output=True, text=True, check=True).stdout
    assert (said, program.stat().st_size) == ("hammer", len(text))


def test_a_program_that_does_not_start_leaves_no_part(machine: Machine) -> None:
    """A missing library is told at once; the next run tries again."""
    machine.package("tool", {"usr/bin/tool": "#!/bin/sh\necho libmissing.so >&2\nexit 127\n"})
    with pytest.raises(PartsError, match=r"tool failed: libmissing\.so"):
        provide([TOOL], machine.dest)
    assert found(TOOL, machine.dest) is None
    machine.package("tool", {"usr/bin/tool": "#!/bin/sh\necho 2.0\n"})
    assert len(provide([TOOL], machine.dest)) == 1


def test_the_first_mirror_that_answers_is_used(machine: Machine) -> None:
    """Another component, an archive of fixes and a mirror that is down are passed over."""
    machine.say(
        "targets",
        "https://other.example/ bookworm stable\n"
        f"{DEBIAN[:-1]}-security/ bookworm-security main\n"
        "https://down.example/ bookworm main\n"
        f"{DEBIAN} bookworm main\n"
        f"{DEBIAN} bookworm-updates main\n",
    )
    provide([TOOL], machine.dest)
    updates = (machine.home / "calls").read_text().count(" update ")
    assert (updates, machine.calls()) == (2, 1)
    sources = (machine.home / "sources").read_text()
    assert f"URIs: {DEBIAN}\nSuites: bookworm\nComponents: main\n" in sources


def test_an_archive_that_is_not_debian_is_refused(machine: Machine) -> None:
    """The signed Release file must say that it is Debian's."""
    machine.say("origin", "Elsewhere\n")
    with pytest.raises(PartsError, match="is not a mirror of Debian"):
        provide([TOOL], machine.dest)
    assert machine.calls() == 0


def test_no_mirror_is_told(machine: Machine) -> None:
    """A machine without Debian sources says so."""
    machine.say("targets", "")
    with pytest.raises(PartsError, match="name no Debian mirror"):
        provide([TOOL], machine.dest)


def test_a_network_that_is_down_is_told_with_the_words_of_apt(machine: Machine) -> None:
    """Exit status 1, the reason and a hint; no traceback."""
    machine.say("reachable", "https://nowhere.example/")
    done = command(["nginx", "--dest", str(machine.dest)], PATH=f"{machine.home}/bin:/usr/bin:/bin")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: apt-get failed: E: cannot connect\nhint: the parts are")


def test_a_machine_without_apt_is_told(tmp_path: Path) -> None:
    """Exit status 1, the reason and a hint; no traceback."""
    done = command(["nginx", "--dest", str(tmp_path)], PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("error: apt-get is not on this machine\nhint: ")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Exit status 1 and the reason; no traceback."""
    (tmp_path / "file").touch()
    done = command(["nginx", "--dest", str(tmp_path / "file" / "parts")], PATH="/usr/bin:/bin")
    assert done.returncode == 1
    assert "Not a directory" in done.stderr


def test_an_unknown_part_is_wrong_usage() -> None:
    """Exit status 2, with the names that there are."""
    done = command(["grafana"], PATH="/usr/bin:/bin")
    assert done.returncode == 2
    assert "no such part: grafana (there are: alertmanager, " in done.stderr
