"""The life of a run, decided from data alone."""
