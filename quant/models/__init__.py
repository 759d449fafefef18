"""Models: what learns."""
