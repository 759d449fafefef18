"""The Dash application under `/app/`: layout over pages over parts over figures."""
