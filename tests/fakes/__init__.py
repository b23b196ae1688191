"""Stand-ins for the outside, held to the truth by ``tests/contract``."""
