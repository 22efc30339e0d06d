"""Tokens a second, of the fleet, of each GPU and of each joule."""

from __future__ import annotations

from typing import Final

import polars as pl

from rtobs.analytics.frames import TIME, Schema, check
from rtobs.analytics.inference.reading import AMOUNTS, Intervals

__all__ = ["THROUGHPUT", "token_throughput"]

THROUGHPUT: Final = Schema(
    "token throughput",
    {
        "group": pl.String,
        "ts": TIME,  # end of the interval
        "prompt_per_s": pl.Float64,  # prompt tokens a second
        "generated_per_s": pl.Float64,  # generated tokens a second
        "generated_per_gpu_s": pl.Float64,  # and GPU
        "generated_per_joule": pl.Float64,  # null where no energy was given
    },
    ("group", "ts"),
)
_KEY: Final = ["group", "ts"]


def token_throughput(
    prompt: pl.DataFrame,
    generated: pl.DataFrame,
    intervals: Intervals,
    gpus: float,
    joules: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Throughput of each interval.

    Args:
        prompt: AMOUNTS, growth of `vllm:prompt_tokens_total`.
        generated: AMOUNTS, growth of `vllm:generation_tokens_total`.
        intervals: those of the frames.
        gpus: GPUs that each group holds.
        joules: AMOUNTS, energy of the same groups.

    Returns:
        THROUGHPUT of the intervals that both frames have.

    Raises:
        FrameError: a frame has other columns.
    """
    both = check(generated, AMOUNTS).join(
        check(prompt, AMOUNTS).rename({"value": "prompt"}), on=_KEY
    )
    spent = joules if joules is not None else both.select(*_KEY, "value").clear()
    table = both.join(check(spent, AMOUNTS).rename({"value": "joules"}), on=_KEY, how="left")
    seconds = intervals.length.seconds
    per_joule = pl.when(pl.col("joules") > 0).then(pl.col("value") / pl.col("joules"))
    result = table.select(
        *_KEY,
        (pl.col("prompt") / seconds).alias("prompt_per_s"),
        (pl.col("value") / seconds).alias("generated_per_s"),
        (pl.col("value") / seconds / gpus).alias("generated_per_gpu_s"),
        per_joule.alias("generated_per_joule"),
    )
    return check(result.sort(THROUGHPUT.key), THROUGHPUT)
