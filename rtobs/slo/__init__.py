"""Definitions, alert policies and the site: YAML files become resolved SLOs, or problems."""
