"""The literal table of commands: nothing is imported before its command is called."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One command: its heading in the help, its line there, how to import it, and whether few need it.

    Of those the help of all commands tells the names alone: it fits one screen.

    A command of a group has the group's words before its own: ``changes show`` belongs to ``changes``, which is a
    command itself and says what happens where none of its own is named.
    """

    heading: str
    summary: str
    load: Callable[[], Callable[..., Any]]
    is_rare: bool = False


def _config() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import config

    return config.group


def _config_view() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import config

    return config.view


def _config_set() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import config

    return config.set_


def _config_unset() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import config

    return config.unset


def _add() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import add

    return add.add


def _attach() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import attach

    return attach.attach


def _changes() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import changes

    return changes.changes


def _changes_abandon() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import changes

    return changes.abandon


def _changes_open() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import changes

    return changes.open_


def _changes_update() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import changes

    return changes.update


def _changes_merge() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import changes

    return changes.merge


def _changes_show() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import changes

    return changes.show_


def _diff() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import diff

    return diff.diff


def _drift() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import drift

    return drift.drift


def _doctor() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import doctor

    return doctor.doctor


def _events() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import events

    return events.events


def _help() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import help_

    return help_.help_


def _init() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import init

    return init.init


def _install() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import install

    return install.install


def _list() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import list_

    return list_.list_


def _logs() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import logs

    return logs.logs


def _registry() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import registry

    return registry.list_


def _registry_add() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import registry

    return registry.add


def _registry_remove() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import registry

    return registry.remove


def _registry_update() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import registry

    return registry.update


def _registry_verify() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import registry

    return registry.verify


def _policy() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import policy

    return policy.list_


def _policy_show() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import policy

    return policy.show_


def _policy_simulate() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import policy

    return policy.simulate


def _retry() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import retry

    return retry.retry


def _run() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import run

    return run.run


def _runs() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import runs

    return runs.runs


def _search() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import search

    return search.search


def _show() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import show

    return show.show


def _sync() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import sync

    return sync.sync


def _template() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import template

    return template.template


def _template_impact() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import impact

    return impact.impact


def _template_lint() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import template

    return template.lint_


def _template_new() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import template

    return template.new


def _template_publish() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import template

    return template.publish_


def _template_release() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import template

    return template.release_


def _template_test() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import template

    return template.test


def _version() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import version

    return version.version


def _dev() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import dev

    return dev.group


def _dev_run() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import dev

    return dev.run


def _dev_up() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import dev

    return dev.up


def _dev_down() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import dev

    return dev.down


def _shell() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import shell

    return shell.shell


def _debug() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import shell

    return shell.debug


def _timing() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import timing

    return timing.timing


def _why() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import why

    return why.why


def _check() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import check

    return check.check


def _explain() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import explain

    return explain.explain


def _history() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import history

    return history.history


def _remove() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import remove

    return remove.remove


def _render() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import render

    return render.render


def _schema() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import schema

    return schema.schema


def _set() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import set_

    return set_.set_


def _share() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import share

    return share.share


def _upgrade() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import upgrade

    return upgrade.upgrade


def _describe() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import describe

    return describe.describe


def _status() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import status

    return status.status


def _schedule() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import schedule

    return schedule.schedule


def _schedule_suspend() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import schedule

    return schedule.suspend


def _schedule_resume() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import schedule

    return schedule.resume


def _schedule_trigger() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import schedule

    return schedule.trigger


def _schedule_backfill() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import schedule

    return schedule.backfill


def _cancel() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import cancel

    return cancel.cancel


def _clean() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import clean

    return clean.clean


def _dead() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import dead

    return dead.group


def _dead_replay() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import dead

    return dead.replay


def _dead_drop() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import dead

    return dead.drop


def _dead_export() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import dead

    return dead.export


def _completion() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import completion

    return completion.completion


def _completion_install() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import completion

    return completion.install


def _completion_bash() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import completion

    return completion.bash


def _completion_zsh() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import completion

    return completion.zsh


def _completion_fish() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import completion

    return completion.fish


def _delete() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import delete

    return delete.delete


