"""The front end that speaks to a person on a terminal or to a pipe."""
