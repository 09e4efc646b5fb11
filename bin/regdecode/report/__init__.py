"""Figures and the page; knows tables, not models."""
