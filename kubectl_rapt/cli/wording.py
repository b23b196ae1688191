"""The form in which ``words`` holds what every command says of itself.

Dataclasses would say the same, and would take longer to import than all that is in them.
"""


class Flag:
    """A flag of a command.

    Args:
        names: All its names, the short one first.
        value: How its value is written; empty where it takes none.
        text: Its help.
        may_repeat: Whether it may be given several times.
        opposite: The flag that says the opposite, such as ``--detach`` of ``--follow``; empty if there is none.
    """

    __slots__ = ("may_repeat", "names", "opposite", "text", "value")

    def __init__(
        self, names: tuple[str, ...], value: str, text: str, may_repeat: bool, opposite: str = ""
    ) -> None:
        self.names, self.value, self.text, self.may_repeat = names, value, text, may_repeat
        self.opposite = opposite

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every word by which it may be typed, that of its opposite last."""
        return (*self.names, self.opposite) if self.opposite else self.names

    @property
    def name(self) -> str:
        """The name by which it is known: its first long one."""
        return next((one for one in self.names if one.startswith("--")), self.names[0])


class Command:
    """A command, or a group of them.

    Args:
        heading: Its heading in the help of all commands.
        summary: Its line there.
        is_rare: Whether that help tells its name alone.
        text: What it does.
        example: How it may be typed.
        arguments: How each of its arguments is written, with its help.
        flags: Its own flags.
    """

    __slots__ = ("arguments", "example", "flags", "heading", "is_rare", "summary", "text")

    def __init__(
        self,
        heading: str,
        summary: str,
        is_rare: bool,
        text: str,
        example: str,
        arguments: tuple[tuple[str, str], ...],
        flags: tuple[Flag, ...],
    ) -> None:
        self.heading, self.summary, self.is_rare = heading, summary, is_rare
        self.text, self.example, self.arguments, self.flags = text, example, arguments, flags
