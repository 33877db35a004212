"""Is encoding faster here than sentence-transformers' encode with its defaults, and as exact as fp32?

python -m benchmarks.encoding. Texts per second and pass, the same texts in one run: a pass reads every text once. Our
texts go up to 512 tokens; sentence-transformers cuts this model's at 256.
"""

import gzip
import json
import random
from statistics import median

import numpy as np
from sentence_transformers import SentenceTransformer

from benchmarks.measure import as_the_trainer, data_file, in_turn, report, spread
from trainer.encoder import load_encoder
from trainer.encoder_config import EncoderConfig
from trainer.texts import Messages
from trainer.weights import model_directory

N_RUNS = 5
MUST_BE_FASTER = {"torch.bfloat16": 2.5, "torch.float32": 1.5}  # by the precision that the processor computes in
LEAST_COSINE = 0.999
N_PER_FILE = 100
FILES = ("llmfao", "pandalm_testset_v1", "humour_gppl")

Text = tuple[Messages, str]


def sample() -> list[Text]:
    """Return the same hundred texts of each file every time."""
    texts: list[Text] = []
    for name in FILES:
        with gzip.open(data_file(f"{name}.jsonl.gz"), "rt") as lines:
            rows = [json.loads(line) for line in lines]
        distinct = sorted({(row["prompt"], row[side]) for row in rows for side in ("response_a", "response_b")})
        chosen = random.Random(0).sample(distinct, N_PER_FILE)
        texts += [([("user", prompt)], response) for prompt, response in chosen]
    return texts


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = a.astype(float), b.astype(float)
    return (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))


def main() -> None:
    as_the_trainer()
    texts = sample()
    both, pair, response = (
        load_encoder(EncoderConfig(texts=parts)) for parts in (("pair", "response"), ("pair",), ("response",))
    )
    theirs = SentenceTransformer(str(model_directory("")), device=str(both.device), local_files_only=True)
    seconds = in_turn(
        N_RUNS,
        ours_pair=lambda: pair.encode(texts),
        theirs_pair=lambda: theirs.encode([f"{messages[0][1]}\n\n{text}" for messages, text in texts]),
        ours_response=lambda: response.encode(texts),
        theirs_response=lambda: theirs.encode([text for _, text in texts]),
        ours_both_passes=lambda: both.encode(texts),
    )
    exact = load_encoder(EncoderConfig(dtype="float32"), both.device)
    faster = {
        name: spread(
            [one / other for one, other in zip(seconds[f"theirs_{name}"], seconds[f"ours_{name}"], strict=True)]
        )
        for name in ("pair", "response")
    }
    cosine, required = (
        float(cosines(both.encode(texts), exact.encode(texts)).min()),
        MUST_BE_FASTER[str(both.model.dtype)],
    )
    report(
        "encoding",
        {
            "texts": len(texts),
            "dtype": str(both.model.dtype),
            "seconds": {name: spread(times) for name, times in seconds.items()},
            "texts_per_second_and_pass": {
                name: len(texts) * (2 if "both" in name else 1) / median(times) for name, times in seconds.items()
            },
            "times_faster": faster | {"required": required},
            "least_cosine_to_fp32": {"found": cosine, "required": LEAST_COSINE},
            "reached": min(one["median"] for one in faster.values()) >= required and cosine >= LEAST_COSINE,
        },
    )


if __name__ == "__main__":
    main()
