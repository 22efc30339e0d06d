"""Every exception that rtobs raises on purpose.

RtobsError
├── DefinitionError        what a user wrote cannot be used; carries the problems
├── GenerationError        an artefact cannot be written or would overwrite foreign work
├── ServerError            a remote server refused, failed or answered nonsense
├── ConfigurationError     a wrong argument: of `rtobs.init`, a function or a verb
├── ExportError            an export cannot be made, read or trusted
│   └── DamagedError       files of an export are gone or changed
├── RunnerError            work on an export was lost with whoever did it
├── FrameError             a frame does not have the columns that a function needs
└── MissingExtraError      a command needs an extra that is not installed
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rtobs.problems import Problem

__all__ = [
    "ConfigurationError",
    "DamagedError",
    "DefinitionError",
    "ExportError",
    "FrameError",
    "GenerationError",
    "MissingExtraError",
    "RtobsError",
    "RunnerError",
    "ServerError",
]


class RtobsError(Exception):
    """The base of every error that a user of rtobs is meant to read."""


class DefinitionError(RtobsError):
    """Definitions, policy, site or catalogue cannot be used.

    Attributes:
        problems: all findings, in file order.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class GenerationError(RtobsError):
    """An artefact cannot be made, or writing it would destroy someone's work."""


class ServerError(RtobsError):
    """A server could not be reached, refused the request or answered nonsense."""


class ConfigurationError(RtobsError, ValueError):
    """An argument, such as one of `rtobs.init`, is wrong; raised at the call, never later."""


class ExportError(RtobsError):
    """An export cannot be made, read or trusted."""


class DamagedError(ExportError):
    """Files of an export are gone, or are not those that were written."""


class RunnerError(RtobsError):
    """A worker was lost, or a cluster does not answer."""


class FrameError(RtobsError, ValueError):
    """A frame does not have the columns or types that a function needs."""


class MissingExtraError(RtobsError, ImportError):
    """An optional dependency is not installed.

    Args:
        extra: the extra of the `rtobs` distribution that brings it.
        purpose: what needs it, as a short noun phrase ("rtobs generate").
    """

    def __init__(self, extra: str, purpose: str) -> None:
        self.extra = extra
        super().__init__(
            f"{purpose} needs the extra {extra!r}; install it with: pip install 'rtobs[{extra}]'"
        )
