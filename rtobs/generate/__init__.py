"""From definitions to files: what is made, how it differs from what lies there, and writing it."""

from __future__ import annotations

from rtobs.generate.artefacts import Inputs, artefacts
from rtobs.generate.files import Artefact
from rtobs.generate.plan import Change, Kind, Plan, plan, write

__all__ = ["Artefact", "Change", "Inputs", "Kind", "Plan", "artefacts", "plan", "write"]
