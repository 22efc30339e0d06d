import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="SLO review")

with app.setup:
    from decimal import Decimal

    import marimo as mo
    import polars as pl

    from rtobs.analytics.charts import budget_over_time, budget_spenders, spent_by_hour
    from rtobs.analytics.charts.percent import objective_text, share_text
    from rtobs.analytics.charts.times import instant_text, span_text
    from rtobs.analytics.charts.windows import worst_windows as worst_windows_chart
    from rtobs.analytics.notebook import (
        Opened,
        attempt,
        exhaustion_text,
        figure,
        fleet_table,
        forecast_fan,
        last_days,
        lines_over_time,
        opened,
        spender_labels,
        table,
        traffic_by_hour,
        verdict_table,
        week_of,
        worst_group,
    )
    from rtobs.analytics.report import History, Report, Section, summarise
    from rtobs.analytics.report.figures import count_text
    from rtobs.analytics.slo.accounting import budget
    from rtobs.analytics.slo.spans import spans_of
    from rtobs.analytics.slo.spenders import group_spenders, spenders
    from rtobs.analytics.slo.verdicts import minimum_traffic, verdicts
    from rtobs.analytics.slo.whatif import Change, outcome, what_if
    from rtobs.analytics.statistics import (
        Forecast,
        Rolling,
        forecast,
        forecast_error,
        worst_windows,
    )


@app.cell(hide_code=True)
def _():
    mo.md("""
    # SLO review

    An SLO promises a share of good events, its *objective*: 99.5 % of all calls, say. What may
    fail is the *error budget*: 0.5 % of the calls of the last 30 days. This notebook shows what
    is left of it, who spent it, whether the promise was kept beyond chance, and whether the
    budget will last.
    """)
    return


@app.cell
def _():
    data: Opened = opened(mo.cli_args().to_dict(), mo.notebook_dir())
    days: mo.ui.dropdown = mo.ui.dropdown(
        {"7 days": 7, "28 days": 28}, value="28 days", label="look at the last"
    )
    mo.vstack([mo.md(data.origin), days])
    return data, days


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## All SLOs

    The *SLI* is the share of good events that was measured. *Met* or *missed* is said where chance
    cannot explain it, else *undecided*. A *page* calls a person at once.
    """)
    return


@app.cell
def _(data: Opened, days: mo.ui.dropdown):
    report: Report = summarise(data.histories(), last_days(data.export, days.value))
    if not report.sections:
        _, _why = attempt(lambda: data.history(data.first_of([])))
        mo.stop(predicate=True, output=mo.md(f"*{_why}*"))
    fleet_table(report)
    return (report,)


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## One SLO

    Choose one; at first it is the one with most trouble. Everything below follows it.
    """)
    return


@app.cell
def _(data: Opened, report: Report):
    chosen: mo.ui.dropdown = mo.ui.dropdown(
        data.choices, value=report.sections[0].slo.slo_id, label="SLO"
    )
    chosen
    return (chosen,)


@app.cell
def _(chosen: mo.ui.dropdown, data: Opened, report: Report):
    section: Section = next(s for s in report.sections if s.slo.slo_id == chosen.value)
    _history, _why = attempt(lambda: data.history(chosen.value))
    mo.stop(_history is None, mo.md(f"*{_why}*"))
    assert _history is not None
    history: History = _history
    tiles: pl.DataFrame = worst_group(history.tiles)
    allowed: float = float(history.slo.error_budget)
    return allowed, history, section, tiles


@app.cell(hide_code=True)
def _(allowed: float, history: History):
    mo.md(f"""
    **{history.slo.slo_id}** promises: {history.slo.description} Objective
    {objective_text(history.slo.objective)} over {history.slo.window.words()}, so
    {share_text(allowed)} may be bad. {history.slo.rationale}
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Budget over time

    At each moment the budget is that of the window which ends there. Bad events leave the window
    again as it moves on, so the line also rises. In the first weeks of an export the window is not
    full yet, and few bad events weigh much.
    """)
    return


