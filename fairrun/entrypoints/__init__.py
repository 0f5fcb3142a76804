"""The entry points of the MLproject, one Click command per file."""

import gc
import os

# Imported modules are never garbage. Searching them for garbage would make the start of a command a
# second slower, so collection is off during imports. `entry_point` turns it on again.
gc.disable()

# By default, the threads of boosted trees wait actively for each other. If other programs use the
# cores, the waiting takes ten times as long as the work, or longer. The OpenMP library reads this
# variable when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# MLflow would print a progress bar for each model that it loads, between the lines of a command.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

# MLflow informs and warns about things that a user cannot change, such as type hints in our code.
# It reads this variable when it is imported, which is after a command has started.
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
