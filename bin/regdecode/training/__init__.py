"""The fit loop, checkpoints, ensembles and model folders."""
