"""Error budgets over time: what the rules record, recomputed from exported samples."""
