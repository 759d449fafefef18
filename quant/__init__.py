"""The science: frames in, frames out. It knows no web, no queue, no database and no charts."""
