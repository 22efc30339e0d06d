"""The dialect follows from the version of the server."""

from __future__ import annotations

import pytest

from rtobs.analytics.dialect import Dialect


@pytest.mark.parametrize(
    ("version", "dialect"),
    [
        ("2.42.0+ds", Dialect.V2),
        ("2.50.1", Dialect.V2),
        ("2.51.0", Dialect.V2_51),
        ("v2.55.1", Dialect.V2_51),
        ("3.0.0-beta.1", Dialect.V3),
        ("3.14.0", Dialect.V3),
    ],
)
def test_versions(version: str, dialect: Dialect) -> None:
    """Boundaries lie at 2.51 and 3.0."""
    assert Dialect.of_version(version) is dialect


def test_a_text_without_a_version_is_refused() -> None:
    """A server that does not say its version is not guessed."""
    with pytest.raises(ValueError, match='"unknown" is no version'):
        Dialect.of_version("unknown")
