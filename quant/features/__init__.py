"""Features: what is known at the close of a bar."""
