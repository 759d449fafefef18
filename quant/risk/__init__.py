"""Risk: what the equity curve says about gain and loss."""
