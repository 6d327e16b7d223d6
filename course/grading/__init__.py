"""What the course adds to nbgrader: preprocessors and hooks, named in `nbgrader_config.py` and nowhere else."""
