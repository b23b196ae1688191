"""Causes: the words for how an attempt ends or why it does not begin, and what recognises each."""
