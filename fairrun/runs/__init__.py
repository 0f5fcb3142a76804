"""The functions of the entry points, with a file for each kind of MLflow run.

This file imports nothing, so that a command imports only what its own run needs.
"""
