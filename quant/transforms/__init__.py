"""Transforms: what is done to features inside a fold, before a model sees them."""
