"""Backtest: from signals to positions, fills, trades and an equity curve."""
