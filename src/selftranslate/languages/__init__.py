"""Everything the system knows about a language is in languages/<code>.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from selftranslate.errors import PluginError, unknown

FOLDER = Path(__file__).parent


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
    spaces: bool = True
    """Whether words are written apart; if not, sentences and tokens are handled by character."""
    sentence_joiner: str = " "
    """What stands between two sentences of a paragraph."""
    letters_per_character: float = 1.0
    """How many English letters one character is worth: 3 for Chinese (A.3)."""
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


def codes() -> list[str]:
    """List the languages that ship with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def get(code: str) -> Language:
    """Read one language. Raises PluginError if there is no such file."""
    from ruamel.yaml import YAML

    path = FOLDER / f"{code}.yaml"
    if code not in codes():
        raise PluginError(unknown("language", code, codes()))
    values = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    for name in ("answer_markers", "articles", "negations"):
        values[name] = tuple(values.get(name, ()))
    return Language(code=code, **values)
