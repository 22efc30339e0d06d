"""`rtobs.init` and the life of what it starts: fork, signals, flush and a bounded end."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, Any, Unpack

from rtobs import conventions
from rtobs.errors import ConfigurationError
from rtobs.telemetry import admission, contrib, quiet, readers, servers
from rtobs.telemetry.instruments import instruments
from rtobs.telemetry.options import EnvironmentFault, Options, Settings, resolve

if TYPE_CHECKING:
    from rtobs.telemetry import pipelines

__all__ = ["Handle", "ShutdownReport", "init"]

_logger = logging.getLogger("rtobs")
_starting = threading.Lock()
_FIRST_PROCESS = 1
_GRACE = 1.0


@dataclass(frozen=True, slots=True)
class ShutdownReport:
    """How telemetry ended.

    Attributes:
        sent: items that a receiver acknowledged, by signal.
        dropped: items that were given up since the start, by signal.
        seconds: how long the end took.
    """

    sent: Mapping[str, int]
    dropped: Mapping[str, int]
    seconds: float


class Handle:
    """The running telemetry of this process.

    Args:
        settings: what was decided; None when the environment could not be used.
    """

    def __init__(self, settings: Settings | None) -> None:
        self.settings = settings
        self._health = instruments.health
        self._pipelines: pipelines.Pipelines | None = None
        self._ended: ShutdownReport | None = None

    @property
    def enabled(self) -> bool:
        """Whether telemetry is set up and has not been shut down."""
        return self._pipelines is not None and self._ended is None

    def flush(self, timeout: float = 2.0) -> bool:
        """Export everything now; False when something is left after `timeout` seconds."""
        if self._pipelines is None or self._ended is not None:
            return True
        return self._pipelines.flush(timeout)

    def shutdown(self, timeout: float | None = None) -> ShutdownReport:
        """Export what is left and end, within `timeout` seconds (default: the exit budget).

        Further calls return the first report; telemetry that comes later is counted as lost.
        """
        if self._ended is None:
            started = time.monotonic()
            budget = self.settings.exit_budget if self.settings is not None else 0.0
            if self._pipelines is not None:
                self._pipelines.stop(budget if timeout is None else timeout)
            self._ended = self._report(time.monotonic() - started)
        return self._ended

    def stats(self) -> dict[str, Any]:
        """The account so far: enabled, sent, dropped, failures, queued, overflows."""
        queues = self._pipelines.queues if self._pipelines is not None else {}
        report = self._report(0.0)
        return {
            "enabled": self.enabled,
            "sent": dict(report.sent),
            "dropped": {f"{name}/{reason}": count for name, reason, count in self._health.drops()},
            "failures": {name: self._health.count_failures(name) for name in conventions.SIGNALS},
            "queued": {name: len(queue) for name, queue in queues.items()},
            "overflows": self._health.overflows(),
        }

    def run(self, built: pipelines.Pipelines) -> None:
        """Take charge of what was built."""
        self._pipelines = built
        built.start()
        instruments.prime_again()

    def before_fork(self) -> None:
        """Make the state safe to copy."""
        if self._pipelines is not None:
            self._pipelines.before_fork()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        if self._pipelines is not None:
            self._pipelines.after_fork_in_parent()

    def after_fork_in_child(self) -> None:
        """Begin anew in the child."""
        instruments.renew()
        if self._pipelines is not None and self._ended is None:
            self._pipelines.after_fork_in_child()
            instruments.prime_again()

    def _report(self, seconds: float) -> ShutdownReport:
        dropped = dict.fromkeys(conventions.SIGNALS, 0)
        for name, _, count in self._health.drops():
            dropped[name] += count
        sent = {name: self._health.count_sent(name) for name in conventions.SIGNALS}
        return ShutdownReport(sent, dropped, seconds)


class _Process:
    """The one handle of the process."""

    handle: Handle | None = None


def init(service: str | None = None, **options: Unpack[Options]) -> Handle:
    """Start traces, logs and metrics of a service; call it once, first.

    Args:
        service: `service.name`; default: `RTOBS_SERVICE`, then `OTEL_SERVICE_NAME`.
        options: see `rtobs.telemetry.options.Settings`; each may also be given as the environment
            variable `RTOBS_<OPTION>`, many by the standard `OTEL_*` variable.

    Returns:
        The handle. A second call returns the same one and changes nothing.

    Raises:
        ConfigurationError: an argument is wrong; also, with `strict`, when the environment is.
    """
    with _starting:
        if _Process.handle is not None:
            _logger.warning("rtobs.init was called again: the first call stays in force")
            return _Process.handle
        handle = _start(service, options)
        _Process.handle = handle
        return handle


def _start(service: str | None, options: Options) -> Handle:
    try:
        settings = resolve(service, options, os.environ)
        handle = Handle(settings)
        instruments.policy.off = settings.disabled
        if settings.disabled:
            return handle
        built = _build(settings)
    except ConfigurationError:
        raise
    except (EnvironmentFault, ImportError) as fault:
        if _is_strict(options.get("strict")):
            raise ConfigurationError(f"telemetry cannot start: {fault}") from fault
        _logger.warning("telemetry is off: %s", fault)
        return Handle(None)
    instruments.policy.limits = settings.limits
    instruments.policy.redact = built.redactor.text
    instruments.policy.redactor = built.redactor
    quiet.hush(settings.limits.log_lines_per_minute)
    admission.admit(accept=settings.accept_baggage)
    if settings.instrument:
        contrib.enable()  # it imports whole frameworks: better before there are threads
    handle.run(built)
    _watch_forks(handle)
    if built.workers:
        _watch_end(handle, settings)
    return handle


def _is_strict(given: bool | None) -> bool:  # noqa: FBT001  # the argument of `init` as it is
    """Whether a bad environment raises; read on its own, because nothing else may be readable."""
    try:
        return readers.flag(os.environ.get("RTOBS_STRICT", "") if given is None else given)
    except ValueError:
        return False


def _build(settings: Settings) -> pipelines.Pipelines:
    """Make everything that reads the environment; OpenTelemetry refuses it with a ValueError."""
    try:
        import_module("opentelemetry.propagate")  # this and the next read it when imported
        from rtobs.telemetry import pipelines  # noqa: PLC0415

        return pipelines.build(settings, os.environ, instruments.health)
    except ValueError as fault:
        raise EnvironmentFault("OpenTelemetry", f"refuses the environment: {fault}") from fault


def _watch_forks(handle: Handle) -> None:
    os.register_at_fork(
        before=handle.before_fork,
        after_in_parent=handle.after_fork_in_parent,
        after_in_child=handle.after_fork_in_child,
    )


def _watch_end(handle: Handle, settings: Settings) -> None:
    atexit.register(handle.shutdown)
    _watch_multiprocessing(handle)
    if settings.handle_sigterm is not False:
        _watch_sigterm(handle, settings, always=settings.handle_sigterm is True)


def _watch_multiprocessing(handle: Handle) -> None:
    """Have children of multiprocessing flush too: they end without running `atexit`."""
    from multiprocessing import parent_process, util  # noqa: PLC0415  # only after init

    def finish_at_end(target: Handle) -> None:
        util.Finalize(target, target.shutdown, exitpriority=0)

    util.register_after_fork(handle, finish_at_end)
    if parent_process() is not None:
        finish_at_end(handle)


def _watch_sigterm(handle: Handle, settings: Settings, *, always: bool) -> None:
    """Flush at SIGTERM, then do what would have happened without rtobs."""
    if threading.current_thread() is not threading.main_thread():
        return
    previous = signal.getsignal(signal.SIGTERM)
    if previous is not signal.SIG_DFL and not always:
        servers.flush_when_uvicorn_ends(partial(handle.flush, settings.exit_budget))
        return
    by_default = previous is signal.SIG_DFL
    ending = _Ending(handle, by_default=by_default)

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        ending.wait()
        if callable(previous):
            previous(number, frame)
        elif by_default and _dies():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGTERM, on_sigterm)
    os.register_at_fork(after_in_child=ending.renew)


def _dies() -> bool:
    """Whether the default action of SIGTERM ends this process.

    The kernel spares the first process of a container from it, but not the children of that.
    """
    return os.getpid() != _FIRST_PROCESS


class _Ending:
    """Flushes in a thread of its own, and shuts down when the process dies.

    A signal handler interrupts the main thread anywhere, also inside of a lock that an export
    needs; so another thread does the work and the handler waits for it, for a bounded time.

    Args:
        handle: what is flushed.
        by_default: whether the default action of the signal follows.
    """

    def __init__(self, handle: Handle, *, by_default: bool) -> None:
        self._handle = handle
        self._by_default = by_default
        settings = handle.settings
        self._budget = settings.exit_budget if settings is not None else 0.0
        self.renew()

    def renew(self) -> None:
        """Make the thread, also in a forked child."""
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rtobs-ending", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Have it done and wait for it, at most the exit budget and a grace."""
        self._asked.set()
        self._thread.join(self._budget + _GRACE)

    def _run(self) -> None:
        self._asked.wait()
        if self._by_default and _dies():
            self._handle.shutdown()
        else:
            self._handle.flush(self._budget)
