"""An analysis as one file: how it is written, and how one that somebody brings is read without being trusted."""
