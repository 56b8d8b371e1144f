"""Templates write what Jinja writes, also where they only put fields into text."""

from __future__ import annotations

import jinja2
import pytest

from selftranslate.errors import DataError
from selftranslate.example import Example
from selftranslate.template import Template

FIELDS = {"text": "50 {x} of {text} {{ text }}\n", "end": "<&>", "range": "1 to 3"}


def environment() -> jinja2.Environment:
    return jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "{{ text }}",
        "In {{ language }}: {{ text }} {braces} }{ {0}\n{{ end }}{# nothing #}{{text}}\n",
        "{% raw %}{{ text }}{% endraw %} {{ end }}",
        "{{ text | upper }}",
        "{% set text = end %}{{ text }}",
        "{% if end %}{{ text }}{% endif %}",
        "{{ range }}",
    ],
)
def test_it_writes_what_jinja_writes(written: str) -> None:
    example = Example(id="1", language="de", fields=FIELDS)
    made = Template(environment(), "prompt", written, FIELDS)
    expected = environment().from_string(written).render(**FIELDS, language="de")
    assert made(example) == expected


@pytest.mark.parametrize("written", ["{{ text }} {{ end }}", "{{ text }} {{ end | upper }}"])
def test_a_field_that_is_not_there_is_named(written: str) -> None:
    made = Template(environment(), "prompt", written, FIELDS)
    with pytest.raises(DataError, match=r"^7: task\.prompt: 'end' is undefined$"):
        made(Example(id="7", language="de", fields={"text": "x"}))
