"""Bars: from trades, or from finer bars, to coarser ones."""
