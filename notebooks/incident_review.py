import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Incident review")

with app.setup:
    from datetime import datetime, timedelta
    from pathlib import Path

    import marimo as mo
    import polars as pl

    from rtobs.analytics.charts import Chart, budget_over_time, burn_by_window
    from rtobs.analytics.charts.percent import share_text, signed_share_text
    from rtobs.analytics.charts.times import instant_text, span_text
    from rtobs.analytics.notebook import (
        SERIES_OF_NAB,
        Labelled,
        Opened,
        alert_table,
        before_and_after,
        figure,
        fired_around,
        incident_table,
        labelled_beside,
        labelled_series,
        last_days,
        lines_over_time,
        noticed,
        opened,
        score_table,
        sliced_slo,
        table,
        within,
        worst_group,
    )
    from rtobs.analytics.report import History, Report, Section, summarise
    from rtobs.analytics.report.figures import count_text
    from rtobs.analytics.statistics import change_points
    from rtobs.conventions import Severity
    from rtobs.model.duration import Duration


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Incident review

    After an incident four questions come up: what fired when, how long did it take, how much budget
    did it burn, and is it really over? This notebook answers them for incidents that you know of
    (`--incidents FILE`, a CSV or JSON with slo_id, start, end and label), and otherwise for every
    stretch of time that spent at least 2 % of a budget.
    """)
    return


@app.cell
def _():
    data: Opened = opened(mo.cli_args().to_dict(), mo.notebook_dir())
    histories: list[History] = data.histories()
    report: Report = summarise(histories, last_days(data.export, 36_500))
    hurt: list[str] = [s.slo.slo_id for s in report.sections if s.incidents]
    mo.stop(not hurt, mo.md(f"{data.origin} No incidents: nothing spent 2 % of a budget."))
    chosen: mo.ui.dropdown = mo.ui.dropdown(
        sorted(hurt),
        value="vllm-http-availability" if "vllm-http-availability" in hurt else hurt[0],
        label="SLO",
    )
    mo.vstack([mo.md(data.origin), chosen])
    return chosen, data, histories, report


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## What happened

    *Budget burnt* is what the incident took of the budget of one window: at 100 % nothing is
    left for anything else.
    """)
    return


@app.cell
def _(chosen: mo.ui.dropdown, histories: list[History], report: Report):
    section: Section = next(s for s in report.sections if s.slo.slo_id == chosen.value)
    history: History = next(h for h in histories if h.slo.slo_id == chosen.value)
    incident_table(section)
    return history, section


@app.cell
def _(section: Section):
    _named = {
        f"{happened.label or 'incident'}, {instant_text(happened.start)}": number
        for number, happened in enumerate(section.incidents)
    }
    one: mo.ui.dropdown = mo.ui.dropdown(
        _named,
        value=next(iter(_named)),
        label="incident",
    )
    one
    return (one,)


@app.cell
def _(one: mo.ui.dropdown, section: Section):
    start: datetime = section.incidents[one.value].start
    end: datetime = section.incidents[one.value].end
    length: timedelta = max(end - start, timedelta(hours=2))
    left: datetime = start - length
    right: datetime = end + 2 * length
    return end, left, right, start


@app.cell(hide_code=True)
def _(end: datetime, start: datetime):
    mo.md(f"""
    ## What fired when

    The incident lasted from {instant_text(start)} to {instant_text(end)} (UTC):
    {span_text((end - start).total_seconds())}. The charts begin as long before it and end twice as
    long after it, at least two hours.
    """)
    return


@app.cell
def _(history: History, left: datetime, right: datetime):
    figure(
        lambda: budget_over_time(
            within(history.budget, left, right),
            alerts=fired_around(history.alerts, left, right),
            incidents=history.incidents.filter(pl.col("start") < right, pl.col("end") > left),
        )
    )
    return


@app.cell
def _(history: History, left: datetime, right: datetime):
    figure(lambda: burn_by_window(within(history.burn, left, right), history.slo.tiers))
    return


