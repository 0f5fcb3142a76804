"""What the entry points do: one function for each kind of MLflow run, one kind a file.

This face stays empty, so that a command imports only what its own run needs.
"""
