"""Charts as plain plotly dicts: frames in, figure out. Pure: no Dash, no session, no clock."""
