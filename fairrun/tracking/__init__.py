"""Read and write MLflow's tracking store.

`names` defines all names in the store. This file imports nothing, so that a process that needs only
the names imports neither MLflow nor matplotlib.
"""
