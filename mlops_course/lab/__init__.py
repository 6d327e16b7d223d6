"""What the course adds to JupyterLab's server."""
