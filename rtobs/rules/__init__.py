"""Resolved SLOs become Prometheus rules: recordings, burn-rate, health and cause alerts."""
