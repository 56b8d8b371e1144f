"""Running text for the pretraining corpus: stories and facts, never a question with its answer."""

from __future__ import annotations

import random

from selftranslate.mini import sentences
from selftranslate.mini.entailment import Label, Scene, ScenePair, scene, scene_pair
from selftranslate.mini.lexicon import Text
from selftranslate.mini.passages import Fact, Passage, Relation, passage
from selftranslate.mini.problems import pair_share
from selftranslate.mini.splits import share_of
from selftranslate.mini.word_problems import Step, WordProblem, word_problem


def free_word_problem(rng: random.Random) -> WordProblem:
    """A word problem that belongs to the corpus."""
    while True:
        drawn = word_problem(rng)
        if share_of(drawn.key) == "corpus":
            return drawn


def free_scene_pair(rng: random.Random) -> ScenePair:
    """A pair of scenes that belongs to the corpus."""
    while True:
        drawn = scene_pair(rng)
        if pair_share(drawn) == "corpus":
            return drawn


def free_scene(rng: random.Random) -> Scene:
    """A scene that belongs to the corpus."""
    while True:
        drawn = scene(rng)
        if share_of(drawn.sentence["en"]) == "corpus":
            return drawn


def free_passage(rng: random.Random) -> Passage:
    """A passage that belongs to the corpus."""
    while True:
        drawn = passage(rng)
        if share_of(drawn.text["en"]) == "corpus":
            return drawn


def count_story(rng: random.Random, computed: bool) -> dict[str, str]:
    """The story of a word problem that says on the way who has how many now.

    Anna has 5 apples. She buys 3 more. Now Anna has 8 apples. (Computed: has 5+3 = 8 apples.)
    """
    problem = free_word_problem(rng)
    said: list[Text] = []
    told = 0
    for step, tell_until in zip(problem.steps, problem.told, strict=True):
        said.extend(problem.story[told:tell_until])
        told = tell_until
        if computed or rng.random() < 0.75:
            said.append(_outcome(rng, problem, step, step.left if computed else ""))
    return sentences.joined(said)


def _outcome(rng: random.Random, problem: WordProblem, step: Step, left: str) -> dict[str, str]:
    if step.owner is None:
        return sentences.together_have(step.result, problem.thing, left)
    if len(problem.told) > 1 and step is not problem.steps[0] and rng.random() < 0.5:
        return sentences.then_has(step.owner, step.result, problem.thing, left)
    say = sentences.now_has if problem.changes else sentences.has
    return say(step.owner, step.result, problem.thing, left)


def computing_story(rng: random.Random) -> str:
    """A story that computes on the way. (English only.)"""
    return count_story(rng, computed=True)["en"]


def scene_story(rng: random.Random) -> dict[str, str]:
    """A few scenes."""
    return sentences.joined([free_scene(rng).sentence for _ in range(rng.randint(1, 3))])


def passage_story(rng: random.Random) -> dict[str, str]:
    """A passage about two people."""
    return free_passage(rng).text


def repeating_story(rng: random.Random) -> dict[str, str]:
    """A passage, and some of its facts once more in each language's own other words."""
    drawn = free_passage(rng)
    again = rng.sample(drawn.facts, rng.randint(2, 4))
    return sentences.joined([drawn.text, *(fact.sentence_again for fact in again)])


def story(rng: random.Random) -> dict[str, str]:
    """Any of the texts that say the same in all five languages."""
    kind = rng.choices(("counts", "scenes", "passage"), (70, 15, 15))[0]
    if kind == "counts":
        return count_story(rng, computed=False)
    return scene_story(rng) if kind == "scenes" else passage_story(rng)


def story_of_one_language(rng: random.Random) -> dict[str, str]:
    """Any of the stories, those included that do not translate each other word for word."""
    return repeating_story(rng) if rng.random() < 0.2 else story(rng)


JUDGEMENTS: dict[Label, str] = {
    "Entailment": "certain",
    "Neutral": "possible",
    "Contradiction": "impossible",
}


def judged_scene(rng: random.Random) -> str:
    """Anna buys red books. That Anna buys books is certain. (English only.)

    Or, with the name logic has for it: Anna buys red books. Anna buys books. (Entailment)
    """
    pair = free_scene_pair(rng)
    premise, claim = pair.premise.sentence["en"], pair.hypothesis.en_clause
    if rng.random() < 0.5:
        return f"{premise} That {claim} is {JUDGEMENTS[pair.label]}."
    return f"{premise} {claim}. ({pair.label})"


RECAPS: dict[Relation, str] = {
    "city": "The home of {name} is {value}.",
    "job": "The job of {name} is {value}.",
    "instrument": "The instrument of {name} is {value}.",
    "drink": "The drink of {name} is {value}.",
}


def recapped_passage(rng: random.Random) -> str:
    """A passage, and its facts once more in other words. (English only.)"""
    drawn = free_passage(rng)
    again = rng.sample(drawn.facts, 4)
    return " ".join([drawn.text["en"], *map(_recap, again)])


def _recap(fact: Fact) -> str:
    return RECAPS[fact.relation].format(name=fact.person.name["en"], value=fact.value["en"])


def interview(rng: random.Random) -> str:
    """A passage, and somebody who asks about it and is answered in a word. (English only.)"""
    drawn = free_passage(rng)
    again = rng.sample(drawn.facts, 4)
    return " ".join([drawn.text["en"], *(f"{f.question['en']} {f.value['en']}." for f in again)])


def computations(rng: random.Random) -> str:
    """Lines such as 17+5 = 22."""
    lines = []
    for _ in range(rng.randint(3, 8)):
        kind = rng.choices("+-*", (45, 40, 15))[0]
        if kind == "+":
            left, right = rng.randint(2, 48), rng.randint(2, 20)
            result = left + right
        elif kind == "-":
            left, right = rng.randint(4, 60), rng.randint(2, 12)
            left = max(left, right + 2)
            result = left - right
        else:
            left = rng.randint(2, 20)
            right = rng.randint(2, 8 if left < 8 else 3)
            result = left * right
        lines.append(f"{left}{kind}{right} = {result}")
    return "\n".join(lines)


# Tokens that training never sees all end up alike, and a fine-tuning run that leaves the embeddings
# alone could not tell them apart again. So the words of the tasks' prompts and labels are
# known as words, in lists without any sentence.
WORDS = (
    "Premise", "Hypothesis", "What", "is", "their", "logical", "relation", "Entailment", "Neutral",
    "or", "Contradiction", "Context", "Question", "Answer", "Please", "answer", "in", "English",
    "German", "Russian", "Chinese", "Thai", "Sentence", "Number", "Word", "Text", "Name", "Step",
)  # fmt: skip


def word_list(rng: random.Random) -> str:
    """Some of the words in random order, one to a line or after one another."""
    words = rng.choices(WORDS, k=rng.randint(6, 24))
    return rng.choice(("\n", ", ", " ")).join(words)
