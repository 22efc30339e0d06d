import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Token latency")

with app.setup:
    from decimal import Decimal
    from pathlib import Path

    import marimo as mo
    import polars as pl

    from rtobs.analytics.charts import Chart
    from rtobs.analytics.charts import latency_bands as latency_bands_chart
    from rtobs.analytics.charts.percent import share_text
    from rtobs.analytics.inference import (
        Intervals,
        bucket_increases,
        capacity,
        counted_goodput,
        counter_increases,
        gauge_at_start,
        goodput_bounds,
        knees,
        latency_bands,
        latency_by_rate,
    )
    from rtobs.analytics.notebook import (
        Opened,
        Played,
        calm,
        capacity_text,
        figure,
        latency_by_load,
        lines_over_time,
        opened,
        play_trace,
        table,
        trace_beside,
    )
    from rtobs.analytics.report.figures import count_text
    from rtobs.conventions import LATENCY_CLASSES, LatencyClass
    from rtobs.model.duration import Duration
    from rtobs.model.selector import Matcher, Selector


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Token latency

    Whoever talks to a language model waits twice: for the first token, and between tokens. This
    notebook shows both for vLLM servers, how many answers met both limits, and how many requests a
    second the fleet can take before the promise breaks.
    """)
    return


@app.cell
def _():
    data: Opened = opened(mo.cli_args().to_dict(), mo.notebook_dir())
    ttft: Selector = Selector("vllm:time_to_first_token_seconds")
    tpot: Selector = Selector("vllm:request_time_per_output_token_seconds")
    ended: Selector = Selector("vllm:request_success_total")
    mo.stop(
        data.export.select(f"{ttft.metric}_bucket").is_empty(),
        mo.md(f"The export has no `{ttft.metric}`; export it with `rtobs export --select`."),
    )
    kind: mo.ui.dropdown = mo.ui.dropdown(
        {one.name: one for one in LATENCY_CLASSES}, value="standard", label="latency class"
    )
    mo.vstack([mo.md(data.origin), kind])
    return data, ended, kind, tpot, ttft


@app.cell(hide_code=True)
def _(kind: mo.ui.dropdown):
    mo.md(f"""
    A *latency class* is a pair of limits for one answer. **{kind.value.name}** means: the first
    token after at most {kind.value.time_to_first_token:g} s, and then at most
    {kind.value.time_per_output_token:g} s a token.
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## The first token and the next ones

    p99 is the latency that 99 of 100 answers did not exceed. A histogram only counts answers in
    buckets, so it knows p99 only as *between two bounds*: that is the band. The line within it
    is what `histogram_quantile` of Prometheus would say.
    """)
    return


@app.cell
def _(data: Opened, kind: mo.ui.dropdown, tpot: Selector, ttft: Selector):
    limits: LatencyClass = kind.value
    hours: Intervals = Intervals(
        data.export.about.start, data.export.about.end, Duration.parse("3h")
    )
    first_buckets: pl.DataFrame = bucket_increases(data.export, ttft, hours)
    pace_buckets: pl.DataFrame = bucket_increases(data.export, tpot, hours)
    return first_buckets, hours, limits, pace_buckets


@app.cell
def _(first_buckets: pl.DataFrame, limits: LatencyClass):
    figure(
        lambda: latency_bands_chart(
            latency_bands(first_buckets, (0.5, 0.99)).rename({"estimate": "value"}),
            threshold=limits.time_to_first_token,
            title="Time to the first token, every three hours",
        )
    )
    return


@app.cell
def _(limits: LatencyClass, pace_buckets: pl.DataFrame):
    figure(
        lambda: latency_bands_chart(
            latency_bands(pace_buckets, (0.5, 0.99)).rename({"estimate": "value"}),
            threshold=limits.time_per_output_token,
            title="Time per output token of whole answers, every three hours",
        )
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Goodput

    Goodput is the share of answers that met *both* limits. Two histograms cannot say which
    answers missed which limit, so the server only knows bounds: if 95 % met the one and 90 %
    the other, then at least 85 % and at most 90 % met both. A client that is instrumented with
    `rtobs` counts it.
    """)
    return


@app.cell
def _(
    data: Opened,
    first_buckets: pl.DataFrame,
    hours: Intervals,
    limits: LatencyClass,
    pace_buckets: pl.DataFrame,
):
    running: pl.DataFrame = gauge_at_start(
        data.export, Selector("vllm:num_requests_running"), hours
    )
    bounds: pl.DataFrame = goodput_bounds(first_buckets, pace_buckets, limits, hours, running)
    answers: Selector = Selector(
        "rtobs_llm_requests_total",
        (Matcher("slo_class", "=", limits.name), Matcher("outcome", "!=", "cancelled")),
    )
    counted: pl.DataFrame = counted_goodput(
        counter_increases(data.export, answers, hours),
        counter_increases(data.export, answers.where(Matcher("goodput", "=", "met")), hours),
        hours,
    )
    return bounds, counted


@app.cell
def _(bounds: pl.DataFrame, counted: pl.DataFrame):
    _sides = [
        bounds.select(name=pl.lit("at least"), ts="ts", value="lower"),
        bounds.select(name=pl.lit("at most"), ts="ts", value="upper"),
        counted.select(name=pl.lit("counted by the client"), ts="ts", value="lower"),
    ]
    figure(
        lambda: lines_over_time(
            pl.concat(_sides),
            "Goodput, every three hours",
            "answers that met both limits",
            share=True,
        )
    )
    return


