"""The Dash application under `/app/`: layout over pages over parts over figures."""

from webapp import formats as formats  # where pages look for it
