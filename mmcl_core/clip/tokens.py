"""Captions to token numbers, by a tokenizer that a package carries or that the user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Int
from tokenizers import Tokenizer
from torch import Tensor

from mmcl_core.data.sources import find_source
from mmcl_core.errors import InputError

PACKAGED = ("wordllama", "tokenizers/l2_supercat_tokenizer_config.json")


class Tokens:
    """Captions to rows of `context` numbers: start, words, end, then padding.

    Where the vocabulary has no start and end of CLIP, two numbers behind it serve. The end is the largest number that
    is used, as CLIP's text tower wants (it reads its feature there). Pickled by its file, for workers.
    """

    def __init__(self, file: str, context: int) -> None:
        self.file, self.context = file, context
        path = Path(file).expanduser() if file else self._packaged()
        try:
            self.tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exceptions
            raise InputError(f"The tokenizer {path} cannot be read ({error}): name a tokenizer.json") from None
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        size = self.tokenizer.get_vocab_size()
        start, end = (self.tokenizer.token_to_id(t) for t in ("<|startoftext|>", "<|endoftext|>"))
        self.start, self.end = (size, size + 1) if start is None or end is None else (start, end)
        self.vocabulary = max(size, self.end + 1)
        self.padding = 0 if self.end > 0 else self.end

    @staticmethod
    def _packaged() -> Path:
        source = find_source(PACKAGED[0]).locate()
        if source is None:
            raise InputError(f"The tokenizer of {PACKAGED[0]} is {find_source(PACKAGED[0]).status()}")
        return source[PACKAGED[1]]

    def __reduce__(self) -> tuple[type[Tokens], tuple[str, int]]:
        return Tokens, (self.file, self.context)

    def __call__(self, texts: Sequence[str]) -> Int[Tensor, "N L"]:
        """Token numbers; what is longer than the context is cut, its end kept."""
        out = torch.full((len(texts), self.context), self.padding, dtype=torch.long)
        for row, text in zip(out, texts, strict=True):
            words = self.tokenizer.encode(text.lower(), add_special_tokens=False).ids[: self.context - 2]
            row[: len(words) + 2] = torch.tensor([self.start, *words, self.end])
        return out
