"""Whether something is permitted: secrets in plain sight, quotas, files that are someone else's."""
