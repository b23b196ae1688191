"""``kubectl rapt cancel``."""

from collections.abc import Callable
from typing import Annotated

import typer

from kubectl_rapt.actions import cancel as cancelling
from kubectl_rapt.actions import stopping
from kubectl_rapt.cli import listing, named, options, refusals, terminal
from kubectl_rapt.config import location
from kubectl_rapt.errors import RaptError
from kubectl_rapt.objects.runs import Run


def cancel(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOOL|RUN|job/NAME|pod/NAME…", help="The runs; of a tool the newest"),
    ] = None,
    selector: listing.Labels = "",
    dry_run: options.DryRun = "none",
) -> int:
    """Stop runs. Their pods get their grace period, and the runs are recorded as Cancelled.

    Example: kubectl rapt cancel backup-x7k2p
    """
    is_dry = options.is_dry(dry_run)
    given = what or []
    named.some(given, selector, "cancel")
    with options.open_world(context) as (world, writers):
        if selector:
            found = [one for one in named.chosen(world, selector) if not one.is_finished]
            if not found:
                terminal.say(f"No runs to cancel with the labels {terminal.repeated(selector)}.")
                return 0
        else:
            found = [named.run(world, one, "cancel", is_open=True) for one in given]
        found = list({one.name: one for one in found}.values())
        if is_dry:

            def tell(one: Run) -> int:
                cancelling.refuse_if_over(one, cancelling.check(world, one))
                terminal.out(terminal.clean(f"run.rapt.dev/{one.name} would be cancelled ({one.status})"))
                return 0

            return _each(found, tell)
        # All are told before the first one is waited for: their pods end at the same time.
        stopping_ = {}

        def begin(one: Run) -> int:
            stopping_[one.name] = cancelling.cancel(world, writers, one.name, one.namespace)
            return 0

        def end(one: Run) -> int:
            return _tell(stopping.wait(world, writers, stopping_[one.name]))

        code = _each(found, begin)
        return _each([one for one in found if one.name in stopping_], end) or code


def _each(found: list[Run], do: Callable[[Run], int]) -> int:
    """Do something to each; where there are several, an error of one of them is told, and the others go on."""
    if len(found) == 1:
        return do(found[0])
    codes = []
    for one in found:
        try:
            codes.append(do(one))
        except RaptError as error:
            if location.concerns_all(error):
                raise
            refusals.tell(error)
            codes.append(1)
    return max(codes, default=0)


def _tell(ended: Run) -> int:
    if not stopping.was_stopped(ended):
        raise cancelling.over(ended)
    terminal.out(terminal.clean(f"run.rapt.dev/{ended.name} cancelled"))
    return 0
