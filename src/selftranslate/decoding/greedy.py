"""The decoding loop: rows run together, one leaves as soon as it is done and another joins."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from selftranslate.decoding import shared_prefix, steady
from selftranslate.decoding.shared_prefix import KeysAndValues, Sight
from selftranslate.decoding.slots import GROWTH, Slots, rounded, rounding
from selftranslate.errors import EngineError
from selftranslate.example import Ended

WORTH_SHARING = 16
"""Prefix tokens below which repeating them in each row is as fast."""

JOIN_SHARE = 8
"""Rows join when one in so many places is free: a forward pass for a single one is wasteful."""

MOST_ROWS = {"cpu": 64}
MOST_ROWS_ELSEWHERE = 512
"""Rows that run together at most: beyond, a CPU is no faster and has more to move."""

AT_ONCE = 2048
"""Tokens of prompts read in one pass, if it is not a single prompt: more only take memory."""

FATAL = 3
"""Rows that may fail one after another, none in between succeeding, before the model is blamed."""


@dataclass(slots=True)
class Row:
    """One text to go on from: its own tokens behind the prefix, and what was written so far."""

    index: int
    prompt: list[int]
    room: int
    most_characters: int | None = None
    written: list[int] = field(default_factory=list)
    log_probability: float = 0.0
    """Sum over the written tokens."""
    failures: int = 0
    """How often it was alone when the model failed."""

    @property
    def last(self) -> int:
        """The token that the model reads next."""
        return self.written[-1] if self.written else self.prompt[-1]

    @property
    def length(self) -> int:
        """How many tokens the model has read, its keys and values kept."""
        return len(self.prompt) + len(self.written) - 1

    def restart(self) -> None:
        """Forget what was written."""
        self.written, self.log_probability = [], 0.0


Stop = Callable[[Row], Ended | None]


class Rows(Protocol):
    """Rows that run together."""

    running: list[Row]

    @property
    def open(self) -> bool:
        """Whether more rows may join now."""
        ...

    def join(self, rows: Sequence[Row]) -> None:
        """Take more rows in."""
        ...

    def logits(self) -> Tensor:
        """Read each running row's last token; return what may follow: (rows or more, words)."""
        ...

    def keep(self, places: Sequence[int]) -> None:
        """Let all rows leave but those at these places."""
        ...


