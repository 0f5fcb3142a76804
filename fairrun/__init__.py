"""fairrun: the fairness you measured is the fairness you serve."""
