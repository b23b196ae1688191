"""How the attempts of a run are counted: the same everywhere that says which one of how many it is."""


def counted(number: int, allowed: int, wished: int = 0) -> str:
    """Which attempt of how many: ``2/3``; ``2`` where its policy says nothing of a second one.

    Args:
        number: The attempt's number.
        allowed: How many its policy allows; 0 or 1 for a run that is not tried again by itself.
        wished: The number of the attempt that a person asked for last, with which a new count begins; 0 for none.
    """
    if allowed <= 1:
        return str(number)
    before = wished - 1 if 0 < wished <= number else 0
    # An attempt that its policy does not count comes on top.
    return f"{number}/{max(before + allowed, number)}"


def named(number: int, allowed: int, wished: int = 0) -> str:
    """The same in a sentence: ``attempt 2 of 3``. Args as of ``counted``."""
    return f"attempt {counted(number, allowed, wished).replace('/', ' of ')}"
