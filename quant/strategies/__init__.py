"""Strategies: from predictions to signals."""
