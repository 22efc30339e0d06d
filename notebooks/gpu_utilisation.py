import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="GPU utilisation")

with app.setup:
    from datetime import datetime, timedelta

    import marimo as mo
    import polars as pl

    from rtobs.analytics.charts.percent import share_text
    from rtobs.analytics.charts.times import instant_text, span_text
    from rtobs.analytics.groups import group_labels
    from rtobs.analytics.inference import (
        Intervals,
        counter_increases,
        gauge_levels,
        gpu_use,
        kv_pressure,
        token_throughput,
    )
    from rtobs.analytics.notebook import Opened, figure, lines_over_time, opened, table
    from rtobs.model.duration import Duration
    from rtobs.model.selector import Selector


@app.cell(hide_code=True)
def _():
    mo.md("""
    # GPU utilisation

    `GPU_UTIL` of NVIDIA's exporter is the share of time in which *some* kernel ran. A GPU can show
    100 % while most of it is idle. `SM_ACTIVE` is the share of its multiprocessors that had work:
    that is what was paid for. This notebook compares the two, counts what a token costs in energy,
    and finds GPUs that were slowed down by heat.
    """)
    return


@app.cell
def _():
    data: Opened = opened(mo.cli_args().to_dict(), mo.notebook_dir())
    by: tuple[str, ...] = ("instance", "gpu")
    mo.stop(
        data.export.select("DCGM_FI_DEV_GPU_UTIL").is_empty(),
        mo.md("The export has no `DCGM_FI_DEV_GPU_UTIL`; export it with `rtobs export --select`."),
    )
    mo.md(data.origin)
    return by, data


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Busy, or only looking busy?

    *Hollow* is time in which a GPU looks busy (95 % or more) and less than half of it works.
    Decoding is like that by nature: it waits for memory. Larger batches fill it.
    """)
    return


@app.cell
def _(by: tuple[str, ...], data: Opened):
    tens: Intervals = Intervals(
        data.export.about.start, data.export.about.end, Duration.parse("10m")
    )
    util: pl.DataFrame = gauge_levels(data.export, Selector("DCGM_FI_DEV_GPU_UTIL"), tens, by)
    active: pl.DataFrame = gauge_levels(data.export, Selector("DCGM_FI_PROF_SM_ACTIVE"), tens, by)
    return active, tens, util


@app.cell
def _(active: pl.DataFrame, util: pl.DataFrame):
    table(
        gpu_use(util, active),
        {
            "group": "GPU",
            "gpu_util": ("GPU_UTIL, mean", share_text),
            "sm_active": ("SM_ACTIVE, mean", share_text),
            "idle": ("time idle", share_text),
            "busy": ("time looking busy", share_text),
            "hollow": ("time hollow", share_text),
        },
        "Each GPU, from means of ten minutes. Idle: GPU_UTIL below 5 %.",
    )
    return


@app.cell
def _(data: Opened, util: pl.DataFrame):
    gpu: mo.ui.dropdown = mo.ui.dropdown(
        sorted(util["group"].unique()), value=util["group"].min(), label="GPU"
    )
    week: mo.ui.slider = mo.ui.slider(
        1,
        max((data.export.about.end - data.export.about.start).days // 7, 1),
        label="week",
        show_value=True,
    )
    mo.hstack([gpu, week], justify="start", gap=2)
    return gpu, week


@app.cell
def _(
    active: pl.DataFrame,
    data: Opened,
    gpu: mo.ui.dropdown,
    util: pl.DataFrame,
    week: mo.ui.slider,
):
    _from: datetime = data.export.about.start + timedelta(days=7 * (week.value - 1))
    _inside = (pl.col("group") == gpu.value) & pl.col("ts").is_between(
        _from, _from + timedelta(days=7)
    )
    _lines = [
        util.filter(_inside).select(name=pl.lit("GPU_UTIL"), ts="ts", value=pl.col("value") / 100),
        active.filter(_inside).select(name=pl.lit("SM_ACTIVE"), ts="ts", value="value"),
    ]
    figure(
        lambda: lines_over_time(
            pl.concat(_lines),
            "One week of a GPU",
            "share of time, or of the multiprocessors",
            share=True,
            limit=(0.5, "half of it works"),
        )
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## What a token costs

    Energy over generated tokens, every six hours. A GPU that waits burns power too, so tokens are
    cheapest when there is much to do.
    """)
    return


