"""What the text of a notebook says about how its kernel must start."""

import pytest
from nbformat.v4 import new_code_cell

from mlops_course.execution.names import imports_after_setting_variables

LOADED = ("os", "sklearn", "sklearn.linear_model")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["import os\nos.environ['A'] = '1'\nimport sklearn"], True),
        (["import os\nos.environ['A'] = '1'", "from sklearn.linear_model import SGDClassifier"], True),
        (["from os import environ\nenviron.update(A='1')", "import sklearn"], True),
        (["%env A=1", "import sklearn"], True),
        (["import os\nif True:\n    os.environ.setdefault('A', '1')\n    import sklearn"], True),
        (["import sklearn", "import os\nos.environ['A'] = '1'"], False),
        (["import os\nprint(os.environ['A'])", "import sklearn"], False),
        (["import os\nos.environ['A'] = '1'", "import csv, os"], False),
        (["import os\nos.environ['A'] = '1'", "import another"], False),
        (["this is no Python", "import sklearn"], False),
    ],
)
def test_a_variable_that_is_set_before_a_library_is_imported(cells, expected):
    assert imports_after_setting_variables([new_code_cell(one) for one in cells], LOADED) is expected


def test_what_a_locked_cell_sets_is_the_instructors():
    locked = new_code_cell("import os\nos.environ['A'] = '1'", metadata={"nbgrader": {"locked": True}})
    assert imports_after_setting_variables([locked, new_code_cell("import sklearn")], LOADED) is False
