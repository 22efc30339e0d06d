"""Resolved SLOs -> Markdown pages for whoever is paged at night."""

from __future__ import annotations

from rtobs.runbooks.build import Page, build, build_index, build_reference

__all__ = ["Page", "build", "build_index", "build_reference"]