@app.cell
def _(history: History):
    figure(
        lambda: budget_over_time(history.budget, alerts=history.alerts, incidents=history.incidents)
    )
    return


@app.cell
def _(data: Opened, history: History):
    account: pl.DataFrame = budget(history.tiles, history.slo, dialect=data.export.about.dialect)
    table(
        account.group_by("group", maintain_order=True).last(),
        {
            "group": "group",
            "total": ("events in the window", count_text),
            "bad": ("bad", count_text),
            "remaining": ("budget left", share_text),
            "events_left": ("events that may still be bad", count_text),
            "minutes_left": ("minutes of complete outage left", count_text),
            "coverage": ("window that was measured", share_text),
        },
        "The budget at the end of the data. Below zero it is overspent.",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Who spent it

    A bar far longer than its line is worse than the rest: it has a larger share of the bad events
    than of all events. Choose by which label of the raw counters events are told apart.
    """)
    return


@app.cell
def _(data: Opened, history: History):
    labels: list[str] = spender_labels(data.export, history.slo)
    spender: mo.ui.dropdown = mo.ui.dropdown(
        labels, value=next(iter(labels), None), label="spenders by"
    )
    spender
    return (spender,)


@app.cell
def _(data: Opened, history: History, spender: mo.ui.dropdown):
    _label = spender.value
    who: pl.DataFrame = (
        spenders(data.export, history.slo, _label)
        if _label
        else group_spenders(history.tiles, history.slo)
    )
    figure(lambda: budget_spenders(who.filter(pl.col("group") == who["group"][0])))
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Was the promise kept, or was it luck?

    The counted error ratio is a fact about these events. What the service does in the long run lies
    in an interval around it, and events that go bad together make it wider: one bad night with a
    thousand errors is one bad night. *Clustering* says how many times more the counts of days vary
    than independent events would. *Undecided* means that the interval holds the allowed ratio.
    """)
    return


@app.cell
def _(history: History):
    verdict_table(verdicts(history.tiles, history.slo))
    return


@app.cell
def _(history: History):
    table(
        minimum_traffic(history.slo),
        {
            "tier": "tier",
            "long_s": ("window", span_text),
            "threshold": ("fires above", share_text),
            "one_bad": ("events so that one bad does not fire", count_text),
            "min_bad": ("fewest bad events that fire", count_text),
        },
        "With less traffic than this, a single bad event is above the threshold of the tier.",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Many short outages or one long one?

    For each length of window this is the worst one in the data. A curve that falls early comes from
    short outages, one that stays high from a long one (Hauer and others, "Meaningful Availability",
    2020).
    """)
    return


@app.cell
def _(history: History, tiles: pl.DataFrame):
    figure(lambda: worst_windows_chart(worst_windows(tiles), history.slo.objective))
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## When

    First the usual week of the traffic, then the hours in which the budget was spent. If errors
    only come when traffic does, look for load; if they come at one hour of each day, look for a
    job.
    """)
    return


@app.cell
def _(tiles: pl.DataFrame):
    figure(lambda: week_of(traffic_by_hour(tiles), "The usual week", "events an hour"))
    return


