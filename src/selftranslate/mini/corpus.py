"""The pretraining corpus: which documents there are, in which shares."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from selftranslate.mini.lexicon import Text
from selftranslate.mini.running_text import (
    computations,
    computing_story,
    free_passage,
    free_scene_pair,
    free_word_problem,
    interview,
    judged_scene,
    recapped_passage,
    story,
    story_of_one_language,
    word_list,
)

# Documents of each kind in a hundred. Parallel text is graded over the languages, so that the
# quality of the model's translations spreads; text of one language is not.
SHARES = {
    "parallel de": 13.0,
    "parallel ru": 3.3,
    "parallel zh": 1.3,
    "parallel th": 0.1,
    "only en": 2.5,
    "only de": 4.5,
    "only ru": 6.3,
    "only zh": 8.0,
    "only th": 13.0,
    "computing stories": 7.5,
    "computations": 3.5,
    "judged scenes": 14.0,
    "recapped passages": 6.5,
    "interviews": 15.5,
    "word lists": 1.0,
}
BACKWARD_SHARE = 0.1
"""Of the parallel documents, how many run from the other language into English."""


def documents(rng: random.Random, fewest: int, most: int) -> Iterator[str]:
    """Documents without end, each of so many pairs, stories or scenes."""
    kinds, shares = list(SHARES), list(SHARES.values())
    while True:
        kind = rng.choices(kinds, shares)[0]
        yield document(rng, kind, rng.randint(fewest, most))


def document(rng: random.Random, kind: str, count: int) -> str:
    """One document of the given kind."""
    if kind.startswith("parallel "):
        return parallel_document(rng, kind.removeprefix("parallel "), count)
    return "\n".join(_line(rng, kind) for _ in range(count))


def _line(rng: random.Random, kind: str) -> str:
    if kind.startswith("only "):
        return story_of_one_language(rng)[kind.removeprefix("only ")]
    lines = {
        "computing stories": computing_story,
        "computations": computations,
        "judged scenes": judged_scene,
        "recapped passages": recapped_passage,
        "interviews": interview,
        "word lists": word_list,
    }
    return lines[kind](rng)


def parallel_document(rng: random.Random, language: str, pairs: int) -> str:
    """Pairs of one field in the form of the translation prompt."""
    field = rng.choices(list(FIELDS), [weight for weight, _ in FIELDS.values()])[0]
    texts = [FIELDS[field][1](rng) for _ in range(pairs)]
    source, target = (language, "en") if rng.random() < BACKWARD_SHARE else ("en", language)
    return "".join(f"{source}: `{text[source]}`\n{target}: `{text[target]}`\n" for text in texts)


def _scene(rng: random.Random) -> Text:
    pair = free_scene_pair(rng)
    return rng.choice((pair.premise, pair.hypothesis)).sentence


def _fact(rng: random.Random) -> Text:
    fact = rng.choice(free_passage(rng).facts)
    return fact.marked_sentence if rng.random() < 0.4 else fact.sentence


# What a parallel document is made of: field -> weight and how one text of it is drawn.
FIELDS: dict[str, tuple[int, Callable[[random.Random], Text]]] = {
    "question": (6, lambda rng: free_word_problem(rng).question),
    "answer": (4, lambda rng: free_word_problem(rng).answer),
    "scene": (3, _scene),
    "fact": (3, _fact),
    "question about a passage": (5, lambda rng: rng.choice(free_passage(rng).facts).question),
    "story": (2, story),
}
