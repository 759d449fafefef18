"""The door frame: who comes in, how long they stay, and what every answer carries. Doors use `webapp.auth.session`."""
