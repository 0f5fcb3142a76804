"""A sweep: many trials of mitigators and hyperparameters, and the choice among them.

`space` says what is tried, `study` in which order (Optuna), `trial` what one trial is, `executor`
where trials run, `selection` what is chosen. None of these knows MLflow, and what a worker process
imports is `trial` alone; `children` keeps trials as child runs, and reads a sweep back from them.
"""
