"""The use cases: `(session, actor, ...) -> frozen view`. They know no Flask, Dash or Celery, and do not commit."""
