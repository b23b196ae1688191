"""What a template or a Tool asks: typed parameters, rules across them, and the check that answers fit."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeVar, get_args

from kubectl_rapt import documents
from kubectl_rapt.errors import AGAIN, Invalid, Problem
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.fields import shown
from kubectl_rapt.model.quantity import Quantity

T = TypeVar("T")
Type = Literal[
    "string",
    "integer",
    "number",
    "boolean",
    "choice",
    "list",
    "quantity",
    "duration",
    "image",
    "secretRef",
    "configMapRef",
    "volumeRef",
]
TYPES: tuple[str, ...] = get_args(Type)
MAX_PATTERN = 500
MAX_PATTERNS = 64
MAX_PATTERNS_TOGETHER = 4000
"""The most characters of a pattern; the most patterns of one template or tool, and their characters together."""
_PATTERN_BYTES = 64 * 1024
_FLAGS = re.compile(r"(?<!\\)(?:\\\\)*\(\?[a-zA-Z]*-?[a-zA-Z]+[:)]")
"""Ignoring case takes many milliseconds for each large class, before the engine counts a byte."""
NAME = re.compile("[a-z][A-Za-z0-9]{0,62}")
_WORDS = (
    "and block call do elif else endfor endif endset extends false filter for from if import in include is loop"
    " macro none not or range raw recursive ref self set true with"
)
RESERVED = frozenset(_WORDS.split())
"""Words of the template language: no parameter's name."""
REFERENCES: Mapping[str, str] = {
    "secretRef": "Secret",
    "configMapRef": "ConfigMap",
    "volumeRef": "PersistentVolumeClaim",
}
"""The types whose values name an object, and that object's kind."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One question of a template.

    Values are JSON data: str for string, choice, quantity, duration, image; int; int or float for number;
    bool; a list of str for list; ``{"name": …, "key": …}`` for secretRef and configMapRef (key may be absent
    where a whole object is meant) and ``{"name": …}`` for volumeRef.

    Args:
        name: ``[a-z][A-Za-z0-9]*``, at most 63 characters, and no word of the template language.
        type: What values it takes.
        description: One line for people.
        at: ``install`` is fixed in git; ``run`` may be set at each run.
        default: The value where none is given; None means there is none, and the parameter is required
            unless ``required`` is False.
        required: Whether an answer must come from somewhere before a Job is created.
        choices: The permitted values (choice, and image).
        pattern: A regular expression of linear time that a whole text, or each text of a list, must match.
        minimum: Least value of a number, least length of a text or list.
        maximum: Greatest value of a number, greatest length of a text or list.
        prefixes: Permitted beginnings of an image's name: with a slash at the end all images below it
            (``registry.example/team/``), otherwise that image and all below.
        example: A value that would be right, for messages.
        code: Its value is code for a shell, on purpose: lifts rule 9, and review shows it.
        renamed_from: What it was called in earlier versions: answers under those names are taken for its own.
    """

    name: str
    type: Type
    description: str = ""
    at: Literal["install", "run"] = "install"
    default: Any = None
    required: bool = True
    choices: tuple[str, ...] = ()
    pattern: str = ""
    minimum: float | None = None
    maximum: float | None = None
    prefixes: tuple[str, ...] = ()
    example: Any = None
    code: bool = False
    renamed_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold between parameters. One is *set* when it has a value other than false, ``""``, ``[]``.

    Args:
        kind: ``requires``: where ``when`` is set, all of ``names`` are; ``exclusive``: at most one of
            ``names`` is set; ``anyOf``: at least one is.
        names: The parameters it speaks of.
        when: The parameter that requires the others; only for ``requires``.
    """

    kind: Literal["requires", "exclusive", "anyOf"]
    names: tuple[str, ...]
    when: str = ""

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every parameter that it speaks of."""
        return (self.when, *self.names) if self.when else self.names


Answers = Mapping[str, Any]
"""Parameter name to value, as JSON data."""


