import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Getting started")

with app.setup:
    from datetime import datetime, timedelta

    import marimo as mo
    import polars as pl

    from rtobs.analytics import promql
    from rtobs.analytics.charts.percent import share_text
    from rtobs.analytics.charts.times import instant_text
    from rtobs.analytics.groups import label
    from rtobs.analytics.notebook import Opened, figure, lines_over_time, opened, table
    from rtobs.analytics.promql import Query
    from rtobs.analytics.report.figures import count_text
    from rtobs.model.duration import Duration


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Getting started

    An *export* is a folder of Parquet files with what a Prometheus has measured. This notebook
    opens one, looks into it, and computes rates that are the same as those of Prometheus, bit
    for bit. Without an export of your own it takes sample data: five weeks of a small model
    server, which is made here in some seconds.

    | you have | start this notebook with |
    |---|---|
    | nothing yet | `marimo edit notebooks/getting_started.py` |
    | an export in `october/` | `marimo edit notebooks/getting_started.py -- --export october` |
    """)
    return


@app.cell
def _():
    data: Opened = opened(mo.cli_args().to_dict(), mo.notebook_dir())
    return (data,)


@app.cell(hide_code=True)
def _(data: Opened):
    mo.md(f"""
    ## What is in it

    {data.origin}

    It came from {data.export.about.source} ({data.export.about.server_version}) and holds
    {len(data.export.metrics)} metrics in {data.export.size / 1e6:.0f} MB. Nothing is read before it
    is asked for. A *series* is one metric with one set of labels; a *sample* is one value of it at
    one time.
    """)
    return


@app.cell(hide_code=True)
def _(data: Opened):
    table(
        data.export.metric_facts,
        {
            "metric": "metric",
            "series": "series",
            "samples": ("samples", count_text),
            "first_ts": ("first sample (UTC)", instant_text),
            "last_ts": ("last sample (UTC)", instant_text),
        },
        "Metrics of the export, in the order of their names.",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Select series

    `select` takes a metric and the values that labels must have, as a selector of PromQL does.
    Choose a counter: something that only grows, such as a number of requests.
    """)
    return


@app.cell
def _(data: Opened):
    counters: list[str] = [m for m in data.export.metrics if m.endswith(("_total", "_count"))]
    mo.stop(
        not counters,
        mo.md(
            "*The export holds no counter, only what rules recorded. `rtobs export --select"
            " http_requests_total` exports one.*"
        ),
    )
    usual: str = "http_requests_total"
    chosen: mo.ui.dropdown = mo.ui.dropdown(
        counters, value=usual if usual in counters else counters[0], label="counter"
    )
    chosen
    return (chosen,)


@app.cell
def _(chosen: mo.ui.dropdown, data: Opened):
    series: pl.DataFrame = data.export.select(chosen.value)
    samples: pl.DataFrame = data.export.samples(chosen.value).collect()
    return samples, series


