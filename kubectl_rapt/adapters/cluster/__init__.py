"""The Kubernetes API server, through the user's own kubectl."""
