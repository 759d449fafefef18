"""The parts of the Dashboard: what is chosen at the side, the chart, and what a pinned analysis says."""
