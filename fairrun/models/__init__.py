"""Saved models.

`log` writes a model to MLflow, `open` fetches and asks one, `saved` opens one without MLflow, and
`provenance` looks up where one comes from. This face stays empty, so that a process that opens a
model imports neither MLflow nor matplotlib.
"""
