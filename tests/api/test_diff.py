"""What the next sync brings, on a real API server: told before it, by field, and nothing is left after it."""

from kubectl_rapt.actions import diff
from tests.api.teams import Team


def shown(team: Team, tool: str) -> list[str]:
    found = diff.pending(team.world, "dev", tool)
    return [
        f"{one.ref} {'new' if one.is_new else 'gone' if one.is_gone else change.label}"
        for one in found.objects
        for change in one.changes
    ]


def test_it_tells_what_the_next_sync_brings_and_nothing_after_it(team: Team) -> None:
    team.add("hello", schedule="0 3 * * *")
    before = shown(team, "hello")
    assert "cronjob/hello new" in before
    assert "tool/hello new" in before
    assert len(team.sync()) == len(before)
    assert shown(team, "hello") == []
    team.add("hello", schedule="0 4 * * *", replace=True)
    assert shown(team, "hello") == ["cronjob/hello spec.schedule"]
    assert "CronJob hello configured" in team.sync()
    assert shown(team, "hello") == []
    team.drop("hello")
    assert sorted(shown(team, "hello")) == sorted(line.replace(" new", " gone") for line in before)
