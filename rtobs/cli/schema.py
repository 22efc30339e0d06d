"""`rtobs schema`: JSON Schema of the documents, for editors and other tools."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from rtobs.catalogue.schema import ComponentDocument
from rtobs.slo.schema import AlertPolicies, Definition, SiteDocument, json_schema

__all__ = ["configure", "run"]

_DOCUMENTS: Final[Mapping[str, type[BaseModel]]] = {
    "definition": Definition,
    "policy": AlertPolicies,
    "site": SiteDocument,
    "component": ComponentDocument,
}


def configure(parser: ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument(
        "document", nargs="?", choices=list(_DOCUMENTS), default="definition", help="which document"
    )


def run(options: Namespace) -> int:
    """Print the schema."""
    print(json.dumps(json_schema(_DOCUMENTS[options.document]), indent=2))
    return 0
