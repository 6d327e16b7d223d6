"""nbgrader's check of metadata says the same, whether the schema is checked once or for every cell."""

import json

import jsonschema
import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator, common

from course.grade import schemas

GOOD = {"schema_version": 3, "grade": True, "solution": False, "locked": True, "task": False, "grade_id": "a", "points": 1,
        "cell_type": "code"}  # fmt: skip
BAD = [{**GOOD, "points": -1}, {**GOOD, "grade_id": ""}, {**GOOD, "grade": "yes"}, {"schema_version": 3}]


@pytest.fixture(autouse=True)
def genuine(monkeypatch):
    monkeypatch.setattr(common, "jsonschema", jsonschema)
    schemas.validator_of.cache_clear()


def complaint(metadata):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(metadata={"nbgrader": dict(metadata)})])
    try:
        MetadataValidator().validate_nb(notebook)
    except jsonschema.ValidationError as error:
        return str(error)


@pytest.mark.parametrize("metadata", [GOOD, *BAD])
def test_same_complaint(metadata):
    before = complaint(metadata)
    schemas.check_once()
    assert (before is None) == (metadata is GOOD)
    assert complaint(metadata) == before


def test_the_schema_is_checked_once(monkeypatch):
    kind = jsonschema.validators.validator_for(MetadataValidator().schema)
    checked = []
    monkeypatch.setattr(kind, "check_schema", classmethod(lambda cls, schema: checked.append(json.dumps(schema))))
    for _ in range(3):
        complaint(GOOD)
    assert len(checked) == 3
    schemas.check_once()
    for _ in range(3):
        complaint(GOOD)
    assert len(checked) == 4


def test_a_wrong_schema_is_refused_each_time():
    for _ in range(2):
        with pytest.raises(jsonschema.SchemaError):
            schemas.validate({}, {"$schema": "http://json-schema.org/draft-04/schema#", "type": "nothing"})
