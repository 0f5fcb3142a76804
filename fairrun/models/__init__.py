"""Saved models.

`log` logs a model to MLflow, `open` loads one through MLflow, `saved` loads one without MLflow, and
`provenance` looks up the origin of one. This file imports nothing, so that a process that loads a
model without MLflow imports neither MLflow nor matplotlib.
"""
