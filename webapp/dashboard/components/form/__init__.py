"""The form of a question, made from its schema: a new field of the spec appears here by itself."""
