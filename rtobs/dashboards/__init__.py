"""Resolved SLOs -> Grafana dashboards: Python says what, jsonnet says how it looks."""

from __future__ import annotations

from rtobs.dashboards.build import Dashboard, build, render

__all__ = ["Dashboard", "build", "render"]
