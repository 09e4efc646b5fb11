"""Architectures only: no files, no loops over epochs."""
