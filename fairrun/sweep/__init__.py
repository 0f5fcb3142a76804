"""Sweeps: many trials of mitigators and hyperparameters, and the choice of one of them.

`space` defines the parameters to try, `study` the order of trials (with Optuna), `trial` a single
trial, `executor` the processes of trials, and `selection` the choice. No module here uses MLflow;
`fairrun.tracking.trials` logs trials and reads them. A worker process does not import Optuna.
"""
