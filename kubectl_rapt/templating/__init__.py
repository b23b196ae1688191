"""Templates: what they declare, which answers they take, and the Job they render."""
