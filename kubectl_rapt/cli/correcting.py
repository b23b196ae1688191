"""The command that was typed, corrected: a refusal shows it whole, so that it can be copied."""

import os
import shlex
from collections.abc import Mapping, Sequence

from kubectl_rapt.cli import helping, line
from kubectl_rapt.cli.wording import Flag
from kubectl_rapt.errors import AGAIN
from kubectl_rapt.model import shell


def whole(hint: str, typed: Sequence[str]) -> str:
    """A hint that is nothing but flags, as the command that was typed with those flags; one to repeat it, with it.

    Args:
        hint: Such as ``-o json``, ``--yes`` or ``--status failed``, or what has ``AGAIN`` in it; any other text stays
            as it is.
        typed: The words behind the program's name.

    Returns:
        One line for a shell.
    """
    if not hint.startswith("-"):
        return _again(hint, typed)
    read = line.read(typed)
    asks_for_help = command([*read.command.split(), "--help"])
    if hint == "--help":
        return asks_for_help
    known = line.by_name(read.flags())
    try:
        words = shlex.split(hint)
    except ValueError:
        return hint
    corrected = list(typed)
    at = 0
    while at < len(words):
        name, equals, value = words[at].partition("=")
        flag = known.get(name)
        if flag is None and (name, read.command) == ("--set", "set") and words[at + 1 :]:
            corrected = _with_answer(corrected, words[at + 1])
            at += 2
            continue
        if flag is None:
            return hint
        if flag.value and not equals:
            at += 1
            if at == len(words):
                return hint
            value = words[at]
        at += 1
        answer, is_answer, said = value.partition("=")
        if (
            flag.name == "--set" and is_answer and f"--{answer}" in read.given
        ):  # it was answered by a flag of its own
            flag = known[f"--{answer}"]
            name, value = flag.name, said
        if flag.may_repeat and "=" not in value and len(read.given.get(flag.name, ())) > 1:
            return asks_for_help  # which of them is meant, only the person knows
        corrected = _with(corrected, known, flag, name, value)
    return command(corrected)


def _again(hint: str, typed: Sequence[str]) -> str:
    """A hint to run the same command again, with that command; any other as it is."""
    before, said, _ = hint.partition(AGAIN)
    if not (said and typed):
        return hint
    return f"{before.rstrip()}: {command(typed)}" if before else command(typed)


def once(typed: Sequence[str], flag: Flag, value: str) -> str:
    """The command that was typed, with a flag that was given several times given once.

    Args:
        typed: The words behind the program's name.
        flag: The flag.
        value: Its value; of a flag that takes none, the empty text, or the name of its opposite.
    """
    words: list[str] = []
    end = typed.index("--") if "--" in typed else len(typed)
    place = None
    at = 0
    while at < end:
        word = typed[at]
        name, equals, _ = word.partition("=")
        is_letter = not name.startswith("--") and any(
            len(one) == len("-n") and word.startswith(one) for one in flag.names
        )
        if name in flag.spellings or is_letter:
            place = len(words) if place is None else place
            at += 1 if equals or not flag.value or name not in flag.spellings else 2
            continue
        words.append(word)
        at += 1
    wanted = [flag.name, value] if flag.value else [value or flag.name]
    words[len(words) if place is None else place : len(words) if place is None else place] = wanted
    return command([*words, *typed[end:]])


def replaced(typed: Sequence[str], wrong: str, right: str) -> str:
    """The command that was typed, with one of its words replaced; see ``with_word``."""
    return command(with_word(typed, wrong, right))


def with_word(typed: Sequence[str], wrong: str, right: str) -> list[str]:
    """The words that were typed, with one of them, or a flag's name or value, replaced.

    Args:
        typed: The words behind the program's name.
        wrong: The word.
        right: What stands there instead; empty if nothing does.
    """
    words = list(typed)
    argument = _place(words, wrong) if words.count(wrong) > 1 else None
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if argument is not None and index < argument:
            continue
        if word == wrong:
            words[index : index + 1] = [right] if right else []
        elif equals and name == wrong and (right or name.startswith("-")):
            words[index] = f"{right}={value}" if right else value
        elif equals and name == wrong:  # an answer that is in the way, and the flag that it is the value of
            flag = line.by_name(line.read(words).flags()).get(words[index - 1]) if index else None
            words[index - 1 if flag and flag.value else index : index + 1] = []
        elif equals and value == wrong and name.startswith("-"):
            words[index] = f"{name}={right}"
        elif right and "," in word and wrong in word.split(","):
            words[index] = ",".join(right if one == wrong else one for one in word.split(","))
        else:
            continue
        break
    return words


def _place(words: Sequence[str], word: str) -> int | None:
    """Where a word stands as an argument, not as the value of a flag; None if nowhere."""
    read = [line.read(words[:end]).arguments for end in range(len(words) + 1)]
    found = (at for at, one in enumerate(words) if one == word and read[at + 1] != read[at])
    return next(found, None)


def command(words: Sequence[str]) -> str:
    """A command as it is typed here; each word is quoted for a shell."""
    return " ".join([helping.program(os.environ), *(quoted(word) for word in words)])


def quoted(word: str) -> str:
    """A word as a shell takes it; an ellipsis stands for what only the reader knows, and needs no quotes."""
    return shell.quoted(word)


def _with_answer(typed: Sequence[str], answer: str) -> list[str]:
    """The words of ``set``, which takes answers without a flag, with one of them."""
    start = f"{answer.partition('=')[0]}="
    kept = [word for word in typed if not word.startswith(start)]
    return [*kept, answer]


def _with(typed: Sequence[str], known: Mapping[str, Flag], flag: Flag, name: str, value: str) -> list[str]:
    """The words with a flag of that value, in the place where it was given, else before ``--``."""
    words = list(typed)
    end = words.index("--") if "--" in words else len(words)
    key = value.partition("=")[0]
    for index in range(end):
        given, equals, old = words[index].partition("=")
        if known.get(given) is not flag:
            continue
        if not flag.value:
            words[index] = name
            return words
        if not equals:
            old = words[index + 1] if index + 1 < end else ""
        if flag.may_repeat and "=" in old and old.partition("=")[0] != key:
            continue
        if equals:
            words[index] = f"{given}={value}"
        else:
            words[index + 1 : min(index + 2, end)] = [value]
        return words
    words[end:end] = [name, value] if flag.value else [name]
    return words
