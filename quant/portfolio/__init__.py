"""How a book is divided among instruments: covariances, allocation rules, and their walk through time."""