@app.cell
def _(data: Opened):
    sixes: Intervals = Intervals(
        data.export.about.start, data.export.about.end, Duration.parse("6h")
    )
    millijoules: pl.DataFrame = counter_increases(
        data.export, Selector("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"), sixes
    )
    count: int = len(data.export.select("DCGM_FI_DEV_GPU_UTIL"))
    tokens: pl.DataFrame = token_throughput(
        counter_increases(data.export, Selector("vllm:prompt_tokens_total"), sixes),
        counter_increases(data.export, Selector("vllm:generation_tokens_total"), sixes),
        sixes,
        count,
        millijoules.with_columns(pl.col("value") / 1000),
    )
    return (tokens,)


@app.cell
def _(tokens: pl.DataFrame):
    figure(
        lambda: lines_over_time(
            tokens.select(
                name=pl.lit("energy"), ts="ts", value=1 / pl.col("generated_per_joule")
            ).filter(pl.col("value").is_finite()),
            "Energy of a generated token",
            "joules a token",
        )
    )
    return


@app.cell
def _(tokens: pl.DataFrame):
    figure(
        lambda: lines_over_time(
            tokens.select(name=pl.lit("tokens"), ts="ts", value="generated_per_gpu_s"),
            "Generated tokens of each GPU",
            "tokens each second",
        )
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Heat

    `THERMAL_VIOLATION` grows while a GPU runs slower because it is too hot. It is time that was
    throttled; here as a share of each hour.
    """)
    return


@app.cell
def _(by: tuple[str, ...], data: Opened):
    hours: Intervals = Intervals(
        data.export.about.start, data.export.about.end, Duration.parse("1h")
    )
    throttled: pl.DataFrame = counter_increases(
        data.export, Selector("DCGM_FI_DEV_THERMAL_VIOLATION"), hours, by
    ).with_columns(share=pl.col("value") / 1e9 / 3600)
    return (throttled,)


@app.cell
def _(throttled: pl.DataFrame):
    _short = throttled.with_columns(
        pl.col("group").map_elements(
            lambda text: " GPU ".join(group_labels(text).values()), pl.String
        )
    )
    figure(
        lambda: lines_over_time(
            _short.select(name="group", ts="ts", value="share"),
            "Throttled by heat",
            "part of each hour",
            share=True,
        )
    )
    return


@app.cell
def _(throttled: pl.DataFrame):
    table(
        throttled.filter(pl.col("share") > 0.01).with_columns(pl.col("value") / 1e9),
        {
            "group": "GPU",
            "ts": ("hour that ends (UTC)", instant_text),
            "value": ("throttled for", span_text),
            "share": ("share of the hour", share_text),
        },
        "Hours with more than one percent of throttling.",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Room in the KV cache

    The cache holds what the model remembers of each conversation. When it is full, vLLM throws
    requests out and computes them again.
    """)
    return


@app.cell
def _(data: Opened, tens: Intervals):
    table(
        kv_pressure(
            gauge_levels(data.export, Selector("vllm:kv_cache_usage_perc"), tens, ("instance",)),
            counter_increases(
                data.export, Selector("vllm:num_preemptions_total"), tens, ("instance",)
            ),
            tens,
        ),
        {
            "group": "server",
            "mean": ("in use, mean", share_text),
            "highest": ("highest mean of ten minutes", share_text),
            "above": ("time above 95 %", share_text),
            "thrown_out_per_h": ("thrown out an hour", lambda value: f"{value:.2g}"),
        },
        "Share of the KV cache that was in use.",
    )
    return


if __name__ == "__main__":
    app.run()
