"""bash, zsh and fish as a person has them: with kubectl's own completion, and with that of ``kubectl-rapt``."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.cluster import debian
from tests.terminals import Terminal

PROMPT = "ready> "
_ZSH = f"""
autoload -Uz compinit && compinit -u -D
source <(kubectl completion zsh)
source <(kubectl-rapt completion zsh)
bindkey -e
unset zle_bracketed_paste
PS1="{PROMPT}"
"""
_BASH = """
source /usr/share/bash-completion/bash_completion
source <(kubectl completion bash)
source <(kubectl-rapt completion bash)
bind "set enable-bracketed-paste off"
bind "set page-completions off"
bind "set completion-query-items 0"
PS1="ready> "
"""
_FISH = f"""
function fish_prompt; echo -n "{PROMPT}"; end
function fish_greeting; end
set -g fish_autosuggestion_enabled 0
kubectl completion fish | source
kubectl-rapt completion fish | source
"""


def install() -> None:
    """The shells and bash's completion, from Debian's packages where they are missing."""
    debian.install(debian.SHELLS)


class Shell:
    """A shell that waits for a command line."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def completes(self, typed: str, pattern: str, *, tabs: int = 1) -> str:
        """Type the beginning of a line and press tab; what is shown then, which has this pattern in it."""
        self._terminal.type(typed + "\t" * tabs)
        try:
            return self._terminal.sees(pattern)
        finally:
            self.clears()

    def prints(self, typed: str) -> None:
        """Type the beginning of a line, press tab, and have the shell print the words that stand there then."""
        self._terminal.type(f"{typed}\t\x01echo \r")
        self._terminal.sees(re.escape(PROMPT))
        self.clears()

    def clears(self) -> None:
        """Give up what was typed, and see that the shell is still well."""
        self._terminal.type("\x15\x0becho we''ll\r")
        self._terminal.sees(rf"(?m)^well\s*[\s\S]*{re.escape(PROMPT)}")


@contextmanager
def shell(name: str, environ: Mapping[str, str], home: Path) -> Iterator[Shell]:
    """One of the three, in a home of its own."""
    environ = {
        **environ,
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "INPUTRC": "/dev/null",
        "ZDOTDIR": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "TMPDIR": str(home),  # where fish leaves a folder
        "RAPT_COMPLETION_SECONDS": "30",  # the machine may be busy with much else
    }
    (home / "config" / "fish").mkdir(parents=True, exist_ok=True)
    (home / "config" / "fish" / "config.fish").write_text(_FISH)
    # Without it the first fish reads every page of the manual, in a process that outlives it.
    (home / "data" / "fish" / "generated_completions").mkdir(parents=True, exist_ok=True)
    (home / ".zshrc").write_text(_ZSH)
    (home / "bashrc").write_text(_BASH)
    command = {
        "bash": ["bash", "--rcfile", str(home / "bashrc"), "-i"],
        "fish": ["fish", "-i"],
        "zsh": ["zsh", "-i"],
    }[name]
    with Terminal(command, environ, home) as terminal:
        terminal.sees(re.escape(PROMPT))
        yield Shell(terminal)
