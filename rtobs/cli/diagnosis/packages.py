"""Which extras of rtobs and which instrumentations are installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, requires
from importlib.util import find_spec
from typing import Final

from rtobs.cli.diagnosis.finding import Finding, State
from rtobs.telemetry.contrib import INSTRUMENTATIONS

__all__ = ["extra_findings", "instrumentation_findings"]

_DISTRIBUTION: Final = "rtobs"
_REQUIREMENT: Final = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(\[(?P<extras>[^\]]*)\])?.*;.*extra\s*==\s*['\"](?P<extra>[^'\"]+)"
)


def extra_findings() -> Iterator[Finding]:
    """A line for each extra; for what is missing, the command that installs it."""
    needs = _needs()
    for extra in sorted(needs):
        missing = sorted(name for name in _packages(extra, needs) if not _is_installed(name))
        text = f"missing: {', '.join(missing)}" if missing else "installed"
        hint = f"pip install '{_DISTRIBUTION}[{extra}]'" if missing else ""
        state = State.NOTE if missing else State.FINE
        yield Finding(f"extra {extra}", state, text, hint=hint)


def instrumentation_findings() -> Iterator[Finding]:
    """What is instrumented by itself, and libraries that are there without their counterpart."""
    for module, _, _ in INSTRUMENTATIONS:
        name = f"opentelemetry-instrumentation-{module}"
        if _is_installed(name):
            yield Finding(f"library {module}", State.FINE, "is instrumented")
        elif module != "threading" and find_spec(module) is not None:
            hint = f"pip install {name}"
            yield Finding(f"library {module}", State.NOTE, "is not instrumented", hint=hint)


def _needs() -> dict[str, set[tuple[str, str]]]:
    """By extra, (package, its extras) as the installed metadata of rtobs says."""
    needs: dict[str, set[tuple[str, str]]] = {}
    for requirement in requires(_DISTRIBUTION) or ():
        if match := _REQUIREMENT.match(requirement):
            needs.setdefault(match["extra"], set()).add((match["name"], match["extras"] or ""))
    return needs


def _packages(extra: str, needs: dict[str, set[tuple[str, str]]]) -> set[str]:
    """Distributions that an extra brings, also by way of other extras."""
    found: set[str] = set()
    for name, extras in needs.get(extra, ()):
        if name != _DISTRIBUTION:
            found.add(name)
        for other in extras.split(",") if name == _DISTRIBUTION else ():
            found |= _packages(other.strip(), needs)
    return found


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
