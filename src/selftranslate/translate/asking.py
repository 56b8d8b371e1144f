"""Answers to texts: out of the memory, else from the engine, each text once."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from selftranslate import interrupts
from selftranslate.engines import Completion, Engine, Request
from selftranslate.errors import EngineError
from selftranslate.progress import Advance
from selftranslate.translate.memory import Asked, Effort, Limits, Memory, is_text
from selftranslate.translate.plan import Group

ATTEMPTS = 2
"""How often a text is sent that comes back as "error"."""


@dataclass(frozen=True, slots=True)
class Asker:
    """An engine, and what it said before."""

    engine: Engine
    memory: Memory
    failed: dict[tuple[Asked, str], Completion] = field(default_factory=dict)
    """Texts that came back as "error" at every attempt; the memory keeps none of them."""

    def answers(
        self, group: Group, texts: Iterable[str], advance: Advance
    ) -> dict[str, Completion]:
        """Return each distinct text's answer; commit those that the engine gave.

        Raises EngineError if the engine leaves a text out, DiskError if the memory cannot be
        written.
        """
        found = self._find(group, group.all_limits(texts), advance)
        doubtful = [text for text, answer in found.items() if group.doubtful(text, answer)]
        unlimited = Limits(group.max_new_tokens)
        return found | self._find(group, dict.fromkeys(doubtful, unlimited), _uncounted)

    def _find(
        self, group: Group, wanted: Mapping[str, Limits], advance: Advance
    ) -> dict[str, Completion]:
        found = self.memory.find_all(group.asked, wanted)
        if self.failed:
            known = ((text, self.failed.get((group.asked, text))) for text in wanted)
            found |= {text: completion for text, completion in known if completion}
        left = {text: limits for text, limits in wanted.items() if text not in found}
        for attempt in range(1, ATTEMPTS + 1):
            found |= self._ask(
                group, left, attempt, advance if attempt == 1 else lambda count: None
            )
            left = {text: limits for text, limits in left.items() if found[text].ended == "error"}
        self.failed.update({(group.asked, text): found[text] for text in left})
        return found

    def _ask(
        self, group: Group, wanted: Mapping[str, Limits], attempt: int, advance: Advance
    ) -> dict[str, Completion]:
        """Send the texts; whatever happens, keep the answers that came."""
        if not wanted:
            return {}
        texts = list(wanted)
        request = group.request(texts, list(wanted.values()))
        answers: dict[str, Completion] = {}
        last = time.monotonic()
        try:
            for completion in complete(self.engine, request):
                text, now = texts[completion.index], time.monotonic()
                effort, last = Effort(now - last, attempt), now
                if not (is_text(text) and is_text(completion.text)):
                    completion = replace(completion, text="", ended="error")
                self.memory.add(group.asked, text, wanted[text], completion, effort)
                answers[text] = completion
                advance(1)
                interrupts.check()
        finally:
            self.memory.commit()
        return answers


def _uncounted(count: int) -> None:
    """A text that is sent again was counted already."""


def complete(engine: Engine, request: Request) -> Iterator[Completion]:
    """Pass the completions on; raise EngineError unless each text has exactly one."""
    missing = set(range(len(request.texts)))
    for completion in engine.generate(request):
        if completion.index not in missing:
            msg = f"{engine.identity}: text {completion.index} was answered twice, or never asked"
            raise EngineError(msg)
        missing.remove(completion.index)
        yield completion
    if missing:
        msg = f"{engine.identity}: {len(missing)} of {len(request.texts)} texts have no answer"
        raise EngineError(msg)
