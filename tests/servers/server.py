"""What all real servers of the tests have in common: they start, answer, stop and leave nothing."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self, TypeVar

from tests.servers.loopback import Endpoint, free_port
from tests.servers.parts import Program

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05
_LOG_LINES: Final = 40
_UNPRIVILEGED_USER: Final = "nobody"

_T = TypeVar("_T")
_running: list[Server] = []


class ServerError(Exception):
    """A server did not start, did not do in time what was waited for, or answered an error."""


def wait_until(check: Callable[[], _T | None], what: str, seconds: float = 10.0) -> _T:
    """Asks until the answer is true, and gives it.

    A refused connection or a broken answer counts as "not yet".

    Args:
        check: Gives the answer; None, False and empty mean "not yet".
        what: What is waited for, as it shall stand in the error.
        seconds: How long to ask at most.

    Raises:
        ServerError: it did not come in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, HTTPException):
            if answer := check():
                return answer
        time.sleep(_POLL_SECONDS)
    raise ServerError(f"waited {seconds:g} seconds in vain for {what}")


def running() -> tuple[Server, ...]:
    """The servers that this process has entered and not left."""
    return tuple(_running)


def processes_in(folder: Path) -> list[int]:
    """Ids of the processes that work in a folder or below it, even where it has been removed."""
    inside = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                where = Path(str((entry / "cwd").readlink()).removesuffix(" (deleted)"))
                if where.is_relative_to(folder):
                    inside.append(int(entry.name))
    return inside


class Server(ABC):
    """A real server in a folder of its own, for the length of a `with` block.

    It listens on one free port of the loopback interface, is ready when the block begins, and is
    gone with all its children and files when the block ends. Within the block it can be stopped
    and started again; what it has stored stays. Enter it in the main thread: the kernel ends the
    server when the thread that started it ends.

    Attributes:
        name: What it is called in errors.
        http: Where it listens.
        folder: Its files; only within the block.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    unprivileged: ClassVar[bool] = False

    def __init__(self, program: Program) -> None:
        self.program = program
        self.http = Endpoint(free_port())
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """The command line with which it is started."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers; may raise OSError while it does not."""

    def prepare(self) -> None:  # noqa: B027, most servers need no files
        """Writes what it reads at its first start."""

    def environment(self) -> Mapping[str, str]:
        """Variables of its own in its environment."""
        return {}

    @property
    def folder(self) -> Path:
        """Its files; it works there."""
        if self._folder is None:
            raise ServerError(f"{self.name} has a folder only within its `with` block")
        return self._folder

    @property
    def pid(self) -> int | None:
        """Id of its main process while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def log(self, lines: int = _LOG_LINES) -> str:
        """The beginning and the end of what it wrote to standard output and error."""
        try:
            text = (self.folder / "server.log").read_text(errors="replace").splitlines()
        except OSError:
            return ""
        if len(text) > lines:
            text[3 : 3 - lines] = ["..."]
        return "\n".join(text)

    def start(self) -> None:
        """Starts it and waits until it is ready.

        Raises:
            ServerError: it runs already, ended at once or was not ready in time; with its log.
        """
        if self.pid is not None:
            raise ServerError(f"{self.name} runs already")
        if threading.current_thread() is not threading.main_thread():
            raise ServerError(f"{self.name} must be started in the main thread")
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.launch(self.command()),
                cwd=self.folder,
                env=self._full_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_until(self._is_up, f"{self.name} to be ready", START_SECONDS)
        except ServerError as error:
            log_text = self.log()
            self.stop()
            raise ServerError(f"{error}\n{log_text}") from None

    def stop(self) -> None:
        """Stops it with all its children; does nothing when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(self.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        self._end(process)

    def kill(self) -> None:
        """Ends it at once with all its children, as a crash does; what it has stored stays."""
        process, self._process = self._process, None
        if process is not None:
            self._end(process)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        for pid in processes_in(self.folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda: not processes_in(self.folder), f"{self.name}'s children to end", STOP_SECONDS
        )

    def restart(self) -> None:
        """Stops and starts it; what it has stored stays."""
        self.stop()
        self.start()

    def run_beside(self, command: Sequence[str | Path], seconds: float = 60.0) -> str:
        """Runs a tool of the server in its folder, as its user; gives what it printed.

        Raises:
            ServerError: the tool failed; with what it said.
        """
        try:
            done = subprocess.run(
                self.launch(command), cwd=self.folder, env=self._full_environment(),
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ServerError(f"{command[0]} did not end in {seconds:g} seconds") from None
        if done.returncode != 0:
            raise ServerError(f"{command[0]} failed: {done.stderr.strip()}")
        return done.stdout

    def launch(self, command: Sequence[str | Path]) -> list[str]:
        """The command so that it dies with this process, and without root's rights where asked."""
        wrap = ["setpriv", "--pdeathsig", self.stop_signal.name.removeprefix("SIG")]
        if self._drops_root():
            user = pwd.getpwnam(_UNPRIVILEGED_USER)
            wrap += ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
        return [*wrap, "--", *map(str, command)]

    def _is_up(self) -> bool:
        if self.pid is None:
            raise ServerError(f"{self.name} ended while it started")
        return self.is_ready()

    def _drops_root(self) -> bool:
        return self.unprivileged and os.geteuid() == 0

    def _full_environment(self) -> dict[str, str]:
        base = {"PATH": os.environ["PATH"], "LANG": "C", "TZ": "UTC", "HOME": str(self.folder)}
        return {**base, **self.program.environment, **self.environment()}

    def _open(self) -> None:
        # Not below pytest's folders: those are closed to the unprivileged user.
        self._folder = Path(tempfile.mkdtemp(prefix=f"rtobs-{self.name}-"))
        self._folder.chmod(0o755)
        if self._drops_root():
            shutil.chown(self._folder, _UNPRIVILEGED_USER)
            if not self.program.open_to_everyone():
                self.program = self.program.copied_to(self._folder / "program")
        self.prepare()
        self.start()

    def _close(self) -> None:
        try:
            self.stop()
        finally:
            if self in _running:
                _running.remove(self)
            shutil.rmtree(self.folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._close()
            raise
        _running.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            error.add_note(f"--- log of {self.name} ---\n{self.log()}")
        self._close()
