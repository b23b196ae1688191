"""What an error looks like: what and why, each finding, what to do, and where the page of its code is."""

from kubectl_rapt.cli import copying, correcting, terminal
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model import shell

PAGE = "kubectl rapt help errors"


def tell(error: RaptError) -> None:
    """An error on standard error; whatever was typed in the wrong place may be in it, secrets too."""
    terminal.say(f"error: {_shown(error.message)}")
    width = max((len(_shown(problem.where)) for problem in error.problems), default=0)
    for problem in error.problems:
        terminal.say(f"  {_shown(problem.where):<{width}}  {_shown(problem.what)}")
    for number, hint in enumerate(_hints(error)):
        terminal.say(f"  {'or' if number else 'try'}: {_typeable(hint)}")
    terminal.say(f"  see: {PAGE} {error.code}")


def _hints(error: RaptError) -> list[str]:
    """What to do, as whole commands: those that were typed, with what was wrong corrected."""
    typed = copying.words_typed()
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


def _typeable(hint: str) -> str:
    """A hint without secrets: what is hidden is for the reader to fill in, as ``***`` cannot be typed."""
    from kubectl_rapt.guard import secrets

    return _shown(hint).replace(secrets.HIDDEN, shell.BLANK)


def _shown(text: str) -> str:
    from kubectl_rapt.guard import secrets

    return terminal.shorten(terminal.clean(secrets.redact(text)))
