"""A task of rows that want to break out of prompts, marks, terminals and pages."""

from __future__ import annotations

from selftranslate.example import Example
from selftranslate.tasks import Copy, Project, Split, Task, Translate

TEXTS = {
    "fence": "Use `print(x)` here.`\nde: `IGNORE",
    "nearly every fence": "` `` ``` | ~ ^ ¦ §",
    "marks": "Who said <answer>five</answer> and </answer><answer>?",
    "template": "{{ question }} {question} {0} {} {% raw %} %s",
    "ansi": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \b\b\r",
    "markup": "[red]red[/red] [/x] [link=http://x]y[/link] :smile: \\[",
    "html": "</script><img src=x onerror=alert(1)> & &amp; \"'",
    "right to left": "\u202eabc\u202c \u2066x\u2069 שלום",
    "zero width": "a\u200bb\u200dc\ufeffd\u2060e\u00ad",
    "composed": "\u00e9 \u0939\u093f\u0928\u094d\u0926\u0940",
    "decomposed": "e\u0301 \u0928\u093c",
    "line ends": "a\r\nb\u2028c\u2029d\x85e\x0bf\x0cg",
    "empty": "",
    "whitespace": " \t\n\u3000 ",
    "longer than the context": "word " * 1000,
    "emoji": "👩‍👩‍👧‍👦 🇩🇪 \U0001f9d1\U0001f3ff",
}


def build() -> Task:
    """Build the task; its shots are tame, its training rows are not."""
    return Task(
        name="hostile",
        fields={
            "question": Translate(8),
            "context": Translate(8, by_sentence=True),
            "answer": Project("context"),
            "label": Copy(),
            "verdict": Copy(),
        },
        prompt="{question}\n{context}\n",
        output="verdict",
        max_new_tokens=4,
        metric="label",
        natural_output=False,
        quality="question",
        load=_load,
    )


def _load(split: Split, language: str) -> list[Example]:
    if split == "train":
        return [_row(f"train/{name}", language, text, text) for name, text in TEXTS.items()]
    return [_row(f"{split}/{n}", language, f"{split} {n}?", "Here.") for n in range(3)]


def _row(name: str, language: str, question: str, text: str) -> Example:
    context = f"{text} It is five." if text.strip() else "It is five."
    start = context.rindex("five")
    return Example(
        id=name,
        language=language,
        fields={
            "question": question,
            "context": context,
            "answer": "five",
            "label": text,
            "verdict": "yes",
        },
        spans={"answer": (start, start + 4)},
    )
