"""A real Kubernetes on this machine, for tests and for people; see README.md."""
