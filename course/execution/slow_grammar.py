"""Leave out, until it is needed, what takes longest when notebooks are to be read.

`nbformat` loads `jsonschema`, and that loads `rfc3987_syntax`, which builds a grammar of internationalised addresses:
1.4 to 3 seconds in every process, for a check that no notebook asks for. Here the grammar is built when it is asked.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types

NAME = "rfc3987_syntax"


def postpone() -> None:
    """Import `jsonschema` without the grammar. Whoever imports the grammar's module afterwards gets the genuine one."""
    if NAME in sys.modules or "jsonschema" in sys.modules or importlib.util.find_spec(NAME) is None:
        return
    stand_in = types.ModuleType(NAME)
    stand_in.is_valid_syntax = is_valid_syntax
    sys.modules[NAME] = stand_in
    try:
        importlib.import_module("jsonschema")
    except ImportError:
        pass
    finally:
        del sys.modules[NAME]


def is_valid_syntax(term: str, value: str) -> bool:
    """Do what the function of this name does, which is loaded now."""
    return importlib.import_module(NAME).is_valid_syntax(term, value)
