"""What programs read comes back whole."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("code", "source", "target", "reason"),
    [
        ("de", "Press <b>Save</b> now.", "Drücke jetzt <b>Speichern.", "lost a tag"),
        ("de", "Press <b>Save</b> now.", "Drücke jetzt <fett>Speichern</fett>.", "lost a tag"),
        ("ru", 'See <a href="x.html">this</a>.', 'Смотри <a href="х.html">это</a>.', "lost a tag"),
        ("zh", "Line<br/>break", "换行", "lost a tag"),
        ("de", "Hello {name}!", "Hallo {Name}!", "lost a placeholder"),
        ("th", "Hello {{ user.name }}!", "สวัสดี {{ ผู้ใช้ }}!", "lost a placeholder"),
        ("ru", "%s sent you %(count)d files", "%с прислал вам %(count)d файлов", "lost a placeholder"),
        ("ar", "Dear [NAME_1],", "عزيزي [الاسم]،", "lost a placeholder"),
        ("de", "Call `print(x)` once.", "Rufe `drucke(x)` einmal auf.", "lost code"),
        ("zh", "Use ```python\nx = 1\n```.", "使用 ```python\nx = 2\n```。", "lost code"),
        ("ja", "Visit https://example.org/en?id=7.", "https://example.org/ja?id=7 をご覧ください。", "lost an address"),
        ("de", "Write to help@example.org.", "Schreibe an hilfe@example.org.", "lost an address"),
        ("hi", "See www.example.org/a and www.example.org/a.", "www.example.org/a देखें।", "lost an address"),
        ("de", "A plain text.", "Ein <i>einfacher</i> Text.", "has a tag too many"),
        ("de", "Ask her.", "Frag {sie}.", "has a placeholder too many"),
    ],
)  # fmt: skip
def test_what_was_changed_or_lost_is_found(
    judge: Any, code: str, source: str, target: str, reason: str
) -> None:
    assert judge("protected", code, source, target) == reason


@pytest.mark.parametrize(
    ("code", "source", "target"),
    [
        ("zh", "Details: www.example.org/a.pdf.", "详情请见www.example.org/a.pdf。"),
        ("de", "<b>A</b> and <i>B</i>, {x}, %s", "%s: <i>B</i> und {x}, <b>A</b>"),
        ("de", "50% off, 3 < 4 and 5 > 2, {1, 2}", "50% Rabatt, 3 < 4 und 5 > 2, {1, 2}"),
        ("de", "The `` old '' quotes", "Die „alten“ Anführungszeichen"),
        ("ru", "100% sure", "уверен на 100%"),
    ],
)
def test_order_is_free_and_signs_alone_are_no_code(
    judge: Any, code: str, source: str, target: str
) -> None:
    assert judge("protected", code, source, target) is None
