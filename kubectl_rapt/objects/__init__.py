"""Kubernetes kinds, one file a kind, from manifest to value and back."""
