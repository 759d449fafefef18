"""Parts of pages: views and figures in, Dash components out. No reading, no deciding."""
