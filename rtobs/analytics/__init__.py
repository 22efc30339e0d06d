"""Metric exports as polars frames: exact numbers, budgets, replay of alerts on history, reports.

Every function takes and gives frames of the schemas in `rtobs.analytics.frames`.
"""
