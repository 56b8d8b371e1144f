"""Everything the system knows about a language is in languages/<code>.yaml."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Literal

from selftranslate.errors import PluginError, unknown

FOLDER = Path(__file__).parent
OWN = "SELFTRANSLATE_LANGUAGES"
"""The environment variable that names a folder with more files, or other ones, of a user's own."""
RIGHT_TO_LEFT = {"Arab", "Hebr", "Nkoo", "Syrc", "Thaa"}
PAPERS_LETTERS = {"en": 1.0, "de": 1.0, "ru": 1.0, "th": 1.0, "zh": 3.0}
"""Letters per character of the languages that the paper treats (A.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language, as the pipeline needs it."""

    code: str
    name: str
    """In English."""
    native: str = ""
    """In itself: "Deutsch"."""
    family: str = ""
    """The branch that people group languages by: "Germanic", "Slavic", "Tai" ..."""
    script: str = "Latn"
    """ISO 15924: "Latn", "Cyrl", "Thai" ..."""
    answer_in: str
    """"Please answer in German.", said in German (section 3)."""
    answer_in_by: str = ""
    """Who wrote that sentence: people of a data set, or a machine that nobody checked."""
    spaces: bool = True
    """Whether words are written apart; if not, sentences and tokens are handled by character."""
    sentence_joiner: str = " "
    """What stands between two sentences of a paragraph."""
    sentences: str = ""
    """The language whose rules sentencex cuts its sentences with; "" leaves it to sentencex."""
    letters_per_character: float = 1.0
    """How many English letters one character is worth: 3 for Chinese (A.3)."""
    letters_from: str = ""
    """Where that number is from: the paper, texts it was measured on, or "script"."""
    bleu_tokenizer: str = "13a"
    """sacreBLEU's tokenizer for this language (A.4)."""
    answer_markers: tuple[str, ...] = ()
    """Words before a final number: "The answer is", "Die Antwort ist" ... (MGSM's exemplars)."""
    articles: tuple[str, ...] = ()
    """Words that SQuAD-like metrics leave out of an answer (MLQA's convention)."""
    attached_article: str = ""
    """An article that is written together with its noun; MLQA's script drops it everywhere."""
    negations: tuple[str, ...] = ()
    """Words that deny the one behind them: "not", "kein" ..."""
    nli_labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What Entailment, Neutral and Contradiction are called."""
    exemplar_prefixes: Mapping[str, str] = field(default_factory=dict)
    """What MGSM writes before the question and the answer of its exemplars."""

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """How its script runs."""
        return "rtl" if self.script in RIGHT_TO_LEFT else "ltr"


def codes() -> list[str]:
    """List all languages: the package's, and those of the folder in SELFTRANSLATE_LANGUAGES."""
    return sorted(_files())


@cache
def get(code: str) -> Language:
    """Read one language. Raises PluginError if there is no such file, or a key in it is unknown."""
    from ruamel.yaml import YAML

    path = _files().get(code)
    if path is None:
        raise PluginError(_unknown(code))
    values = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    known = {one.name for one in fields(Language)} - {"code"}
    for key in values:
        if key not in known:
            msg = f"{path}: {unknown('key', key, known)}"
            raise PluginError(msg)
    for name in ("answer_markers", "articles", "negations"):
        values[name] = tuple(values.get(name, ()))
    return Language(code=code, **values)


def letters(*some: Language) -> dict[str, float]:
    """Return the letters per character that are not the paper's, for the keys of what they decide.

    >>> letters(get("en"), get("zh"))
    {}
    """
    return {
        one.code: float(one.letters_per_character)
        for one in some
        if one.letters_per_character != PAPERS_LETTERS.get(one.code, 1.0)
    }


def _files() -> dict[str, Path]:
    own = os.environ.get(OWN)
    folders = [FOLDER, *([Path(own)] if own else [])]
    return {path.stem: path for folder in folders for path in folder.glob("*.yaml")}


def _unknown(code: str) -> str:
    """Offer the nearest of codes, names and ISO 639's longer codes; do not list them all."""
    from babel.core import get_global

    there = codes()
    meant = {get(one).name.casefold(): one for one in there}
    meant |= {one.casefold(): one for one in there}
    meant |= {old: new for old, new in get_global("language_aliases").items() if new in there}
    near = difflib.get_close_matches(code.casefold(), meant, n=1)
    hint = f" Did you mean {meant[near[0]]!r}?" if near else ""
    return f"unknown language {code!r}.{hint} All: selftranslate list languages"
