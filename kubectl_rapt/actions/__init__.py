"""Verbs: each orders the reading, deciding and writing of one thing a person can do."""
