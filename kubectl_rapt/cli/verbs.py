"""Verbs that are easily taken for one another, and what each is for: one table for help, pages and tests.

Plain tuples, because help is printed before anything else is imported.
"""

TABLES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Which command deletes or stops what?",
        (
            ("cancel", "a run that is waiting or running; its record stays"),
            ("clean", "finished runs and Jobs that no cleanup policy keeps"),
            ("dead drop", "runs that used up their attempts, before a policy does"),
            ("remove", "a tool that is defined in git, by a change; its runs stay"),
            ("delete", "a tool that is in the cluster but not in git; its runs stay"),
            ("purge", "everything of Rapt in a cluster (administrators)"),
        ),
    ),
    (
        "Which command checks what?",
        (
            ("check", "the repository: does every tool render to what is committed?"),
            ("diff", "one tool: which fields would a sync or an upgrade change?"),
            ("drift", "an environment: does its cluster differ from the repository?"),
            ("status", "the cluster: what failed, is late, or is broken?"),
            ("doctor", "your setup: programs, repositories, cluster, and rights"),
        ),
    ),
    (
        "Which command changes or repeats what?",
        (
            ("set", "a tool's answers, schedules, or policies, in git"),
            ("upgrade", "the version of a tool's template, in git; answers stay"),
            ("retry", "a run that failed: one more attempt of that run"),
            ("dead replay", "runs that used up their attempts, each as a new run"),
        ),
    ),
)
"""Questions, each with the commands to choose from, by their names in the table, and what each is for."""


def of(command: str) -> "tuple[tuple[str, tuple[tuple[str, str], ...]], ...]":
    """The tables that name a command, or a command of that group."""
    return tuple(
        (question, rows)
        for question, rows in TABLES
        if any(name == command or name.startswith(f"{command} ") for name, _ in rows)
    )
