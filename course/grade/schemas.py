"""Check a schema once: nbgrader has its own schema checked again for every cell of every notebook."""

from __future__ import annotations

import functools
import json
import types
from typing import Any

from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from nbgrader.nbgraderformat import common


def check_once() -> None:
    """Let nbgrader check the metadata of cells with a schema that it has checked before."""
    common.jsonschema = types.SimpleNamespace(validate=validate)


def validate(instance: Any, schema: dict[str, Any]) -> None:
    """Do what `jsonschema.validate` does.

    Raises
    ------
    jsonschema.SchemaError
        If the schema is none.
    jsonschema.ValidationError
        If the instance is not as the schema says.
    """
    error = best_match(validator_of(json.dumps(schema)).iter_errors(instance))
    if error is not None:
        raise error


@functools.cache
def validator_of(schema: str) -> Validator:
    """Check a schema, and make what checks with it."""
    wanted = json.loads(schema)
    kind = validator_for(wanted)
    kind.check_schema(wanted)
    return kind(wanted)
