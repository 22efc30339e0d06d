"""Facts about the metrics of each component: what exists on the wire, in which version, and why."""
