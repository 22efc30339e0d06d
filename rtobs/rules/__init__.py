"""Resolved SLOs become Prometheus rules: recordings, burn-rate, health and cause alerts."""

from __future__ import annotations

from rtobs.rules.build import platform_groups, service_groups, slo_groups
from rtobs.rules.text import rules_text

__all__ = ["platform_groups", "rules_text", "service_groups", "slo_groups"]
