"""Prices: where they come from, what is wrong with them, how they are adjusted."""
