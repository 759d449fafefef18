"""The workbench: doors (Dash, REST, command line) over services over tables."""
