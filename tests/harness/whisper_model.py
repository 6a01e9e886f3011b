"""A Whisper model of some hundred kilobytes that says what a test tells it to, in the file format of the real ones.

Special tokens, languages, timestamps and window are those of Whisper, so what reads such a model runs as with a real
one: loading, quantisation, language detection, beam search, segments. The weights are small random numbers but for one
path: each position of the answer has a dimension of its own, and the output layer ties it to the token wanted there.
What is heard therefore hardly matters; what becomes of it does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt
import tokenizers
from faster_whisper.tokenizer import _LANGUAGE_CODES

Weights = npt.NDArray[np.float32]

# The engine takes a model for one of many languages if its vocabulary has the empty token.
MULTILINGUAL = ""
# The last of the library's languages came with large-v3; the models before it have 99.
LANGUAGES = tuple(code for code in _LANGUAGE_CODES if code != "yue")
END_OF_TEXT = "<|endoftext|>"
# The engine counts the languages by the distance of its neighbours: the order is part of the format.
SPECIAL_TOKENS = (
    END_OF_TEXT,
    "<|startoftranscript|>",
    *(f"<|{code}|>" for code in LANGUAGES),
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)
TIMESTAMP_STEP_S = 0.02
WINDOW_S = 30

MEL_BANDS = 80
ENCODER_POSITIONS = 1_500
DECODER_POSITIONS = 448
WIDTH = 64
NOISE = 0.02
LOUDNESS = 4.0  # of a position in the decoder, against the noise of everything else
CERTAIN = 3.0  # the wanted token has nearly all of the probability
DOUBTFUL = 0.6  # it is the likeliest still, with less than one percent

LANGUAGE_POSITION = 0  # what follows the start token is the language; asked by language detection
ANSWER_POSITION = 2  # start, language and task are given


def make_whisper_model(
    folder: Path, *, says: str, language: str = "ru", certainty: float = CERTAIN, spoken_s: float = 1.0
) -> Path:
    """Write a model that answers any sound with `says`, in `language` if it is asked, and return its folder.

    `spoken_s` is where its only segment ends, in seconds.
    """
    words = [_spell(f" {word}") for word in says.split()]
    vocabulary = _build_vocabulary(words)
    tokens = {token: number for number, token in enumerate(vocabulary)}
    answer = [_timestamp(0), *words, _timestamp(spoken_s), END_OF_TEXT]
    wanted = {LANGUAGE_POSITION: tokens[f"<|{language}|>"]}
    wanted.update({ANSWER_POSITION + at: tokens[token] for at, token in enumerate(answer)})
    folder.mkdir(parents=True, exist_ok=True)
    _save_weights(folder, vocabulary, wanted, certainty)
    _save_tokenizer(folder, tokens)
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MEL_BANDS}))
    return folder


def _timestamp(at_s: float) -> str:
    return f"<|{at_s:.2f}|>"


def _spell(text: str) -> str:
    """Return a text as the tokenizer writes its UTF-8 bytes."""
    [(spelt, _)] = tokenizers.pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    ).pre_tokenize_str(text)
    return spelt


def _build_vocabulary(words: list[str]) -> list[str]:
    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    steps = range(round(WINDOW_S / TIMESTAMP_STEP_S) + 1)
    timestamps = [_timestamp(step * TIMESTAMP_STEP_S) for step in steps]
    return [*letters, *dict.fromkeys(words), MULTILINGUAL, *SPECIAL_TOKENS, *timestamps]


def _save_tokenizer(folder: Path, tokens: dict[str, int]) -> None:
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=tokens, merges=[]))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    tokenizer.save(str(folder / "tokenizer.json"))


def _save_weights(folder: Path, vocabulary: list[str], wanted: dict[int, int], certainty: float) -> None:
    random = np.random.default_rng(seed=20)
    spec = ctranslate2.specs.WhisperSpec(1, 1, 1, 1)
    _fill_encoder(spec.encoder, random)
    _fill_decoder(spec.decoder, random, len(vocabulary))
    _teach(spec.decoder, wanted, certainty)
    spec.config.lang_ids = [vocabulary.index(f"<|{code}|>") for code in LANGUAGES]
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.alignment_heads = [(0, 0)]
    spec.register_vocabulary(vocabulary)
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))


def _fill_encoder(encoder: Any, random: np.random.Generator) -> None:
    encoder.conv1.weight = _noise(random, WIDTH, MEL_BANDS, 3)
    encoder.conv1.bias = _noise(random, WIDTH)
    encoder.conv2.weight = _noise(random, WIDTH, WIDTH, 3)
    encoder.conv2.bias = _noise(random, WIDTH)
    encoder.position_encodings.encodings = _noise(random, ENCODER_POSITIONS, WIDTH)
    _fill_norm(encoder.layer_norm)
    [layer] = encoder.layer
    _fill_attention(layer.self_attention, random, 3 * WIDTH, WIDTH)
    _fill_feed_forward(layer.ffn, random)


def _teach(decoder: Any, wanted: dict[int, int], certainty: float) -> None:
    """Make each wanted token follow from its position alone."""
    for position, token in wanted.items():
        decoder.position_encodings.encodings[position, position] = LOUDNESS
        decoder.projection.weight[token, position] = certainty


def _fill_decoder(decoder: Any, random: np.random.Generator, vocabulary_size: int) -> None:
    decoder.embeddings.weight = _noise(random, vocabulary_size, WIDTH)
    decoder.position_encodings.encodings = _noise(random, DECODER_POSITIONS, WIDTH)
    decoder.projection.weight = np.zeros((vocabulary_size, WIDTH), np.float32)
    _fill_norm(decoder.layer_norm)
    [layer] = decoder.layer
    _fill_attention(layer.self_attention, random, 3 * WIDTH, WIDTH)
    _fill_attention(layer.attention, random, WIDTH, 2 * WIDTH, WIDTH)
    _fill_feed_forward(layer.ffn, random)


def _fill_attention(attention: Any, random: np.random.Generator, *heights: int) -> None:
    _fill_norm(attention.layer_norm)
    for linear, height in zip(attention.linear, heights, strict=True):
        _fill_linear(linear, random, height)


def _fill_feed_forward(feed_forward: Any, random: np.random.Generator) -> None:
    _fill_norm(feed_forward.layer_norm)
    _fill_linear(feed_forward.linear_0, random, WIDTH)
    _fill_linear(feed_forward.linear_1, random, WIDTH)


def _fill_linear(linear: Any, random: np.random.Generator, height: int) -> None:
    linear.weight = _noise(random, height, WIDTH)
    linear.bias = _noise(random, height)


def _fill_norm(norm: Any) -> None:
    norm.gamma = np.ones(WIDTH, np.float32)
    norm.beta = np.zeros(WIDTH, np.float32)


def _noise(random: np.random.Generator, *shape: int) -> Weights:
    return random.normal(scale=NOISE, size=shape).astype(np.float32)
