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
    assert layout.tools(paths, "prod") == [("prod", "backup"), ("prod", "zebra")]
    assert layout.tools(paths, "test") == []
    assert layout.tools(paths) == [
        ("dev", "backup"),
        ("prod", "backup"),
        ("prod", "zebra"),
        ("production", "report"),
    ]
    assert all(layout.definition(*place) in paths for place in layout.tools(paths))
    assert layout.rendered_tools(paths) == [("prod", "backup")]


def test_people_edit_the_project_and_the_tools_and_nothing_else() -> None:
    edited = ["rapt.yaml", "tools/prod/backup.yaml"]
    others = [
        "README.md",
        "rendered/prod/backup.yaml",
        "tools/prod/../x.yaml",
        "tools/prod/a b.yaml",
        "rapt.yaml/x",
    ]
    assert [path for path in [*edited, *others] if layout.is_edited(path)] == edited
