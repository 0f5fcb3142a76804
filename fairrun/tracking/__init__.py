"""MLflow's tracking store: all that reads it or writes to it.

`names` holds every name that stands in the store. This face stays empty, so that a process that
needs the names alone imports neither MLflow nor matplotlib.
"""
