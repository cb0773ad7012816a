"""A tiny CLAP, of the published shapes, that knows low from high, by name and by sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import helper

from segue.embed.logmel import CLAP_FRAMES, CLAP_MELS
from tests.onnx_models import INT64, model_of, saved, value

_WORDS = "low high deep bright tone noise a the of"


def audio_model(dim: int = 3, *, shape: tuple[int | str, ...] = ("n", 1, CLAP_FRAMES, CLAP_MELS)):
    """What the bands below 1 kHz have more than those above, in decibels, and the contrary."""
    contrast = np.where(np.arange(CLAP_MELS) < 20, 1 / 20, -1 / (CLAP_MELS - 20))
    rest = [np.linspace(-1, 1, CLAP_MELS) / (3000 + i) for i in range(dim - 2)]  # hardly counts
    weights = np.stack([contrast, -contrast, *rest], axis=1).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["input_features"], ["bands"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["bands", "weights"], ["raw"]),
        helper.make_node("Add", ["raw", "bias"], ["audio_embeds"]),
    ]
    bias = np.array([-20.0, 20.0, *[0.0] * (dim - 2)], np.float32)
    return model_of(
        nodes,
        [value("input_features", shape)],
        [value("audio_embeds", ["n", dim])],
        weights=weights,
        bias=bias,
    )


def text_model(directions: dict[int, int], n_tokens: int, dim: int = 3):
    """The mean of the tokens' vectors: 1 for low, -1 for high, by their ids."""
    table = np.full((n_tokens, dim), 1e-4, np.float32)
    for token, sign in directions.items():
        table[token, :2] = sign, -sign
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["tokens"]),
        helper.make_node("ReduceMean", ["tokens"], ["text_embeds"], axes=[1], keepdims=0),
    ]
    inputs = [value(name, ["n", "t"], INT64) for name in ("input_ids", "attention_mask")]
    return model_of(nodes, inputs, [value("text_embeds", ["n", dim])], table=table)


def make_tokenizer():
    """Byte pairs with RoBERTa's marks, as CLAP has them."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([_WORDS] * 20, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def write_clap(folder: Path) -> Path:
    """The three files, laid out as exports for ONNX Runtime are."""
    (folder / "onnx").mkdir(parents=True)
    tokenizer = make_tokenizer()
    ids = {word: tokenizer.encode(word, add_special_tokens=False).ids for word in ("low", "high")}
    assert [len(tokens) for tokens in ids.values()] == [1, 1]
    directions = {ids["low"][0]: 1, ids["high"][0]: -1}
    saved(folder / "onnx" / "audio_model.onnx", audio_model())
    saved(folder / "onnx" / "text_model.onnx", text_model(directions, tokenizer.get_vocab_size()))
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
