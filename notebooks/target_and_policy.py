import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Target and policy")

with app.setup:
    from decimal import Decimal
    from fractions import Fraction

    import marimo as mo
    import polars as pl

    from rtobs.analytics.backtest import (
        Bench,
        Candidate,
        Grid,
        Recommendation,
        Score,
        candidates,
        pareto,
        recommend,
        score,
        span_of,
        sweep,
    )
    from rtobs.analytics.backtest.chart import trade_off
    from rtobs.analytics.backtest.exported import read_histories
    from rtobs.analytics.charts import burn_by_window
    from rtobs.analytics.charts.percent import objective_text, share_text, sli_text
    from rtobs.analytics.charts.times import span_text
    from rtobs.analytics.notebook import (
        Opened,
        alert_table,
        attempt,
        figure,
        opened,
        score_table,
        table,
    )
    from rtobs.analytics.report import History, history_of
    from rtobs.analytics.report.figures import count_text
    from rtobs.analytics.slo.targets import recommend_target, target_costs
    from rtobs.model.alerting import AlertPolicy
    from rtobs.model.duration import Duration


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Target and policy

    Two numbers decide how an SLO feels: the *objective*, which says how much may fail, and the
    *alert policy*, which says how fast the budget may burn before someone is called. Both can
    be tried on the past before anybody has to live with them.
    """)
    return


@app.cell
def _():
    data: Opened = opened(mo.cli_args().to_dict(), mo.notebook_dir())
    chosen: mo.ui.dropdown = mo.ui.dropdown(
        data.choices, value=data.first_of(["vllm-http-availability"]), label="SLO"
    )
    mo.vstack([mo.md(data.origin), chosen])
    return chosen, data


@app.cell
def _(chosen: mo.ui.dropdown, data: Opened):
    own: Bench = read_histories(data.export, [data.slo(chosen.value)], all_of_them=True).histories[
        0
    ]
    history: History = history_of(own, incidents=data.incidents)
    return history, own


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Which objective can be kept?

    A promise that is broken every month is no promise. Choose in how many of all windows it
    should be kept. Windows overlap, so thousands of them may hold no more than one or two that
    are independent: the interval says how far the answer could be off.
    """)
    return


@app.cell
def _():
    share: mo.ui.slider = mo.ui.slider(
        steps=[0.5, 0.75, 0.9, 0.95, 0.99, 1.0],
        value=0.95,
        label="share of windows",
        show_value=True,
    )
    share
    return (share,)


@app.cell
def _(data: Opened, history: History, share: mo.ui.slider):
    _dialect = data.export.about.dialect
    _found, why = attempt(
        lambda: recommend_target(history.tiles, history.slo, share=share.value, dialect=_dialect)
    )
    mo.stop(_found is None, mo.md(f"*{why}*"))
    assert _found is not None
    targets: pl.DataFrame = _found
    costs: pl.DataFrame = target_costs(history.tiles, history.slo, dialect=_dialect)
    return costs, targets


@app.cell
def _(history: History, targets: pl.DataFrame):
    def _sli(value: float) -> str:
        return sli_text(value, history.slo.objective)

    table(
        targets,
        {
            "group": "group",
            "objective": ("kept in these windows", _sli),
            "low": ("in the long run: at least", _sli),
            "high": ("at most", _sli),
            "advised": ("advised", lambda value: objective_text(Decimal(value))),
            "windows": ("windows looked at", count_text),
            "independent": ("independent ones", lambda value: f"{value:.2g}"),
        },
        "The largest objective that the wanted share of windows kept. Advised is the largest of the"
        " usual objectives below the interval.",
    )
    return


@app.cell
def _(costs: pl.DataFrame):
    table(
        costs.filter(pl.col("group") == costs["group"][0]),
        {
            "objective": ("objective", lambda value: objective_text(Decimal(value))),
            "budget_minutes": ("allows minutes of outage", count_text),
            "budget_events": ("allows bad events", count_text),
            "missed": ("windows that missed it", share_text),
            "typical": ("typical budget spent", share_text),
            "worst": ("worst", share_text),
        },
        "What each objective would have allowed in a window, and how often it was missed.",
    )
    return


@app.cell(hide_code=True)
def _(history: History):
    mo.md(f"""
    ## What the shipped alerts would have done

    {history.slo.slo_id} has {len(history.slo.tiers)} *tiers*. A tier fires while the budget burns
    faster than its factor, in a long window (so that it matters) and in a short one (so that it
    still goes on). Each row of the chart is the long window of one tier.
    """)
    return


@app.cell
def _(history: History):
    figure(lambda: burn_by_window(history.burn, history.slo.tiers))
    return


@app.cell
def _(history: History):
    alert_table(history.alerts)
    return


@app.cell(hide_code=True)
def _(data: Opened):
    _whose = (
        "the incidents that are known"
        if data.incidents is not None
        else "stretches that spent at least 2 % of the budget, because no incidents were given"
        " (`--incidents FILE`)"
    )
    mo.md(f"""
    ## How good were they?

    Judged by {_whose}. *Precision* is the share of alerts that were about an incident, *recall* the
    share of incidents that had an alert. *Detection* counts from the start of an incident to its
    first alert, *reset* from its end until the last alert was over.
    """)
    return


@app.cell
def _(history: History, own: Bench):
    judged: Score = score(history.alerts, history.incidents, [own.spending], span=span_of([own]))
    score_table(judged, "The alerts of what rtobs generate ships, on this history.")
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Other policies

    Each variation changes the shipped policy: the share of the budget that a tier lets pass
    (*shares*), the length of its windows, or how long an alert outlives its cause. All are replayed
    on the same history.
    """)
    return


@app.cell
def _(data: Opened, history: History, own: Bench):
    setting: dict[str, AlertPolicy] = dict(data.fleet.setting.policies)
    grid: Grid = Grid(
        windows=(Fraction(1, 2), Fraction(1), Fraction(2)), keep=(None, Duration.parse("1h"))
    )
    tried: tuple[Candidate, ...] = candidates(setting[data.fleet.setting.default_policy], grid)
    scores: pl.DataFrame = sweep([own], tried, history.incidents)
    best: Recommendation = recommend(scores)
    return best, scores


@app.cell
def _(scores: pl.DataFrame):
    figure(lambda: trade_off(scores))
    return


@app.cell
def _(best: Recommendation, scores: pl.DataFrame):
    table(
        scores.filter(pareto(scores) | pl.col("policy").is_in([best.policy, "shipped"])),
        {
            "policy": "policy",
            "recall": ("incidents found", share_text),
            "precision": ("alerts about one", share_text),
            "detection_p50_s": ("detection", span_text),
            "spent_before_max": ("budget before it, at most", share_text),
            "reset_p50_s": ("reset", span_text),
            "pages_per_week": ("pages a week", lambda value: f"{value:.2g}"),
            "flaps": "came back",
        },
        f"Of {len(scores)} policies, those that no other beats in all of recall, pages and"
        " detection, and the shipped one.",
    )
    return


@app.cell(hide_code=True)
def _(best: Recommendation, history: History):
    _happened = len(history.incidents)
    mo.md(f"""
    ## Recommendation

    {" ".join(best.why)}

    The rule: {best.rule}

    {_happened} incidents are few to learn from: a policy that looks better here may only fit these.
    Change `slo/policy.yaml` when it is better on the histories of many SLOs:
    `rtobs backtest --export DIR --sweep` tries all of them together.
    """)
    return


if __name__ == "__main__":
    app.run()