@app.cell(hide_code=True)
def _(samples: pl.DataFrame, series: pl.DataFrame):
    _pairs = pl.element().struct.field("name") + "=" + pl.element().struct.field("value")
    _labels = pl.col("labels").list.eval(_pairs).list.join(", ")
    _count = samples.group_by("series_id").agg(pl.len().alias("samples"))
    table(
        series.with_columns(_labels).join(_count, on="series_id", how="left").sort("series_id"),
        {"series_id": "id", "labels": "labels", "samples": ("samples", count_text)},
        "The series that were selected. In the frame of samples, the id stands for the labels.",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Rates, as Prometheus computes them

    `increase` says by how much a counter grew within a window, `rate` how much that is each
    second. Both look at the last minutes before a moment. Prometheus extrapolates to the edges
    of the window and forgives a counter that began again at 0, and so do these functions. Which
    Prometheus is meant is the *dialect*, because versions differ; the export knows it.
    """)
    return


@app.cell
def _(data: Opened):
    day_end: datetime = min(data.export.about.start + timedelta(days=8), data.export.about.end)
    query: Query = Query(
        start=max(data.export.about.start, day_end - timedelta(days=7)),
        end=day_end,
        step=Duration.parse("5m"),
        dialect=data.export.about.dialect,
    )
    window: Duration = Duration.parse("30m")
    return query, window


@app.cell
def _(query: Query, samples: pl.DataFrame, window: Duration):
    grown: pl.DataFrame = promql.increase(samples, [window], **query)
    per_second: pl.DataFrame = promql.rate(samples, [window], **query)
    return grown, per_second


@app.cell(hide_code=True)
def _(
    chosen: mo.ui.dropdown,
    grown: pl.DataFrame,
    per_second: pl.DataFrame,
    window: Duration,
):
    _both = grown.join(per_second.select("series_id", "ts", rate="value"), on=["series_id", "ts"])
    table(
        _both.sort("ts", "series_id").tail(5),
        {
            "series_id": "id",
            "ts": ("window ends (UTC)", instant_text),
            "value": ("increase", lambda value: f"{value:.6g}"),
            "rate": ("rate (per second)", lambda value: f"{value:.6g}"),
            "samples": "samples in it",
            "coverage": ("share of the window they cover", share_text),
        },
        f"{chosen.value}: the last five windows of {window.words()}. A window without enough"
        " samples has no row; it is never a zero.",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## One chart

    Sum the rates over one label, as `sum by (...)` does. Choose by which one.
    """)
    return


@app.cell
def _(series: pl.DataFrame):
    names: list[str] = sorted({pair["name"] for row in series["labels"] for pair in row})
    few: list[str] = [n for n in names if series.select(label(n).n_unique()).item() <= 5]
    mo.stop(not few, mo.md("*No label has five values or fewer, so a sum by one is no chart.*"))
    by: mo.ui.dropdown = mo.ui.dropdown(
        few, value="status" if "status" in few else next(iter(few), None), label="sum by"
    )
    by
    return (by,)


@app.cell
def _(by: mo.ui.dropdown, data: Opened, per_second: pl.DataFrame, series: pl.DataFrame):
    summed: promql.Vector = promql.aggregate(
        per_second, series, by=[by.value], dialect=data.export.about.dialect
    )
    named: pl.DataFrame = summed.series.select("series_id", label(by.value).alias("name"))
    lines: pl.DataFrame = summed.values.join(named, on="series_id").select("name", "ts", "value")
    return (lines,)


@app.cell
def _(
    by: mo.ui.dropdown,
    chosen: mo.ui.dropdown,
    lines: pl.DataFrame,
    window: Duration,
):
    figure(
        lambda: lines_over_time(
            lines, f"{chosen.value} by {by.value}, over {window.words()}", "each second"
        )
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Your own export

    You need the address of a Prometheus (or Mimir, Thanos, VictoriaMetrics) and read access.

    ```sh
    rtobs export --url http://prometheus:9090 --all-slos --from now-35d --out october
    rtobs export --url http://prometheus:9090 --select http_requests_total --from now-7d --out week
    ```

    The first asks for what the rules of all SLOs recorded: enough for budgets, alerts and
    reports. Take 35 days, so that the budget of 30 days is known in the last five. The second
    asks for raw counters. `--plan` says how much will come before anything is fetched. Then
    look into the other notebooks:

    | notebook | answers |
    |---|---|
    | `slo_review.py` | How much budget is left, who spent it, and will it last? |
    | `target_and_policy.py` | Which objective and which alerts suit this service? |
    | `token_latency.py` | How long do people wait for tokens, and how much load can we take? |
    | `gpu_utilisation.py` | Do busy GPUs really work, and what does a token cost? |
    | `incident_review.py` | What happened, who noticed when, and is it over? |
    """)
    return


if __name__ == "__main__":
    app.run()
