"""Drop translations that change what a program reads: tags, placeholders, code and addresses."""

from __future__ import annotations

from collections import Counter

import regex

from selftranslate.filters import EachText, Filter, Text

_KINDS = {
    # A URL is printable ASCII without quotes and angle brackets, and ends before a full stop.
    "an address": r"""
        (?<![A-Za-z\d])(?:(?:https?|ftp)://|www\.)[!\x23-&(-;=?-~]*[A-Za-z\d/\x23=&]
        | (?<![\w.+-])[A-Za-z\d][A-Za-z\d._+-]*@(?:[A-Za-z\d-]+\.)+[A-Za-z]{2,}""",
    "code": r"""
        ```(?s:.)+?```
        | (?<![`\w])`[^\s`](?:[^`\n]*[^\s`])?`(?![`\w])""",
    "a tag": r"""
        </?[a-zA-Z][\w:-]*
          (?:\s+[\w:-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))?)*+
        \s*/?>
        | <!--(?s:.)*?-->""",
    # {{ name }}, {% if %}, ${name}, {name:.2f}, {0}, %(name)s, %1$s, %s, %.2f, [NAME_1]
    "a placeholder": r"""
        \{\{[^{}\n]{1,60}\}\}
        | \{%[^{}\n]{1,60}%\}
        | \$?\{[A-Za-z_][\w.:!\[\]]*\}
        | \{\d?\}
        | (?<![\w%])%(?:\([\w.]+\)[\x230+-]?\d*(?:\.\d+)?[sdifeEgGxXorc]
          | \d\$[sd]
          | [sdif](?!\w)
          | \.\d+f)
        | \[[A-Z][A-Z_]{2,}(?:_?\d+)?\]""",
}

_PROTECTED = regex.compile("|".join(f"({each})" for each in _KINDS.values()), regex.VERBOSE)


def build() -> Filter:
    """Keep a text that has every tag, placeholder, piece of code and address of its source.

    Whole and as often as there, in whatever order, and none that the source has not.
    """
    return EachText(_check, {"rules": 1})


def _check(source: Text, target: Text) -> str | None:
    before, after = _found(source.said), _found(target.said)
    if lost := before - after:
        return f"lost {next(iter(lost))[0]}"
    if new := after - before:
        return f"has {next(iter(new))[0]} too many"
    return None


def _found(text: str) -> Counter[tuple[str, str]]:
    """Count what is protected, with its kind."""
    return Counter(
        (kind, match[0])
        for match in _PROTECTED.finditer(text)
        for kind, group in zip(_KINDS, match.groups(), strict=True)
        if group
    )
