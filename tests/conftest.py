"""What many tests need: a real model small enough to make on the spot, and the paper's data."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"

DATA = Path(os.environ.get("SELFTRANSLATE_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session", autouse=True)
def _working_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the working copies of stores elsewhere out of the developer's own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SELFTRANSLATE_CACHE", str(tmp_path_factory.mktemp("copies")))
        yield


@pytest.fixture(scope="session")
def paper_data() -> Path:
    """The real files of the paper's tasks, where they are at hand (their licences forbid shipping)."""
    if not DATA.is_dir():
        pytest.skip(f"the paper's data is not at {DATA}; set SELFTRANSLATE_DATA")
    return DATA


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 2-layer random Llama with grouped-query attention and a byte-level tokenizer with a BOS."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<pad>", "<s>", "</s>"]
    merges = [("`", "Ċ"), ("Ġ", "`")]  # a closing fence that merges, as in real vocabularies
    words = special + alphabet + ["".join(pair) for pair in merges]
    tokenizer = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
        initializer_range=0.2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def s3() -> Iterator[Mapping[str, str]]:
    """An S3 server on this machine with a bucket `bucket`: the variables that lead there."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "the-key-of-a-test",
        "AWS_SECRET_ACCESS_KEY": "the-secret-of-a-test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="bucket")
    yield variables
    server.stop()
