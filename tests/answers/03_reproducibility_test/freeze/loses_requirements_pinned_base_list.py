# loses: requirements_pinned, requirements_complete
# why: the course's base list: neither versions nor what the packages need
from pathlib import Path

Path("requirements.txt").write_text(
    """# What the course asks for
jupyterlab>=4.4,<5
nbgrader>=0.9.5,<0.10
papermill
mlflow>=3.13,<4
dvc
scikit-learn
pandas>=2.2
matplotlib
"""
)