@app.cell
def _(bounds: pl.DataFrame, counted: pl.DataFrame):
    def _mean(frame: pl.DataFrame, column: str) -> float:
        good = frame.select((pl.col(column) * pl.col("requests")).sum()).item()
        return float(good / frame["requests"].sum()) if len(frame) else float("nan")

    _rows = [
        ("server, at least", bounds["requests"].sum(), _mean(bounds, "lower")),
        ("server, at most", bounds["requests"].sum(), _mean(bounds, "upper")),
        ("client, counted", counted["requests"].sum(), _mean(counted, "lower")),
    ]
    table(
        pl.DataFrame(_rows, schema=["who", "answers", "goodput"], orient="row"),
        {
            "who": "who says so",
            "answers": ("answers", count_text),
            "goodput": ("goodput", share_text),
        },
        "Goodput of the whole time. The client also counts answers that broke off, which no"
        " histogram of the server holds; so it may lie below the bounds.",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Latency against load

    All stretches of ten minutes with about the same arrival rate are put together; their
    buckets are added before a quantile is taken. Stretches that an incident touched are left
    out, or its slow answers would be blamed on the load.
    """)
    return


@app.cell
def _(data: Opened, ended: Selector, ttft: Selector):
    tens: Intervals = Intervals(
        data.export.about.start, data.export.about.end, Duration.parse("10m")
    )
    came: pl.DataFrame = calm(counter_increases(data.export, ended, tens), data.incidents, tens)
    waits: pl.DataFrame = calm(bucket_increases(data.export, ttft, tens), data.incidents, tens)
    return came, tens, waits


@app.cell
def _():
    promised: mo.ui.slider = mo.ui.slider(
        steps=[0.5, 0.9, 0.95, 0.99, 0.995, 0.999],
        value=0.99,
        label="share of first tokens in time",
        show_value=True,
    )
    promised
    return (promised,)


@app.cell
def _(
    came: pl.DataFrame,
    limits: LatencyClass,
    promised: mo.ui.slider,
    tens: Intervals,
    waits: pl.DataFrame,
):
    by_rate: pl.DataFrame = latency_by_rate(waits, came, tens, 10, (0.5, 0.95, 0.99))
    promise: tuple[float, Decimal] = (limits.time_to_first_token, Decimal(str(promised.value)))
    broken: pl.DataFrame = capacity(waits, came, promise, tens)
    figure(
        lambda: latency_by_load(
            by_rate, limits.time_to_first_token, "Time to the first token by load", broken=broken
        )
    )
    return broken, by_rate


@app.cell(hide_code=True)
def _(
    broken: pl.DataFrame,
    by_rate: pl.DataFrame,
    limits: LatencyClass,
    promised: mo.ui.slider,
):
    _bends = [
        f"p{100 * row['quantile']:g} begins to climb at about {row['rate']:.2g} requests a second"
        for row in knees(by_rate).iter_rows(named=True)
    ]
    mo.md(f"""
    The promise: {share_text(promised.value)} of first tokens within
    {limits.time_to_first_token:g} s. {capacity_text(broken)}

    {"; ".join(_bends) + "." if _bends else "No quantile bends at the rates that were seen."}
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Real arrivals

    A quiet fleet does not show its limits. This plays one hour of real requests on simulated
    servers: those of a public trace of Azure (CC-BY, AzurePublicDataset, 2023), if the file
    lies in `shared/data` beside the checkout, or any file with the columns TIMESTAMP,
    ContextTokens and GeneratedTokens that `--trace` names.
    """)
    return


@app.cell
def _():
    named: str = str(mo.cli_args().get("trace") or "")
    trace: Path | None = Path(named) if named else trace_beside(mo.notebook_dir())
    replicas: mo.ui.slider = mo.ui.slider(1, 6, value=2, label="servers", show_value=True)
    replicas if trace else mo.md("*There is no trace here, so this part is empty.*")
    return replicas, trace


@app.cell
def _(
    limits: LatencyClass,
    promised: mo.ui.slider,
    replicas: mo.ui.slider,
    trace: Path | None,
):
    _promise = (limits.time_to_first_token, Decimal(str(promised.value)))
    played: Played | None = play_trace(trace, int(replicas.value), *_promise) if trace else None
    return (played,)


@app.cell
def _(limits: LatencyClass, played: Played | None, replicas: mo.ui.slider):
    def _chart(made: Played) -> Chart:
        title = f"{count_text(made.requests)} real requests on {replicas.value} simulated servers"
        limit = limits.time_to_first_token
        return latency_by_load(made.by_rate, limit, title, broken=made.broken)

    figure(_chart(played)) if played else None
    return


@app.cell(hide_code=True)
def _(played: Played | None):
    mo.md(f"""
    {capacity_text(played.broken)} Move the slider to see how many servers this hour needs. The
    servers are simulated: give `Engine` the three numbers of a load test before you size
    hardware with it.
    """) if played else None
    return


if __name__ == "__main__":
    app.run()
