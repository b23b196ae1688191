"""Rapt as a person has it: a wheel of these sources, installed with its dependencies into an environment of its own.

The environment is kept between runs in ``${XDG_CACHE_HOME:-~/.cache}/rapt-benchmarks/``; deleting it costs time only.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def programs() -> Path:
    """The folder of ``kubectl-rapt`` and its ``python``, just built and installed, its bytecode compiled."""
    key = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rapt-benchmarks"
    folder = cache / key
    if not folder.exists():
        _python("-m", "venv", str(folder))
    python = folder / "bin" / "python"
    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check")
    with tempfile.TemporaryDirectory() as made:
        _python(*pip, "wheel", "--no-deps", f"--wheel-dir={made}", str(ROOT))
        (wheel,) = map(str, Path(made).glob("*.whl"))
        _python(*pip, "uninstall", "--yes", "kubectl-rapt", python=python)
        _python(*pip, "install", "--compile", wheel, python=python)
    return python.parent


def _python(*arguments: str, python: Path = Path(sys.executable)) -> None:
    subprocess.run([str(python), *arguments], check=True, stdout=sys.stderr)
