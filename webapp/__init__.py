"""The workbench: doors (Dash, REST, command line) over services over tables."""

__version__ = "0.1.0"
