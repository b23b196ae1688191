"""What an error looks like: what and why, each finding, what to do, and where the page of its code is."""

import re

from kubectl_rapt.cli import copying, correcting, terminal
from kubectl_rapt.errors import RaptError

PAGE = "kubectl rapt help errors"


def tell(error: RaptError) -> None:
    """An error on standard error; whatever was typed in the wrong place may be in it, secrets too."""
    terminal.say(f"error: {_shown(error.message)}")
    for where, what in _findings(error):
        terminal.say(f"  {where}{what}", hang=2 + len(where))
    for number, hint in enumerate(_hints(error)):
        shown = terminal.shorten(terminal.clean(copying.typeable(hint)))
        terminal.say(f"  {'or' if number else 'try'}: {shown}")
    terminal.say(f"  see: {PAGE} {error.code}")


def _findings(error: RaptError) -> list[tuple[str, str]]:
    """Where and what each finding is, once; none that the first line has told already."""
    told = [
        (_shown(one.where), _shown(one.what))
        for one in error.problems
        if not (one.what in error.message and _dotted(one.where) in _dotted(error.message))
    ]
    width = max((len(where) for where, _ in told), default=0)
    return list(dict.fromkeys((f"{where:<{width}}  " if width else "", what) for where, what in told))


def _dotted(where: str) -> str:
    """A place in one form, however it is written: ``spec.containers.0`` for ``/spec/containers/0``."""
    return re.sub(r"[/\[\].]+", ".", where).strip(".")


def _hints(error: RaptError) -> list[str]:
    """What to do, as whole commands: those that were typed, with what was wrong corrected."""
    typed = copying.words_typed()
    for given, right in error.mended:
        typed = correcting.with_word(typed, given, right)
    if error.typo:
        given, *meant = error.typo
        corrected = [correcting.replaced(typed, given, one) for one in meant]
        if correcting.command(typed) not in corrected:
            return corrected
    hints = list(dict.fromkeys(correcting.whole(hint, typed) for hint in error.hints))
    whole = [one for one in hints if not one.startswith("-")]  # without flags that this command does not have
    return whole or [correcting.whole("--help", typed) for _ in hints[:1]]


def brief(error: RaptError) -> str:
    """What and why, and its code: for one of several that went wrong."""
    return terminal.clean(f"{error.message} ({error.code})")


def _shown(text: str) -> str:
    from kubectl_rapt.guard import secrets

    return terminal.shorten(terminal.clean(secrets.redact(text)))
