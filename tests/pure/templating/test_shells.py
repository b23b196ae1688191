"""Which words of a command line a shell would read as code, and what Kubernetes would paste into a script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_rapt.templating import shells
from kubectl_rapt.templating.parameters import Parameter
from tests.attacks.kubernetes import expand

C = "/spec/template/spec/containers/0"


def problems(command: list[str], *values: int, env: tuple[str, ...] = (), code: bool = False) -> list[str]:
    """The indexes that are refused, in a command line where the words at some indexes are values."""
    container = {"name": "tool", "command": command, "env": [{"name": name, "value": "a"} for name in env]}
    parameter = Parameter("x", "string", code=code)
    origins = {f"{C}/command/{index}": parameter for index in values}
    job = {"spec": {"template": {"spec": {"containers": [container]}}}}
    return [one.where.rpartition("/")[2] for one, _ in shells.check(job, origins)]


@pytest.mark.parametrize(
    ("command", "values", "refused"),
    [
        ("sh -c SCRIPT", [2], ["2"]),
        ("sh -c SCRIPT arg", [3], []),
        ("/bin/sh -ec SCRIPT", [2], ["2"]),
        ("sh -e -u -c SCRIPT", [4], ["4"]),
        ("bash -euo pipefail -c SCRIPT", [4], ["4"]),
        ("bash -euo pipefail -c SCRIPT arg", [5], []),
        ("bash -o VALUE -c SCRIPT", [2], ["2"]),
        ("bash +x -c SCRIPT", [3], ["3"]),
        ("bash --norc -c SCRIPT", [3], ["3"]),
        ("bash --rcfile VALUE -c SCRIPT", [2], ["2"]),
        ("sh -- FILE arg", [2], ["2"]),
        ("sh FILE arg", [1], ["1"]),
        ("sh FILE arg", [2], []),
        ("sh -x FILE arg", [3], []),
        ("busybox sh -c SCRIPT", [3], ["3"]),
        ("env A=B nice -n 5 zsh -c SCRIPT", [7], ["7"]),
        ("tini -- dash -c SCRIPT", [4], ["4"]),
        ("pwsh -Command SCRIPT", [2], ["2"]),
        ("sh -c SCRIPT sh bash -c SCRIPT", [6], ["6"]),
        ("sh -c SCRIPT sh ARG", [4], []),
        ("echo ARG", [1], []),
        ("bashful ARG", [1], []),
        ("./sh.py ARG", [1], []),
    ],
)
def test_values_stay_out_of_options_and_scripts(command: str, values: list[int], refused: list[str]) -> None:
    assert problems(command.split(), *values) == refused
    assert problems(command.split(), *values, code=True) == []


REFUSED = """
bash -O extglob -c V
bash -eO extglob -c V
bash -c -O extglob V
rbash -c V
bash5 -c V
bash-5.2 -c V
/usr/local/bin/bash-static -c V
sh.exe -c V
BASH -c V
sh - V
sh -e - V
sh -c -- V
sh -ce V
zsh --emulate sh -c V
fish --init-command V
fish --init-command LITERAL -c V
fish -C LITERAL -c V
fish -c LITERAL -c V
pwsh -ExecutionPolicy Bypass -Command V
pwsh -ep Bypass -c V
pwsh -Command LITERAL V
pwsh -EncodedCommand V
powershell.exe -NoProfile -Command V
cmd /c V
cmd.exe /S /C V
env sh -c V
env -i A=B sh -c V
env -S V
env --split-string V
nice -n 5 sh -c V
timeout 5 sh -c V
timeout -k 5 5 bash -c V
busybox sh -c V
/bin/busybox ash -c V
xargs sh -c V
xargs -I {} sh -c V
find . -exec sh -c V
su -c V
su user -c V
su - user -c V
su user --command V
runuser -u user -c V
flock /lock -c V
python -c V
python3.12 -I -c V
python3 -W ignore -c V
python3 -Wignore V
python V
perl -e V
perl -ne V
perl -e LITERAL -e V
perl -MFoo -E V
ruby -e V
node -e V
node --eval V
node --require x -p V
php -r V
lua -e V
awk V
gawk -v a=1 V
sh -c LITERAL bash -c V
sh -c LITERAL name sh -c V
nsenter -t 1 -m sh -c V
""".strip().splitlines()
ACCEPTED = """
bash -O extglob -c LITERAL name V
bash -euo pipefail -c LITERAL V
sh -c LITERAL sh V
sh - FILE V
sh -x FILE V
rbash FILE V
zsh --emulate sh -c LITERAL V
fish --init-command LITERAL -c LITERAL V
pwsh -NoProfile -File x.ps1 V
pwsh -ExecutionPolicy Bypass -File x.ps1 V
env A=B program V
nice -n 5 program V
timeout 5 program V
su-exec user program V
python script.py V
python -u script.py V
python -m module V
python -W ignore script.py V
python -c LITERAL V
python -c LITERAL V --name V
perl -e LITERAL V
node script.js V
node -e LITERAL V
awk LITERAL V
awk -f FILE V
awk -v a=1 LITERAL V
xargs program V
ssh-keygen V
crash V
publish -c V
finish -c V
bash-completion -c V
python-build V
envsubst V
script.sh -c V
""".strip().splitlines()


@pytest.mark.parametrize("command", REFUSED)
def test_after_a_program_that_reads_code_every_word_is_literal(command: str) -> None:
    words = command.split()
    values = [at for at, word in enumerate(words) if word == "V"]
    assert problems(words, *values) == [str(values[0])]
    assert problems(words, *values, code=True) == []


@pytest.mark.parametrize("command", ACCEPTED)
def test_values_that_nothing_reads_as_code_stand_anywhere(command: str) -> None:
    words = command.split()
    assert problems(words, *[at for at, word in enumerate(words) if word == "V"]) == []


@pytest.mark.parametrize(
    ("script", "env", "is_refused"),
    [
        ("echo $(A)", ("A",), True),
        ("echo $(A)", ("B",), False),
        ("echo $$(A)", ("A",), False),
        ("echo $$$(A)", ("A",), True),
        ('echo "$A"', ("A",), False),
        ("echo $(A", ("A",), False),
        ("echo $(date)", ("A",), False),
    ],
)
def test_scripts_take_no_variables_from_kubernetes(
    script: str, env: tuple[str, ...], is_refused: bool
) -> None:
    assert bool(problems(["sh", "-c", script], env=env)) is is_refused
    assert problems(["echo", script], env=env) == []


@given(st.text(alphabet=st.sampled_from("$$$(()AB "), max_size=20))
def test_variables_are_those_that_kubernetes_looks_up(text: str) -> None:
    asked: list[str] = []
    expand(text, lambda name: asked.append(name) or "")  # type: ignore[func-returns-value]
    assert list(shells.variables(text)) == asked
