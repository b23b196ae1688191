"""All that Rapt asks of the outside, one Protocol a file."""
