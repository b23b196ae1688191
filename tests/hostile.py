"""A text that steers a terminal in every way, and the check that none of it arrives."""

import re
import unicodedata

HOSTILE = (
    "\x1b[2J\x1b]0;title\x07\x1b]8;;http://evil.example\x07 \x9b31m\x85\x08\x7f \u202egnp\u202c \u2066x\u2069"
    " \u200b\u2060\ufeff\xad \u2028\u2029 \U000e0041 ; touch pwned $(touch pwned)\r\nerror: forged"
)
_MARKS = re.compile("^error: forged", re.MULTILINE)


def assert_harmless(text: str, what: str) -> None:
    """Fail where something steers a terminal, hides, or forges a line."""
    found = {
        f"U+{ord(one):04X}"
        for one in text
        if one not in "\n\t" and unicodedata.category(one) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
    }
    assert not found, f"{what}: {sorted(found)} in {text!a}"
    assert not _MARKS.search(text), f"{what}: a line is forged: {text!a}"
