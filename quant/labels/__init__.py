"""Labels: what happened after a bar."""
