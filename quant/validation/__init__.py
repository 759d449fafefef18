"""Validation: splits, cross-validation, tuning, and how much to believe a score."""
