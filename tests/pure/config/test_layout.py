"""Where things stand in a config repository."""

from kubectl_rapt.config import layout


def test_each_tool_has_one_file_that_people_edit_and_one_that_is_applied() -> None:
    assert layout.PROJECT == "rapt.yaml"
    assert layout.definition("prod", "backup") == "tools/prod/backup.yaml"
    assert layout.rendered("prod", "backup") == "rendered/prod/backup.yaml"
    assert layout.rendered_folder("prod") == "rendered/prod"


def test_the_tools_of_an_environment_are_its_own_files_and_no_others() -> None:
    paths = [
        "rapt.yaml",
        "tools/prod/zebra.yaml",
        "tools/prod/backup.yaml",
        "tools/prod/notes.md",
        "tools/prod/old/backup.yaml",
        "tools/production/report.yaml",
        "tools/dev/backup.yaml",
        "rendered/prod/backup.yaml",
        "sub/tools/prod/report.yaml",
    ]
    assert layout.tools(paths, "prod") == ["backup", "zebra"]
    assert layout.tools(paths, "test") == []
    assert [layout.definition("prod", tool) in paths for tool in layout.tools(paths, "prod")] == [True, True]
