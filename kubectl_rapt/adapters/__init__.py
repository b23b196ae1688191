"""The outside: one file for each real thing behind a port."""