def _purge() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import purge

    return purge.purge


def _reconcile() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import reconcile

    return reconcile.reconcile


TABLE = {
    "search": Entry("Templates", "Find templates in the registries", _search),
    "show": Entry("Templates", "Show a template: its parameters, its policies, and a command to try", _show),
    "registry": Entry("Templates", "List, add, update and verify registries", _registry, is_rare=True),
    "registry add": Entry("Templates", "Add a registry to rapt.yaml", _registry_add),
    "registry remove": Entry("Templates", "Remove a registry from rapt.yaml", _registry_remove),
    "registry update": Entry("Templates", "Fetch all registries and show what is new", _registry_update),
    "registry verify": Entry(
        "Templates", "Check every version, and every lock in the config repository", _registry_verify
    ),
    "template": Entry("Templates", "Write, test, release and publish templates", _template),
    "template new": Entry("Templates", "Create a template, also from a Job or CronJob", _template_new),
    "template lint": Entry("Templates", "Report everything that is wrong with templates", _template_lint),
    "template test": Entry("Templates", "Run the tests of templates", _template_test),
    "template impact": Entry(
        "Templates", "Show what a version would change in the tools that use the template", _template_impact
    ),
    "template release": Entry("Templates", "Set versions and write them to the index", _template_release),
    "template publish": Entry("Templates", "Push releases to the registry for review", _template_publish),
    "dev": Entry("Templates", "Try a template on this machine", _dev, is_rare=True),
    "dev run": Entry("Templates", "Run a template with podman, Docker or a local cluster", _dev_run),
    "dev up": Entry("Templates", "Start a local cluster", _dev_up),
    "dev down": Entry("Templates", "Stop the cluster that dev up started", _dev_down),
    "init": Entry("Config repository", "Set up a config repository and your settings", _init),
    "add": Entry("Config repository", "Install a template as a tool in an environment", _add),
    "set": Entry("Config repository", "Change a tool's answers, schedules or policies", _set),
    "upgrade": Entry("Config repository", "Upgrade tools to newer versions of their templates", _upgrade),
    "remove": Entry("Config repository", "Remove a tool from an environment", _remove),
    "share": Entry(
        "Config repository", "Share a tool with namespaces and environments", _share, is_rare=True
    ),
    "explain": Entry(
        "Config repository", "Show the values of a tool and where each comes from", _explain, is_rare=True
    ),
    "history": Entry("Config repository", "Show the commits that changed a tool", _history, is_rare=True),
    "diff": Entry(
        "Config repository",
        "Show which fields a sync, an upgrade or a change would change",
        _diff,
        is_rare=True,
    ),
    "render": Entry(
        "Config repository", "Render again after you edited files by hand", _render, is_rare=True
    ),
    "check": Entry("Config repository", "Check that every tool renders to what is committed; for CI", _check),
    "schema": Entry(
        "Config repository", "Print the JSON Schema of a file that people write", _schema, is_rare=True
    ),
    "changes": Entry("Config repository", "List, show and merge open changes", _changes),
    "changes show": Entry("Config repository", "Show the state of a change and its diff", _changes_show),
    "changes open": Entry("Config repository", "Open the pull request of a change", _changes_open),
    "changes update": Entry(
        "Config repository", "Render a change again on the current main branch", _changes_update
    ),
    "changes abandon": Entry("Config repository", "Close a change without merging it", _changes_abandon),
    "changes merge": Entry(
        "Config repository", "Merge a change, after rendering it on the current main branch", _changes_merge
    ),
    "sync": Entry("Config repository", "Apply an environment to its cluster", _sync),
    "drift": Entry(
        "Config repository", "Compare an environment's cluster with the config repository", _drift
    ),
    "list": Entry("Tools and runs", "List the tools in the cluster", _list),
    "run": Entry("Tools and runs", "Run a tool", _run),
    "attach": Entry("Tools and runs", "Follow a run again", _attach, is_rare=True),
    "retry": Entry("Tools and runs", "Add an attempt to a run that failed", _retry),
    "runs": Entry("Tools and runs", "List runs, newest first", _runs),
    "describe": Entry("Tools and runs", "Show everything about a tool or a run", _describe),
    "logs": Entry("Tools and runs", "Print the logs of a tool's newest run, a run, a job or a pod", _logs),
    "schedule": Entry("Tools and runs", "Show what runs next, and what was missed", _schedule),
    "schedule suspend": Entry("Tools and runs", "Suspend a tool's schedules", _schedule_suspend),
    "schedule resume": Entry("Tools and runs", "Resume a tool's schedules", _schedule_resume),
    "schedule trigger": Entry("Tools and runs", "Run a schedule now", _schedule_trigger),
    "schedule backfill": Entry(
        "Tools and runs", "Run a schedule for times that have passed", _schedule_backfill
    ),
    "why": Entry("Tools and runs", "Explain why a run ended as it did and where it came from", _why),
    "events": Entry(
        "Tools and runs", "List the events of a run, its jobs and its pods", _events, is_rare=True
    ),
    "timing": Entry(
        "Tools and runs",
        "Show how long each phase of a run took, or compare versions of a tool",
        _timing,
        is_rare=True,
    ),
    "shell": Entry("Tools and runs", "Open a shell in a running container", _shell, is_rare=True),
    "debug": Entry("Tools and runs", "Open a shell in a copy of a run's pod", _debug, is_rare=True),
    "cancel": Entry("Tools and runs", "Stop a run", _cancel, is_rare=True),
    "dead": Entry(
        "Tools and runs", "Repeat, export or delete runs that used up their attempts", _dead, is_rare=True
    ),
    "dead replay": Entry("Tools and runs", "Repeat dead runs as new runs, each once", _dead_replay),
    "dead drop": Entry("Tools and runs", "Delete dead runs and their Jobs", _dead_drop),
    "dead export": Entry("Tools and runs", "Write dead runs to files", _dead_export),
    "clean": Entry("Tools and runs", "Delete finished Jobs and runs that no cleanup policy keeps", _clean),
    "delete": Entry("Tools and runs", "Delete tools that are not in git", _delete, is_rare=True),
    "reconcile": Entry("Tools and runs", "Do everything that is due: retries, results, cleanup", _reconcile),
    "policy": Entry("Tools and runs", "List, show and simulate retry policies", _policy, is_rare=True),
    "policy show": Entry("Tools and runs", "Show what a retry policy does", _policy_show),
    "policy simulate": Entry(
        "Tools and runs", "Show what a policy would have done with past failures", _policy_simulate
    ),
    "install": Entry("Administration", "Install Rapt's kinds and roles in a cluster", _install),
    "config": Entry("Administration", "Show and change your own settings", _config, is_rare=True),
    "config view": Entry("Administration", "Show your settings, and where each comes from", _config_view),
    "config set": Entry("Administration", "Change one of your settings", _config_set),
    "config unset": Entry("Administration", "Remove one of your settings", _config_unset),
    "status": Entry("Administration", "Show the state of Rapt in the cluster and what is broken", _status),
    "doctor": Entry("Administration", "Check your setup, and say how to fix it", _doctor),
    "help": Entry(
        "Administration", "Print the help of a command, or what an error means", _help, is_rare=True
    ),
    "purge": Entry("Administration", "Delete everything of Rapt from a cluster", _purge, is_rare=True),
    "completion": Entry("Administration", "Set up tab completion", _completion, is_rare=True),
    "completion install": Entry(
        "Administration", "Put kubectl_complete-rapt on your PATH", _completion_install
    ),
    "completion bash": Entry("Administration", "Print the script for bash", _completion_bash),
    "completion zsh": Entry("Administration", "Print the script for zsh", _completion_zsh),
    "completion fish": Entry("Administration", "Print the script for fish", _completion_fish),
    "version": Entry("Administration", "Print the version", _version, is_rare=True),
}


def below(group: str) -> list[str]:
    """The names of a group's commands, without the group's own; of the root where the group is empty."""
    start = f"{group} " if group else ""
    inside = [name.removeprefix(start) for name in TABLE if name.startswith(start)]
    return [name for name in inside if " " not in name]