@app.cell
def _(history: History, left: datetime, right: datetime):
    alert_table(fired_around(history.alerts, left, right))
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Who noticed

    Everything that lost events in that time, or fired no later than an hour after it. An SLO that
    burnt much and did not fire is worth a look, and so is one that fired without burning.
    """)
    return


@app.cell
def _(end: datetime, histories: list[History], start: datetime):
    table(
        noticed(histories, start, end),
        {
            "slo_id": "SLO",
            "burnt": ("budget burnt", share_text),
            "after_s": ("first alert after", span_text),
            "tier": "tier",
            "severity": ("kind", lambda value: "page" if value == Severity.CRITICAL else "ticket"),
        },
        "Alerts of all SLOs during the incident.",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Is it over?

    The days before the incident against the days after it, for every SLO. The difference has an
    interval, because days differ by themselves; all SLOs are judged together, so that one of many
    does not look bad by chance. *Unchanged* means: no more than that.
    """)
    return


@app.cell
def _():
    days: mo.ui.slider = mo.ui.slider(1, 7, value=3, label="days on each side", show_value=True)
    days
    return (days,)


@app.cell
def _(
    days: mo.ui.slider,
    end: datetime,
    histories: list[History],
    start: datetime,
):
    table(
        before_and_after(histories, start, end, int(days.value)),
        {
            "slo_id": "SLO",
            "group": "group",
            "verdict": "verdict",
            "before": ("error ratio before", share_text),
            "after": ("after", share_text),
            "low": ("difference: at least", signed_share_text),
            "high": ("at most", signed_share_text),
            "q_value": ("false discovery rate", lambda value: f"{value:.2g}"),
        },
        f"{days.value} days before the incident against as many after it.",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## When did it begin, by the data alone?

    Reports say when somebody noticed. Change points say when the error ratio itself changed, to an
    hour or two, without knowing of the incident.
    """)
    return


@app.cell
def _(history: History, left: datetime, right: datetime):
    _near = within(worst_group(history.tiles), left - timedelta(days=3), right + timedelta(days=3))
    table(
        change_points(_near),
        {
            "start": ("from (UTC)", instant_text),
            "end": ("to (UTC)", instant_text),
            "total": ("events", count_text),
            "bad": ("bad", count_text),
            "error_ratio": ("error ratio", share_text),
        },
        "Stretches of time in which the error ratio stayed the same.",
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Incidents that others have labelled

    How do the shipped alerts do on servers that are not ours? The Numenta Anomaly Benchmark
    (numenta/NAB, MIT) has real series with labelled windows. Each becomes an SLO here: a minute is
    good while its value lies between two bounds. The files are read from `shared/data/nab` beside
    the checkout.
    """)
    return


@app.cell
def _():
    folder: Path | None = labelled_beside(mo.notebook_dir())
    series: mo.ui.dropdown = mo.ui.dropdown(
        list(SERIES_OF_NAB), value=next(iter(SERIES_OF_NAB)), label="series"
    )
    series if folder else mo.md("*The labelled series are not here, so this part is empty.*")
    return folder, series


@app.cell
def _(data: Opened, folder: Path | None, series: mo.ui.dropdown):
    key, good, objective = SERIES_OF_NAB[series.value]
    _policy = data.fleet.setting.policies[data.fleet.setting.default_policy]
    _slo = sliced_slo(data.fleet.slos, _policy, objective, Duration.parse("7d"))
    found: Labelled | None = labelled_series(folder, key, good, _slo) if folder else None
    limit: tuple[float, str] = (good[1], f"good up to {good[1]:g}")
    return found, limit


@app.cell
def _(
    found: Labelled | None,
    limit: tuple[float, str],
    series: mo.ui.dropdown,
):
    def _chart(values: pl.DataFrame) -> Chart:
        named = values.select(name=pl.lit("value"), ts="ts", value="value")
        return lines_over_time(named, series.value.capitalize(), "as measured", limit=limit)

    figure(_chart(found.values)) if found else None
    return


@app.cell
def _(found: Labelled | None):
    alert_table(found.alerts) if found else None
    return


@app.cell
def _(found: Labelled | None):
    _caption = (
        "A window of the benchmark begins long before the fault in it, so detection times say"
        " little here; precision and recall do."
    )
    score_table(found.score, _caption) if found else None
    return


if __name__ == "__main__":
    app.run()
