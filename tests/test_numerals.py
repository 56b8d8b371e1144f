"""Numbers in running text: every script, every language's marks."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from babel import Locale
from babel.numbers import format_compact_decimal, format_decimal
from hypothesis import given, settings
from hypothesis import strategies as st

from selftranslate.numerals import convention, find, same, scales, written

LOCALES = [
    "en",
    "de",
    "ru",
    "zh",
    "th",
    "ja",
    "ko",
    "fr",
    "es",
    "pt",
    "it",
    "pl",
    "sv",
    "tr",
    "vi",
    "he",
    "ar",
    "fa",
    "hi",
    "bn",
    "te",
    "sw",
    "de-CH",
]

# (locale, text, the values of its last number)
CASES = [
    # one reading
    ("en", "18", ["18"]),
    ("en", "18.", ["18"]),
    ("en", "$1,319.00", ["1319"]),
    ("en", "1.319", ["1.319"]),
    ("en", "12,345,678.5 km", ["12345678.5"]),
    ("en", ".5", ["0.5"]),
    ("en", "0.50", ["0.5"]),
    ("en", "2,5", ["2.5"]),
    ("en", "1.319,50 €", ["1319.5"]),
    ("en", "50%", ["50"]),
    ("en", "18th", ["18"]),
    ("en", "US$18", ["18"]),
    ("de", "2,5 Liter", ["2.5"]),
    ("de", "3.5", ["3.5"]),
    ("de", "1.319.000", ["1319000"]),
    ("de", "1.319,00 €", ["1319"]),
    ("de", "1,319.00 €", ["1319"]),
    ("de", "0,125", ["0.125"]),
    ("de-CH", "1’319.50", ["1319.5"]),
    ("de-CH", "1'319", ["1319"]),
    ("ru", "1 319 рублей", ["1319"]),
    ("ru", "1\u00a0319 рублей", ["1319"]),
    ("ru", "1\u202f319 рублей", ["1319"]),
    ("ru", "12 345,50", ["12345.5"]),
    ("de", "1\u202f319 Euro", ["1319"]),
    ("de", "5 100", ["100"]),
    ("ru", "1000 200", ["200"]),
    ("zh", "１８", ["18"]),
    ("zh", "１，３１９．５元", ["1319.5"]),
    ("zh", "有５，３", ["5.3"]),
    ("zh", "有5，319", ["319"]),
    ("th", "๑๘", ["18"]),
    ("th", "๑,๓๑๙.๕ บาท", ["1319.5"]),
    ("hi", "१२,३४,५६७", ["1234567"]),
    ("hi", "12,34,567.5", ["1234567.5"]),
    ("hi", "1,234,567", ["1234567"]),
    ("bn", "১৮", ["18"]),
    ("ar", "١٬٣١٩٫٥", ["1319.5"]),
    ("en", "𝟏𝟖", ["18"]),
    ("xx", "1,319", ["1319"]),
    # two readings
    ("de", "1.319 Euro", ["1319", "1.319"]),
    ("de", "2,125", ["2.125", "2125"]),
    ("ru", "2,125", ["2.125", "2125"]),
    # signs
    ("en", "-5", ["-5"]),
    ("en", "\u22125", ["-5"]),
    ("en", "-$5", ["-5"]),
    ("en", "$-5", ["-5"]),
    ("en", "10-5", ["5"]),
    ("en", "10–15", ["15"]),
    ("en", "- 5 apples", ["5"]),
    ("de", "Seite-5", ["5"]),
    ("zh", "答案是-5", ["-5"]),
    ("zh", "答案是－５", ["-5"]),
    ("he", "\u200e-5", ["-5"]),
    ("en", "It fell to –5°", ["-5"]),
    ("en", "‑5", ["-5"]),
    ("en", "﹣5", ["-5"]),
    ("en", "x = - 5", ["-5"]),
    ("en", "x = -$1,319.50", ["-1319.5"]),
    ("ar", "\u061c-٥", ["-5"]),
    # powers of ten in words
    ("en", "$1.3 million", ["1300000"]),
    ("en", "5 thousandths", ["5"]),
    ("de", "1,3 Millionen Euro", ["1300000"]),
    ("de", "5 Billionen", ["5000000000000"]),
    ("de", "2 thousand", ["2000"]),
    ("ru", "5 миллионов рублей", ["5000000"]),
    ("es", "3 mil millones", ["3000000000"]),
    ("hi", "२ लाख रुपये", ["200000"]),
    ("th", "3 แสนบาท", ["300000"]),
    ("zh", "1.5亿元", ["150000000"]),
    ("ja", "3万5000円", ["35000"]),
    ("ja", "3万-5円", ["-5"]),
    ("en", "1/2 million", ["500000"]),
    # Indian groups in a language that has others
    ("en", "Rs. 12,34,567", ["1234567"]),
    ("en", "Rs. 1,00,000.50", ["100000.5"]),
    # fractions and dates
    ("en", "3/4", ["3/4"]),
    ("en", "1 1/2", ["3/2"]),
    ("en", "-1 1/2", ["-3/2"]),
    ("ru", "1 1/2", ["3/2"]),
    ("en", "1½ cups", ["3/2"]),
    ("en", "½", ["1/2"]),
    ("en", "-½", ["-1/2"]),
    ("en", "2 ¾", ["11/4"]),
    ("en", r"\frac{3}{4}", ["3/4"]),
    ("ar", "٣/٤", ["3/4"]),
    ("en", "5 10/2", ["5"]),
    ("en", "48/2", ["24"]),
    ("en", "48/2 = 24", ["24"]),
    ("en", "3/4/2024", ["2024"]),
    ("de", "12.05.2024", ["2024"]),
    ("en", "3,4,5", ["5"]),
    # no numbers of their own
    ("en", "18 cm2", ["18"]),
    ("en", "18 cm^2", ["18"]),
    ("en", "18 m²", ["18"]),
]


@pytest.mark.parametrize(("locale", "text", "values"), CASES)
def test_the_last_number_of_a_text(locale: str, text: str, values: list[str]) -> None:
    assert find(text, locale)[-1] == {Fraction(value) for value in values}


@pytest.mark.parametrize("text", ["", "none", "x2", "5/0", "9" * 5000, "²"])
def test_no_number(text: str) -> None:
    assert find(text, "en") == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("十八", ["18"]),
        ("答案是十。", []),
        ("三", ["3"]),
        ("一千三百一十九元", ["1319"]),
        ("三百零五", ["305"]),
        ("三百五", ["350"]),
        ("两万五千", ["25000"]),
        ("一亿二千万", ["120000000"]),
        ("三万五千亿", ["3500000000000"]),
        ("二〇二四年", ["2024"]),
        ("十二点五", ["12.5"]),
        ("四分之三", ["3/4"]),
        ("百分之二十", ["20"]),
        ("零分之三", []),
        ("都一样，十分好。", []),
        ("五个和十八个", ["5", "18"]),
        ("第十二步：72", ["72"]),
    ],
)
def test_characters_for_numbers_where_there_are_no_digits(text: str, values: list[str]) -> None:
    assert find(text, "zh") == [{Fraction(value)} for value in values]


def test_all_numbers_in_order() -> None:
    found = find("5 Dosen à 2,5 l, also 5*2,5 = 12,5", "de")
    assert [float(value) for (value,) in found] == [5, 2.5, 5, 2.5, 12.5]


def test_a_long_list_is_not_one_number() -> None:
    assert len(find("1 " * 2_000, "ru")) == 2_000


def test_the_format_comes_from_cldr() -> None:
    assert (convention("de").group, convention("hi").second_group) == (".", 2)
    assert (scales("de")["billionen"], scales("en")["billion"]) == (10**12, 10**9)
    assert scales("xx") == {}


@settings(deadline=None)
@given(
    number=st.decimals(-(10**12), 10**12, places=3, allow_nan=False, allow_infinity=False),
    locale=st.sampled_from(LOCALES),
    numbering=st.sampled_from(["latn", "default"]),
)
def test_reads_what_babel_writes(number: Decimal, locale: str, numbering: str) -> None:
    written = format_decimal(number, locale=locale.replace("-", "_"), numbering_system=numbering)
    (reading,) = find(f"= {written}.", locale)
    assert Fraction(number) in reading


@settings(deadline=None)
@given(
    number=st.integers(0, 10**9), zero=st.sampled_from("0٠०๐０၀"), locale=st.sampled_from(LOCALES)
)
def test_reads_the_digits_of_every_script(number: int, zero: str, locale: str) -> None:
    written = "".join(chr(ord(zero) + int(digit)) for digit in str(number))
    assert find(f"答案是{written}。", locale) == [{Fraction(number)}]


@settings(deadline=None)
@given(
    number=st.integers(1, 999),
    power=st.sampled_from([3, 6, 9]),
    locale=st.sampled_from([code for code in LOCALES if code not in {"sw", "he"}]),
)
def test_reads_the_words_babel_writes(number: int, power: int, locale: str) -> None:
    known = Locale.parse(locale.replace("-", "_"))
    if "long" not in known.compact_decimal_formats:
        return
    value = number * 10**power
    written = format_compact_decimal(value, format_type="long", locale=known, fraction_digits=3)
    assert find(f"= {written}.", locale)[-1] >= {Fraction(value)}


@settings(deadline=None)
@given(number=st.fractions(0, 10_000, max_denominator=999), locale=st.sampled_from(LOCALES))
def test_reads_fractions(number: Fraction, locale: str) -> None:
    (reading,) = find(f"= {number.numerator}/{number.denominator}.", locale)
    assert reading == {number}


@settings(deadline=None)
@given(st.decimals(-(10**12), 10**12, places=6), st.sampled_from(["th", "zh", "en"]))
def test_what_is_written_is_read_again(number: Decimal, locale: str) -> None:
    assert find(written(frozenset({Fraction(number)})), locale) == [{Fraction(number)}]


@settings(deadline=None)
@given(st.text(), st.sampled_from(LOCALES))
def test_reads_any_text_without_failing(text: str, locale: str) -> None:
    assert all(find(text, locale))


def test_digits_of_a_script_younger_than_pythons_tables_are_read() -> None:
    kawi = "".join(chr(0x11F50 + digit) for digit in (1, 0, 7))
    assert find(kawi, "en") == [frozenset({Fraction(107)})]


@pytest.mark.parametrize(
    ("source", "target", "locale", "equal"),
    [
        ("3 of 1,319", "von 1.319 sind es 3", "de", True),
        ("3 of 1,319", "von 1319 sind es 3", "de", True),
        ("3 and 3", "3", "de", False),
        ("3", "3 und 3", "de", False),
        ("3 and 4", "3 und 5", "de", False),
        ("5 apples", "５个苹果", "zh", True),
        ("no number", "keine Zahl", "de", True),
    ],
)
def test_two_texts_hold_the_same_numbers(
    source: str, target: str, locale: str, equal: bool
) -> None:
    assert same(find(source, "en"), find(target, locale)) is equal
