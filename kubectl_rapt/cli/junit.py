"""Test results as the XML that build servers read (JUnit's, as the Apache Ant task writes it)."""

from collections.abc import Sequence

from kubectl_rapt.actions.verify import Result
from kubectl_rapt.cli import terminal


def spell(found: Sequence[Result]) -> bytes:
    """One test suite for each template."""
    from xml.etree.ElementTree import Element, SubElement, indent, tostring

    root = Element("testsuites")
    for name in dict.fromkeys(one.template for one in found):
        results = [one for one in found if one.template == name]
        failures = sum(bool(one.problems) for one in results)
        suite = SubElement(root, "testsuite", name=name, tests=str(len(results)), failures=str(failures))
        for one in results:
            case = SubElement(suite, "testcase", classname=name, name=terminal.clean(one.source))
            if one.problems:
                lines = [terminal.clean(f"{problem.where}  {problem.what}") for problem in one.problems]
                failure = SubElement(case, "failure", message=lines[0])
                failure.text = "\n".join(lines)
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def place(path: str, content: bytes) -> tuple[str, dict[str, bytes | None]]:
    """The folder and the files that ``WriteFiles`` takes, for the file that a person named."""
    folder, _, name = path.rpartition("/")
    return (folder or ("/" if path.startswith("/") else ".")), {name: content}
