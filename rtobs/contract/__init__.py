"""Proves that what a service emits is what its rules read, and that a fault of it pages."""