def check(
    parameters: Sequence[Parameter],
    answers: Answers,
    *,
    subject: str = "",
    rules: Sequence[Rule] = (),
    complete: bool = True,
) -> dict[str, Any]:
    """All values: the answers, checked and in their normal form, over the defaults.

    Args:
        parameters: What is asked.
        answers: What was given.
        subject: The template's or tool's name, for the message.
        rules: What must hold between the values.
        complete: Whether this is a run. Otherwise required run-time parameters may be missing, and rules that
            speak of run-time parameters wait.

    Returns:
        Name to value in the order of the parameters; those without a value are left out.

    Raises:
        Invalid: ``bad-answers``, with a problem for each answer that is invalid.
    """
    known = {parameter.name: parameter for parameter in parameters}
    problems = [Problem(name, _unknown(name, parameters)) for name in answers if name not in known]
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        if name in answers:
            try:
                values[name] = value_of(parameter, answers[name])
            except ValueError as error:
                problems.append(Problem(name, str(error)))
        elif parameter.default is not None:
            values[name] = value_of(parameter, parameter.default)
        elif parameter.required and (complete or parameter.at == "install"):
            problems.append(Problem(name, f"is missing: expected {expectation(parameter)}"))
    if not problems:
        ready = [
            rule for rule in rules if complete or all(known[name].at == "install" for name in rule.all_names)
        ]
        problems = [
            Problem(", ".join(rule.all_names), broken) for rule in ready if (broken := _broken(rule, values))
        ]
    if problems:
        count = "1 answer" if len(problems) == 1 else f"{len(problems)} answers"
        verb = "is" if len(problems) == 1 else "are"
        message = f"{count}{f' for {subject}' if subject else ''} {verb} invalid"
        strange = _strange(answers, known)
        refused = Invalid("bad-answers", message, _answer(problems, known), problems)
        others = [problem for problem in problems if problem.where not in {*strange, *strange.values()}]
        if len(strange) == 1 and not others:
            raise refused.meant(*next(iter(strange.items())))
        if strange:
            refused.hint = _answer(others, known) if others else AGAIN
        raise refused.mending(*strange.items())
    return values


