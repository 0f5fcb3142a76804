"""The commands of the MLproject, one file each."""

import gc
import os

# What is imported stays: to look through it for garbage, again and again, would cost a command a
# second of its start. `entry_point` turns collection on again.
gc.disable()

# Boosting's threads wait for each other actively by default: where something else wants the cores,
# longer than they work, ten times as long and more. Read when the library of threads is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# MLflow's own bars, one for each model that is loaded: noise between the lines of a command.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