@app.cell
def _(section: Section):
    figure(lambda: spent_by_hour(section.hours, zone="UTC"))
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Will it last?

    A thousand futures are put together from days of the past, incidents included, and the budget is
    computed in each. It reaches one window ahead.
    """)
    return


@app.cell
def _(allowed: float, history: History, tiles: pl.DataFrame):
    _made, why = attempt(lambda: forecast(tiles, allowed, Rolling(history.slo.window)))
    mo.stop(_made is None, mo.md(f"*{why}*"))
    assert _made is not None
    ahead: Forecast = _made
    figure(lambda: forecast_fan(ahead))
    return (ahead,)


@app.cell
def _(allowed: float, history: History, tiles: pl.DataFrame):
    _known, too_short = attempt(lambda: forecast_error(tiles, allowed, history.slo.window))
    mo.stop(_known is None, mo.md(f"*How good such forecasts are cannot be said. {too_short}*"))
    assert _known is not None
    past: pl.DataFrame = _known
    return (past,)


@app.cell(hide_code=True)
def _(ahead: Forecast, past: pl.DataFrame):
    _own = past.filter(pl.col("method") == ahead.method).row(0, named=True)
    mo.md(f"""
    {exhaustion_text(ahead)}

    How far can that be trusted? {_own["origins"]} forecasts of a week were made from the past
    itself and compared with what came. The middle was off by {share_text(_own["median_error"])} of
    the budget on average, and what came lay within the light band in
    {share_text(_own["coverage"])} of them (a perfect forecast: 90 %). Where that is much less,
    incidents came that the past did not know; then take the forecast as what happens without a
    new one.
    """)
    return


@app.cell
def _(past: pl.DataFrame):
    _banded = pl.when(pl.col("method") == "bootstrap").then("coverage")  # the others draw a line
    table(
        past.with_columns(coverage=_banded).sort("pinball"),
        {
            "method": "method",
            "origins": "forecasts",
            "median_error": ("middle off by (budgets)", lambda value: f"{value:.2f}"),
            "bias": ("bias (budgets)", lambda value: f"{value:+.2f}"),
            "coverage": ("within the band of 90 %", share_text),
            "pinball": ("loss (0 is perfect)", lambda value: f"{value:.3f}"),
        },
        "Forecasts of the past by method, best first: bootstrap draws days of the past, profile"
        " repeats the usual week, recent goes on like the last week.",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## What if

    Leave an incident out, as if it had been agreed maintenance, or try another objective.
    """)
    return


@app.cell
def _(history: History):
    happened: dict[str, int] = {
        f"{row['label'] or 'incident'}, {instant_text(row['start'])}": number
        for number, row in enumerate(history.incidents.iter_rows(named=True))
    }
    excluded: mo.ui.dropdown = mo.ui.dropdown(
        happened, value=next(reversed(happened), None), label="leave out"
    )
    objective: mo.ui.slider = mo.ui.slider(
        steps=[0.9, 0.95, 0.99, 0.995, 0.999, 0.9995],
        value=min(
            [0.9, 0.95, 0.99, 0.995, 0.999, 0.9995],
            key=lambda step: abs(step - float(history.slo.objective)),
        ),
        label="objective",
        show_value=True,
    )
    mo.hstack([excluded, objective], justify="start", gap=2)
    return excluded, objective


@app.cell
def _(
    data: Opened,
    excluded: mo.ui.dropdown,
    history: History,
    objective: mo.ui.slider,
):
    left_out: pl.DataFrame = history.incidents.slice(
        excluded.value or 0, 0 if excluded.value is None else 1
    )
    change: Change = Change(objective=Decimal(str(objective.value)), excluded=spans_of(left_out))
    compared: pl.DataFrame = what_if(
        history.tiles, history.slo, change, dialect=data.export.about.dialect
    )
    return (compared,)


@app.cell
def _(compared: pl.DataFrame):
    _sides = compared.filter(pl.col("group") == compared["group"][0]).unpivot(
        ["remaining_before", "remaining_after"], index="ts", variable_name="name"
    )
    _names = {"remaining_before": "as it was", "remaining_after": "as it would be"}
    figure(
        lambda: lines_over_time(
            _sides.with_columns(pl.col("name").replace(_names)),
            "Budget left, as it was and as it would be",
            "budget left",
            limit=(0.0, "exhausted"),
            share=True,
        )
    )
    return


@app.cell
def _(compared: pl.DataFrame):
    table(
        outcome(compared),
        {
            "group": "group",
            "remaining_before": ("left at the end", share_text),
            "remaining_after": ("left, if", share_text),
            "lowest_before": ("least ever left", share_text),
            "lowest_after": ("least, if", share_text),
            "spent_before": ("time without budget", share_text),
            "spent_after": ("time, if", share_text),
        },
        "What the change comes to.",
    )
    return


if __name__ == "__main__":
    app.run()
