"""Fixtures of the library's tests."""

from __future__ import annotations

from rtobs.testing import rtobs_capture

__all__ = ["rtobs_capture"]
