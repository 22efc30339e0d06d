"""A Whisper model for faster-whisper, one layer deep and with random weights.

It says nonsense, another one each time since faster-whisper draws lots where a model is unsure, but
runs through the very code that a real model runs through.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs.whisper_spec import WhisperSpec
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

_WIDTH = 64
_MELS, _FRAMES, _LONGEST_TEXT = 80, 1500, 448
_BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())
_SPECIAL = [
    *("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>"),
    *("<|startoflm|>", "<|startofprev|>", "<|nocaptions|>", "<|notimestamps|>"),
]
_TIMES = [f"<|{step * 0.02:.2f}|>" for step in range(_FRAMES + 1)]
_VOCABULARY = [*_BYTES, *_SPECIAL, *_TIMES]


def write_model(folder: Path) -> None:
    """Write weights, vocabulary and tokenizer as ctranslate2 and faster-whisper read them."""
    spec = WhisperSpec(1, 1, 1, 1)
    _Weights(np.random.default_rng(0)).fill(spec)
    spec.register_vocabulary(_VOCABULARY)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [_VOCABULARY.index("<|en|>")]
    spec.config.alignment_heads = [(0, 0)]
    spec.validate()
    spec.save(str(folder))
    _tokenizer().save(str(folder / "tokenizer.json"))


def _tokenizer() -> Tokenizer:
    """One token for each byte, and the special ones with the ids of the vocabulary."""
    letters = {letter: number for number, letter in enumerate(_BYTES)}
    tokenizer = Tokenizer(models.BPE(vocab=letters, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in [*_SPECIAL, *_TIMES]])
    return tokenizer


def _talkative() -> NDArray[np.float32]:
    """A bias that leaves only bytes to say, so that luck never ends a text after a few of them."""
    bias = np.full(len(_VOCABULARY), -100, np.float32)
    bias[: len(_BYTES)] = 0
    return bias


class _Weights:
    """Fills a specification of ctranslate2.

    Args:
        random: where the weights come from.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def fill(self, spec: Any) -> None:
        """Give every layer of encoder and decoder its weights."""
        encoder, decoder = spec.encoder, spec.decoder
        self._affine(encoder.conv1, _WIDTH, _MELS, 3)
        self._affine(encoder.conv2, _WIDTH, _WIDTH, 3)
        encoder.position_encodings.encodings = self._normal(_FRAMES, _WIDTH)
        decoder.position_encodings.encodings = self._normal(_LONGEST_TEXT, _WIDTH)
        decoder.embeddings.weight = self._normal(len(_VOCABULARY), _WIDTH)
        decoder.projection.weight = decoder.embeddings.weight
        decoder.projection.bias = _talkative()
        for half in (encoder, decoder):
            self._norm(half.layer_norm)
            for layer in half.layer:
                self._layer(layer)
        self._attend(decoder.layer[0].attention, _WIDTH, 2 * _WIDTH, _WIDTH)

    def _layer(self, layer: Any) -> None:
        self._attend(layer.self_attention, 3 * _WIDTH, _WIDTH)
        self._norm(layer.ffn.layer_norm)
        self._affine(layer.ffn.linear_0, 4 * _WIDTH, _WIDTH)
        self._affine(layer.ffn.linear_1, _WIDTH, 4 * _WIDTH)

    def _attend(self, attention: Any, *outputs: int) -> None:
        self._norm(attention.layer_norm)
        for linear, output in zip(attention.linear, outputs, strict=True):
            self._affine(linear, output, _WIDTH)

    def _affine(self, layer: Any, *shape: int) -> None:
        layer.weight = self._normal(*shape)
        layer.bias = np.zeros(shape[0], np.float32)

    def _norm(self, layer: Any) -> None:
        layer.gamma = np.ones(_WIDTH, np.float32)
        layer.beta = np.zeros(_WIDTH, np.float32)

    def _normal(self, *shape: int) -> NDArray[np.float32]:
        return self._random.normal(0.0, 0.1, shape).astype(np.float32)
