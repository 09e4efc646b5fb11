"""Attributions of trained models."""
