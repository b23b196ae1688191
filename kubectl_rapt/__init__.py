"""Rapt: reviewed, versioned tools as Kubernetes Jobs, through ``kubectl rapt``."""

__version__ = "0.1.0"
