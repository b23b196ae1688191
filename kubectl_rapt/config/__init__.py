"""The config repository, as a tree of path to bytes, and the person's own settings."""
