"""Values of the domain, without I/O: durations, objectives, indicators, policies, SLOs."""
