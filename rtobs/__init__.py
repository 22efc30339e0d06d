"""rtobs: one definition of an SLO, and services whose metrics it can trust."""
