"""Where run-time parameters may stand in a Job, as patterns of JSON pointers into ``{metadata, spec}``.

``templating/places`` sets values by them, and the CRD of Tool embeds them: an API server refuses every other place.
"""

from collections.abc import Mapping
from typing import Literal

Kind = Literal["value", "argument", "arguments", "count", "seconds", "amount", "image"]
"""What a place takes: a text, one argument, all arguments, a number, a deadline, a resource, an image."""

_NOT_FIRST = "[1-9][0-9]{0,3}"
INDEX = f"(?:0|{_NOT_FIRST})"
POD = "/spec/template/spec"
CONTAINER = f"{POD}/(?:containers|initContainers)/{INDEX}"
PATTERNS: Mapping[Kind, str] = {
    "value": f"^{CONTAINER}/env/{INDEX}/value$",
    "argument": f"^{CONTAINER}/(?:args/{INDEX}|command/{_NOT_FIRST})$",
    "arguments": f"^{CONTAINER}/args$",
    "count": "^/spec/(?:parallelism|completions|backoffLimit)$",
    "seconds": f"^{POD}/activeDeadlineSeconds$",
    "amount": f"^{CONTAINER}/resources/(?:requests|limits)/[A-Za-z0-9][-A-Za-z0-9_.~]*$",
    "image": f"^{CONTAINER}/image$",
}
"""Each kind of place as a pattern that RE2, ECMA and Python read alike; the Tool's CRD holds them too."""
PATTERN = "|".join(PATTERNS.values())
"""All places in one pattern."""
