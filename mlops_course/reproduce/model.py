"""Describe a logged model by what it holds and predicts, not by the bytes of its file.

Two files of the same model differ: skops writes memory addresses, a pickle may hold the hour at which it was made.
"""

from __future__ import annotations

import datetime
import hashlib
import importlib
import json
import numbers
import re
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import yaml

# Of MLmodel: who and when, not what.
IDENTITY = {"artifact_path", "model_id", "model_uuid", "run_id", "utc_time_created", "model_size_bytes"}
IDENTIFIER = re.compile(r"(m-)?[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What scikit-learn remembers of how long it took.
DURATION = re.compile(r"(\b|_)(fit|score|refit)_time_?\b")
ROWS = 64
DEPTH = 40


def describe_model(folder: Path) -> dict[str, str]:
    """Digest the parts of a model that must be equal.

    Parameters
    ----------
    folder
        The model's folder, with its `MLmodel`.

    Returns
    -------
    dict
        Part → digest or short text: `kind` (flavour, signature, requirements), `content` (learned values and
        settings; the bytes of the files where they cannot be looked into), `predictions` (on made-up rows that fit
        the signature; absent where there is no signature or the model refuses).
    """
    definition = folder / "MLmodel"
    if not definition.is_file():
        return {"content": digest_files(folder)}
    model = yaml.safe_load(definition.read_text(encoding="utf-8"))
    kind = {name: value for name, value in model.items() if name not in IDENTITY}
    for artifact in (kind.get("flavors", {}).get("python_function", {}).get("artifacts") or {}).values():
        artifact.pop("uri", None)  # where it came from; its bytes are beside it
    kind["requirements"] = read_text(folder / "requirements.txt")
    definition_held = Holdings()
    definition_held.walk(kind)
    description = {"kind": definition_held.hexdigest()}
    try:
        loaded = load(folder, model)
    except Exception as problem:  # a flavour that is not installed, a class that only the notebook knew
        return description | {"content": digest_files(folder), "not loaded": type(problem).__name__}
    held = Holdings()
    held.walk(loaded)
    description["content"] = held.hexdigest() if held.values else digest_files(folder)
    predictions = predict(loaded, model.get("signature"))
    return description | ({"predictions": predictions} if predictions else {})


def load(folder: Path, model: dict[str, Any]) -> Any:
    """Load the model object with the loader that its own definition names."""
    flavors = model["flavors"]
    if "sklearn" in flavors:
        return importlib.import_module("mlflow.sklearn").load_model(str(folder))
    python = flavors["python_function"]
    if python["loader_module"] == "mlflow.pyfunc.model":
        return importlib.import_module("mlflow.pyfunc").load_model(str(folder)).unwrap_python_model()
    return importlib.import_module("mlflow.pyfunc").load_model(str(folder))


def digest(text: str | bytes) -> str:
    """SHA-256 of text or bytes."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def read_text(path: Path) -> str:
    """Read a file that may be absent."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def digest_files(folder: Path) -> str:
    """Digest the names and bytes of a model's files, but for its definition."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "MLmodel":
            total.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def is_moment(value: Any) -> bool:
    """Tell whether a value says when something was made, or which copy it is."""
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta | np.datetime64 | uuid.UUID):
        return True
    if not isinstance(value, str) or not 8 <= len(value) <= 40:
        return False
    if IDENTIFIER.fullmatch(value):
        return True
    try:
        datetime.datetime.fromisoformat(value.strip())
    except ValueError:
        return False
    return True


class Holdings:
    """Digest of the values an object holds, walked depth first; moments and identifiers are passed over."""

    def __init__(self) -> None:
        self.total = hashlib.sha256()
        self.values = 0
        self.seen: dict[int, int] = {}
        self.kept: list[Any] = []

    def hexdigest(self) -> str:
        """Digest of all that was walked."""
        return self.total.hexdigest()

    def add(self, *parts: str | bytes) -> None:
        """Digest one value."""
        self.values += 1
        for part in parts:
            data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
            self.total.update(len(data).to_bytes(8, "big") + data)

    def walk(self, value: Any, depth: int = 0) -> None:
        """Digest a value and everything it holds."""
        if is_moment(value):
            return
        if value is None or isinstance(value, str | bytes | bool):
            self.add(type(value).__name__, repr(value))
        elif isinstance(value, np.ndarray):
            self.walk_array(value, depth)
        elif isinstance(value, numbers.Number | np.generic):
            exact = (
                float(value).hex() if isinstance(value, numbers.Real) and not isinstance(value, int) else repr(value)
            )
            self.add(type(value).__name__, exact)
        elif depth > DEPTH or id(value) in self.seen:
            self.add("again", str(self.seen.get(id(value), -1)))
        else:
            self.seen[id(value)] = len(self.seen)
            self.kept.append(value)  # an id is only unique while its object lives
            self.walk_container(value, depth)

    def walk_array(self, value: np.ndarray, depth: int) -> None:
        """Digest an array: its bytes, or its objects one by one."""
        if value.dtype == object:
            self.add("array", str(value.shape))
            for one in value.ravel().tolist():
                self.walk(one, depth + 1)
        elif value.dtype.kind not in "mM":
            if value.dtype.names:  # trees keep their nodes in records, whose padding bytes hold anything
                self.add("array", str(value.dtype), str(value.shape))
                for name in value.dtype.names:
                    self.walk_array(np.ascontiguousarray(value[name]), depth)
            else:
                self.add("array", str(value.dtype), str(value.shape), np.ascontiguousarray(value).tobytes())

    def walk_container(self, value: Any, depth: int) -> None:
        """Digest a container or an object by its state."""
        if isinstance(value, dict):
            self.add("dict", str(len(value)))
            for key in sorted(value, key=repr):
                if isinstance(key, str) and DURATION.search(key):
                    continue
                self.walk(key, depth + 1)
                self.walk(value[key], depth + 1)
        elif isinstance(value, set | frozenset):
            self.add("set", *sorted(repr(one) for one in value))
        elif isinstance(value, list | tuple):
            self.add(type(value).__name__, str(len(value)))
            for one in value:
                self.walk(one, depth + 1)
        elif isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
            self.add("name", f"{getattr(value, '__module__', '')}.{value.__qualname__}")
        else:
            self.add("object", f"{type(value).__module__}.{type(value).__qualname__}")
            self.walk(state_of(value), depth + 1)


def state_of(value: Any) -> Any:
    """Get the state that pickling would keep."""
    try:
        reduced = value.__reduce_ex__(2)
    except Exception:  # locks, files, foreign objects: what Python can see of them
        return dict(getattr(value, "__dict__", {}))
    if isinstance(reduced, str):
        return reduced
    # The constructor's name stands for itself; its arguments, the state and the items are what differs.
    return [list(reduced[1][1:] if reduced[1] and isinstance(reduced[1][0], type) else reduced[1]),
            *[list(part) if index >= 3 and part is not None else part
              for index, part in enumerate(reduced) if index >= 2]]  # fmt: skip


def predict(model: Any, signature: dict[str, Any] | None) -> str:
    """Digest the predictions for made-up rows, empty where there is no telling which rows fit."""
    rows = made_up_rows(signature)
    if rows is None or not hasattr(model, "predict"):
        return ""
    answers = []
    for method in ("predict", "predict_proba"):
        if hasattr(model, method):
            try:
                answer = np.asarray(getattr(model, method)(rows))
            except Exception:  # the rows do not suit it after all; its content was compared
                return ""
            held = Holdings()
            held.walk(answer)
            answers.append(held.hexdigest())
    return digest(" ".join(answers))


def made_up_rows(signature: dict[str, Any] | None) -> Any:
    """Make rows that fit a signature, the same ones each time, spread over several orders of magnitude."""
    if not signature or not signature.get("inputs"):
        return None
    columns = json.loads(signature["inputs"])
    generator = np.random.default_rng(0)
    if not all(column.get("type") in {"double", "float", "long", "integer"} for column in columns):
        return made_up_tensor(columns, generator)
    import pandas as pd

    data = {}
    for place, column in enumerate(columns):
        values = generator.normal(size=ROWS) * 10.0 ** generator.integers(-1, 4, size=ROWS)
        kind = {"double": "float64", "float": "float32", "long": "int64", "integer": "int32"}[column["type"]]
        data[column.get("name", place)] = values.astype(kind)
    return pd.DataFrame(data)


def made_up_tensor(columns: list[dict[str, Any]], generator: np.random.Generator) -> Any:
    """Make an array for a signature that is one tensor, None for anything else."""
    if len(columns) != 1 or columns[0].get("type") != "tensor" or columns[0].get("name"):
        return None
    spec = columns[0]["tensor-spec"]
    shape = [ROWS if size == -1 else size for size in spec["shape"]]
    return generator.normal(size=shape).astype(spec["dtype"]) if np.dtype(spec["dtype"]).kind == "f" else None