def _strange(answers: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """The names that are no parameters, and the parameter that each means; empty where that cannot be known."""
    found: dict[str, str] = {}
    for name in answers:
        if name not in known:
            near = names.nearest(name, known) or ""
            found[name] = "" if near in answers or near in found.values() else near
    return found


def _answer(problems: Sequence[Problem], known: Mapping[str, Parameter]) -> str:
    """The flags that answer each question which has no right answer yet; else that of any question there is."""
    wrong = [next((name for name in problem.where.split(", ") if name in known), "") for problem in problems]
    wanted = list(dict.fromkeys(name for name in wrong if name)) or list(known)[:1]
    return flags(known[name] for name in wanted) or "--help"


def flags(asked: Iterable[Parameter]) -> str:
    """Flags that give each parameter a value that it takes, as far as one can be known."""
    rights = [(one.name, example(one)) for one in asked]
    return " ".join(
        f"--set {shell.word(name)}={shell.BLANK if right is None else shell.word(spell(right))}"
        for name, right in rights
    )


def _unknown(name: str, parameters: Sequence[Parameter]) -> str:
    now = next((one.name for one in parameters if name in one.renamed_from), "")
    if now:
        return f"is called {now} now"
    known = [one.name for one in parameters]
    there = ", ".join(known) or "none"
    return f"is not a parameter{names.did_you_mean(name, known) or f'; available: {there}'}"


def carried(parameters: Sequence[Parameter], answers: Mapping[str, T]) -> dict[str, T]:
    """Answers under the names that their parameters have now; one that has an answer already keeps it."""
    now = renames(parameters, answers)
    return {now.get(name, name): value for name, value in answers.items()}


def renames(parameters: Sequence[Parameter], answers: Collection[str]) -> dict[str, str]:
    """Of the names that were answered, those that are others now: the earlier name to today's."""
    found: dict[str, str] = {}
    for parameter in parameters:
        if parameter.name not in answers:
            earlier = [name for name in parameter.renamed_from if name in answers]
            found |= dict.fromkeys(earlier[-1:], parameter.name)
    return found


def value_of(parameter: Parameter, given: Any) -> Any:
    """One answer in its normal form: a quantity given as a number becomes text, and 1.0 becomes 1; all else stays.

    Raises:
        ValueError: What was expected and what was given, or what is wrong with it.
    """
    if parameter.type == "quantity" and isinstance(given, int | float) and not isinstance(given, bool):
        given = documents.scalar(given)
    if parameter.type == "number" and isinstance(given, float) and _is_number(given) and given == int(given):
        given = int(given)  # as the API server writes it: 1.0 and 1 are one answer
    if not is_of_type(parameter.type, given):
        raise ValueError(f"expected {expectation(parameter)}, was given {shown(given)}")
    for text in _texts(given):
        if (what := documents.not_a_text(text)) is not None:
            raise ValueError(what)
    if parameter.type in ("quantity", "duration"):
        try:
            (Quantity if parameter.type == "quantity" else Duration).parse(given)
        except ValueError as error:
            raise ValueError(f"{error}; was given {shown(given)}") from None
    if not _fits(parameter, given):
        near = names.did_you_mean(given, parameter.choices) if parameter.choices else ""
        raise ValueError(f"expected {expectation(parameter)}, was given {shown(given)}{near}")
    return given


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [*value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return abs(value) <= documents.MAX_INTEGER
    return isinstance(value, float) and abs(value) <= documents.MAX_INTEGER  # neither infinite nor NaN


def _is_reference(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= {"name", "key"}
        and isinstance(name := value.get("name"), str)
        and names.is_dns_subdomain(name)
        and isinstance(key := value.get("key", "key"), str)
        and len(key) <= names.MAX_SUBDOMAIN
        and re.fullmatch(r"[-._a-zA-Z0-9]+", key) is not None
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_DOMAIN = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_PATH = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
IMAGE_NAME = rf"(?:{_DOMAIN}(?:\.{_DOMAIN})*(?::[0-9]+)?/)?{_PATH}(?:/{_PATH})*"
_IMAGE = rf"(?P<name>{IMAGE_NAME})(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?"
"""https://github.com/distribution/reference, with SHA-256 as the only digest."""

_IS: Mapping[str, Callable[[Any], bool]] = {
    "string": _is_text,
    "integer": lambda value: isinstance(value, int) and _is_number(value),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "choice": _is_text,
    "list": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "quantity": _is_text,
    "duration": _is_text,
    "image": lambda value: (
        isinstance(value, str) and len(value) <= 1024 and bool(re.fullmatch(_IMAGE, value))
    ),
    "secretRef": _is_reference,
    "configMapRef": _is_reference,
    "volumeRef": lambda value: _is_reference(value) and "key" not in value,
}


def is_of_type(kind: str, value: Any) -> bool:
    """Whether a value is one of a type's, whatever else its parameter asks."""
    return _IS[kind](value)


def _fits(parameter: Parameter, value: Any) -> bool:
    """Whether a value of the right type is also a permitted one."""
    if parameter.choices and value not in parameter.choices:
        return False
    if parameter.prefixes and not any(_is_below(value, prefix) for prefix in parameter.prefixes):
        return False
    size = len(value) if isinstance(value, str | list) else value
    if parameter.minimum is not None and size < parameter.minimum:
        return False
    if parameter.maximum is not None and size > parameter.maximum:
        return False
    return not parameter.pattern or all(matcher(parameter.pattern)(text) for text in _texts(value))


def _is_below(image: str, prefix: str) -> bool:
    found = re.fullmatch(_IMAGE, image)
    name = found["name"] if found else ""
    return (
        name.startswith(prefix) if prefix.endswith("/") else name == prefix or name.startswith(f"{prefix}/")
    )


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Callable[[str], bool]:
    """The test that a whole text matches, by an engine whose time is linear in the text's length.

    A pattern is hostile input, and is compiled where it is needed: the engine stops where the compiled pattern has
    64 KiB, which takes at most some milliseconds and leaves little for each character of a text.

    Raises:
        ValueError: The pattern is too long or too large, has look-around or back-references, or is none.
    """
    import jsonschema_rs

    if _FLAGS.search(pattern):
        raise ValueError("has flags such as (?i), which are not taken: write both letters, [Aa]")
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"has {len(pattern)} characters; a pattern has at most {MAX_PATTERN}")
    options = jsonschema_rs.RegexOptions(  # the engine "regex", whose time is linear
        size_limit=_PATTERN_BYTES, dfa_size_limit=_PATTERN_BYTES
    )
    try:
        for whole in (pattern, f"^(?:{pattern})$"):
            validator = jsonschema_rs.Draft202012Validator({"pattern": whole}, pattern_options=options)
    except jsonschema_rs.ValidationError:
        raise ValueError(
            "is not a regular expression of linear time, or is too large: write it without look-around, "
            "back-references and many repetitions of large classes"
        ) from None
    return validator.is_valid


def _broken(rule: Rule, values: Answers) -> str:
    """How a rule is broken, or nothing."""

    def is_set(name: str) -> bool:
        return values.get(name) not in (None, "", []) and values[name] is not False

    given = [name for name in rule.names if is_set(name)]
    if rule.kind == "exclusive":
        return f"only one of them may be given, not {' and '.join(given)}" if len(given) > 1 else ""
    if rule.kind == "anyOf":
        return "" if given else "at least one of them must be given"
    missing = [name for name in rule.names if name not in given]
    return f"{rule.when} also needs {' and '.join(missing)}" if missing and is_set(rule.when) else ""


def parse(parameter: Parameter, text: str) -> Any:
    """The value that a flag such as ``--set name=text`` means.

    A list is separated by commas or written as JSON, a reference as ``name/key``; all text stays text.

    Raises:
        ValueError: What was expected and what was given.
    """
    try:
        return value_of(parameter, _given(parameter, text))
    except ValueError as error:
        if isinstance(_given(parameter, text), str):
            raise
        raise ValueError(f"expected {expectation(parameter)}, was given {shown(text)}") from error


def of_secrets(parameters: Sequence[Parameter]) -> frozenset[str]:
    """The names of those that take the name of a Secret and a key in it."""
    return frozenset(parameter.name for parameter in parameters if parameter.type == "secretRef")


def parse_all(parameters: Sequence[Parameter], texts: Mapping[str, str]) -> dict[str, Any]:
    """The values that flags mean, not yet checked: ``check`` then names everything that is wrong at once."""
    known = {parameter.name: parameter for parameter in parameters}
    asked = carried(parameters, texts)
    return {name: _given(known[name], text) if name in known else text for name, text in asked.items()}


def _given(parameter: Parameter, text: str) -> Any:
    """A text in its parameter's type where it can be; otherwise the text."""
    match parameter.type:
        case "integer" | "number" | "boolean":
            value = documents.plain_value(text)
            return text if value is None or not _is_kept(value, text) else value
        case "list":
            if not text.startswith("["):
                return text.split(",") if text else []
            try:
                return documents.load(text, "list")
            except Invalid:
                return text
        case "secretRef" | "configMapRef" | "volumeRef":
            name, slash, key = text.partition("/")
            return {"name": name, "key": key} if slash else {"name": name}
    return text


def _is_kept(value: Any, text: str) -> bool:
    """Whether a number is the one that was written: a float forgets what has more than 17 digits."""
    if not isinstance(value, float):
        return True
    from decimal import Decimal

    return Decimal(text) == Decimal(repr(value))


def expectation(parameter: Parameter) -> str:
    """What would be right, for a message: ``an integer from 1 to 10``, ``one of: a, b``."""
    kind = parameter.type
    if kind == "boolean":
        return "true or false"
    if parameter.choices:
        return f"one of: {', '.join(parameter.choices)}"
    if parameter.prefixes:
        return f"an image whose name begins with {' or '.join(parameter.prefixes)}"
    example = _EXAMPLES.get(kind) if parameter.example is None else parameter.example
    match kind:
        case "integer" | "number":
            called = f"{'an integer' if kind == 'integer' else 'a number'}{_bounds(parameter, 'from')}"
        case "string":
            is_address = str(example).startswith(("http://", "https://"))
            bounds = _bounds(parameter, "of")
            called = f"{'an address' if is_address else 'text'}{f'{bounds} characters' if bounds else ''}"
        case "list":
            bounds = _bounds(parameter, "of")
            called = f"a list{f'{bounds} texts' if bounds else ''}"
        case "secretRef" | "configMapRef" | "volumeRef":
            has_key = isinstance(example, dict) and "key" in example
            called = f"the name of a {REFERENCES[kind]}{' and a key in it' if has_key else ''}"
        case _:
            called = "an image" if kind == "image" else f"a {kind}"
    if example is not None:
        return f"{called} such as {spell(example)}"
    return f"{called} that matches {parameter.pattern}" if parameter.pattern else called


_EXAMPLES: Mapping[str, Any] = {
    "list": ["a", "b"],
    "quantity": "512Mi",
    "duration": "10m",
    "image": "registry.example/team/app:1.2",
    "secretRef": {"name": "database", "key": "password"},
    "configMapRef": {"name": "settings", "key": "file"},
    "volumeRef": {"name": "data"},
}


def example(parameter: Parameter) -> Any:
    """A value that would be right, where one can be known: its default, its example, or one of its type.

    Returns:
        The value; None where nobody can know, which a pattern or a range may mean.
    """
    for value in (parameter.default, parameter.example):
        if value is not None:
            return value
    guesses: Mapping[str, Any] = {**_EXAMPLES, "boolean": False, "string": "text"}
    if parameter.choices:
        return parameter.choices[0]
    value = parameter.minimum if parameter.minimum is not None else 1
    value = guesses.get(parameter.type, value)
    try:
        return value_of(parameter, value)
    except ValueError:
        return None


def _bounds(parameter: Parameter, first: str) -> str:
    least, most = parameter.minimum, parameter.maximum
    if least is not None and most is not None:
        return f" {first} {spell(least)} to {spell(most)}"
    if least is not None:
        return f" of at least {spell(least)}"
    return "" if most is None else f" of at most {spell(most)}"


def spell(value: Any) -> str:
    """A value as a person would give it to ``--set``: ``true``, ``5``, ``a,b``, ``name/key``."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "/".join(value.values())
    if not isinstance(value, list):
        return documents.scalar(value)
    is_simple = value != [""] and not any("," in item or item.startswith("[") for item in value)
    return ",".join(value) if is_simple else documents.dump_json(value, indent=None).strip()
