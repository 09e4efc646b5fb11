"""Normalisation, targets, splits: pure functions on arrays."""