class Decoder:
    """A loaded model that decodes rows behind a prefix."""

    def __init__(self, model: Any, *, share: bool = True) -> None:
        self.model = model
        self.config = model.config.get_text_config(decoder=True)
        self.device = model.device
        self._kept: tuple[tuple[int, ...], list[KeysAndValues]] = (), []
        steady.settle(model)
        self.shares = share and shared_prefix.holds(self.config) and self._use_shared_prefix()
        """Whether prefixes are kept once for all rows."""

    @torch.inference_mode()
    def decode(
        self, prefix: Sequence[int], rows: Sequence[Row], stop: Stop, batch_size: int = 0
    ) -> Iterator[tuple[Row, Ended]]:
        """Yield every row once, as it finishes, with why it did; longest prompts first.

        A row with which the model fails twice, though it is alone, ends as "error".
        Raises EngineError if the model fails on everything.
        """
        if not rows:
            return
        # The prefix's last token stays with the rows, so that no row is empty.
        worthy = self.shares and len(prefix) > WORTH_SHARING
        shared = tuple(prefix[:-1]) if worthy else ()
        for row in rows:
            row.prompt[:0] = prefix[len(shared) :]
        longest_first = sorted(rows, key=lambda row: -len(row.prompt))
        queue = _Queue(longest_first, batch_size or self._automatic_size(longest_first))
        together: Rows | None = None
        while queue.waiting or (together and together.running):
            joining: list[Row] = []
            try:
                together = together or self._together(shared, queue)
                joining = queue.joining(together)
                if joining:
                    together.join(joining)
                done = _step(together, stop)
            except RuntimeError as error:
                running = together.running if together else []
                together = None  # frees its memory
                yield from queue.failed(
                    [*running, *(r for r in joining if r not in running)], error
                )
                continue
            if done:
                queue.failed_in_a_row = 0
                yield from done

    def _together(self, shared: tuple[int, ...], queue: _Queue) -> Rows:
        """Return a place for rows to run in."""
        if not self.shares:
            from selftranslate.decoding.repeated_prefix import RepeatedPrefix

            return RepeatedPrefix(self.model)
        if self._kept[0] != shared:
            self._kept = (), []
            self._kept = shared, self._read(shared) if shared else []
        rows = min(queue.size, len(queue.waiting))
        room = rows, len(queue.waiting[0].prompt) + GROWTH
        return SharedPrefix(self.model, self._kept[1], len(shared), room)

    def _read(self, prefix: Sequence[int]) -> list[KeysAndValues]:
        """Return the prefix's keys and values, layer by layer."""
        slots = Slots(1, len(prefix), 1)
        slots.fill(0, len(prefix))
        _forward(self.model, [list(prefix)], [range(len(prefix))], slots, ((), 0))
        tokens = slice(None), slice(len(prefix))
        return [
            (
                steady.exact(keys[0][tokens]).contiguous(),
                steady.exact(values[0][tokens]).contiguous(),
            )
            for keys, values in slots.layers()
        ]

    @torch.inference_mode()
    def _use_shared_prefix(self) -> bool:
        """Switch the model's attention over, and back again if its logits then differ."""
        from selftranslate.decoding.repeated_prefix import RepeatedPrefix

        before = self.model.config._attn_implementation
        if before == shared_prefix.NAME:  # another decoder has checked this model
            return True
        if not self.model._supports_attention_backend:
            return False
        ids = [number % self.config.vocab_size for number in range(3, 3 + 2 * WORTH_SHARING)]
        rows = [ids[WORTH_SHARING:], ids[-5:]]
        whole = RepeatedPrefix(self.model)
        whole.join([Row(0, [*ids[:WORTH_SHARING], *row], 1) for row in rows])
        expected = whole.logits()
        shared_prefix.register()
        self.model.set_attn_implementation(shared_prefix.NAME)
        try:
            common = self._read(ids[:WORTH_SHARING])
            shared = SharedPrefix(self.model, common, WORTH_SHARING, (2, len(ids)))
            shared.join([Row(0, row, 1) for row in rows])
            gap = float((shared.logits()[:2] - expected).abs().max())
        except (RuntimeError, TypeError, AttributeError, LookupError, ValueError):
            gap = float("inf")  # not an attention that can be decomposed
        tolerance = 1e-3 if self.model.dtype == torch.float32 else 0.1
        if gap <= tolerance * max(1.0, float(expected.abs().max())):
            return True
        self.model.set_attn_implementation(before)
        return False

    def _automatic_size(self, rows: Sequence[Row]) -> int:
        """Choose as many rows as a share of the free memory holds keys, values and logits for."""
        config = self.config
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        width = (
            getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        )
        token = 2 * config.num_hidden_layers * heads * width * self.model.dtype.itemsize
        row = token * max(len(r.prompt) + r.room for r in rows) + 8 * config.vocab_size
        if self.device.type == "cuda":
            free = torch.cuda.mem_get_info(self.device)[0] // 2
        else:
            free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4
        most = MOST_ROWS.get(self.device.type, MOST_ROWS_ELSEWHERE)
        return int(max(1, min(most, free // row)))


class SharedPrefix:
    """Rows behind one prefix, whose keys and values are there once for all of them."""

    open = True

    def __init__(
        self, model: Any, common: Sequence[KeysAndValues], begin: int, room: tuple[int, int]
    ) -> None:
        self.running: list[Row] = []
        self._model = model
        self._common = common, begin
        self._multiple = rounding(model.device)
        self._slots = Slots(*room, self._multiple)

    def join(self, rows: Sequence[Row]) -> None:
        """Read the rows' prompts but for their last token, which the next step reads."""
        begin, waiting = self._common[1], deque(sorted(rows, key=lambda row: -len(row.prompt)))
        while waiting:
            width = rounded(len(waiting[0].prompt) - 1, self._multiple)
            at_once = max(1, AT_ONCE // max(1, width))
            some = [waiting.popleft() for _ in range(min(at_once, len(waiting)))]
            if width:
                self._slots.fill(len(self.running), width)
                prompts = [row.prompt[:-1] for row in some]
                ids = [[*prompt, *[0] * (width - len(prompt))] for prompt in prompts]
                positions = [range(begin, begin + width)]
                _forward(self._model, ids, positions, self._slots, self._common)
            self.running += some

    def logits(self) -> Tensor:
        """Read each running row's last token; return what may follow: (rows or more, words)."""
        count = len(self.running)
        idle = [0] * (rounded(count, self._multiple) - count)
        lengths = [*(row.length for row in self.running), *idle]
        self._slots.extend(lengths)
        ids = [[token] for token in (*(row.last for row in self.running), *idle)]
        positions = [[self._common[1] + length] for length in lengths]
        return _forward(self._model, ids, positions, self._slots, self._common)

    def keep(self, places: Sequence[int]) -> None:
        """Let all rows leave but those at these places; the hindmost fill the gaps."""
        count, staying = len(places), set(places)
        gaps = [place for place in range(count) if place not in staying]
        movers = [place for place in places if place >= count]
        if gaps:
            self._slots.move(movers, gaps)
        for gap, mover in zip(gaps, movers, strict=True):
            self.running[gap] = self.running[mover]
        del self.running[count:]


class _Queue:
    """Rows that wait, how many may run together, and what is known of failures."""

    def __init__(self, rows: Sequence[Row], size: int) -> None:
        self.waiting = deque(rows)
        self.size = size
        self.failed_in_a_row = 0
        self._suspects = 0

    def joining(self, together: Rows) -> list[Row]:
        """Take the rows that join now, if it is worth it; suspects run one at a time."""
        running = len(together.running)
        free = self.size - running if together.open else 0
        if self._suspects:
            free = 0 if running else 1
        elif running and free < max(1, self.size // JOIN_SHARE):
            free = 0
        taken = [self.waiting.popleft() for _ in range(min(free, len(self.waiting)))]
        self._suspects -= bool(taken and self._suspects)
        return taken

    def failed(self, rows: list[Row], error: RuntimeError) -> Iterator[tuple[Row, Ended]]:
        """Put the rows back, half as many at once or each alone; yield one that failed twice."""
        for row in rows:
            row.restart()
        if len(rows) > 1 and _out_of_memory(error):
            self.size = max(1, len(rows) // 2)
        elif len(rows) > 1:
            self._suspects = len(rows)
        elif rows:
            rows[0].failures += 1
            if rows[0].failures == 2:
                self.failed_in_a_row += 1
                if self.failed_in_a_row == FATAL:
                    msg = f"the model failed on {FATAL} rows, each of them alone: {error}"
                    raise EngineError(msg) from error
                yield rows.pop(), "error"
            else:
                self._suspects += 1
        else:
            msg = f"the model failed on the prefix that all rows share: {error}"
            raise EngineError(msg) from error
        self.waiting.extendleft(reversed(rows))


def _step(together: Rows, stop: Stop) -> list[tuple[Row, Ended]]:
    """Write one token into every running row; return those that `stop` ended, which leave."""
    logits = together.logits()
    chosen = logits.argmax(-1)
    picked = logits.gather(-1, chosen[:, None])[:, 0] - logits.logsumexp(-1)
    done, going = [], []
    # There may be more logits than rows: sums of fewer would be added up in another order.
    steps = zip(together.running, chosen.tolist(), picked.tolist(), strict=False)
    for place, (row, token, log_probability) in enumerate(steps):
        row.written.append(token)
        row.log_probability += log_probability
        if ended := stop(row):
            done.append((row, ended))
        else:
            going.append(place)
    if done:
        together.keep(going)
    return done


def _forward(
    model: Any,
    ids: Sequence[Sequence[int]],
    positions: Sequence[Sequence[int]],
    slots: Slots,
    common: tuple[Sequence[KeysAndValues], int],
) -> Tensor:
    """Run the model and return the logits after each row's last token, in float32."""
    where = torch.tensor([list(row) for row in positions], device=model.device)
    output = model(
        input_ids=torch.tensor(ids, device=model.device),
        position_ids=where,
        past_key_values=slots,
        use_cache=True,
        logits_to_keep=1,
        sight=Sight(*common, where, slots.width),
    )
    last: Tensor = output.logits[:, -1].float()
    return last


def _out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
