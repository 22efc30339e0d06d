"""Random PromQL: what people write, with odd spaces, comments, quotes and names."""

from __future__ import annotations

from hypothesis import strategies as st

from rtobs.promql.text import quote

NAMES = ("up", "vllm:ttft_seconds_bucket", "http_requests_total", "by", "sum", "offset", "rate")
LABELS = ("job", "le", "status", "by", "sum")
GROUPINGS = st.lists(st.sampled_from(LABELS), max_size=2, unique=True).map(", ".join)
SPACES = st.sampled_from(("", " ", "\n  ", ' # a "comment" {x="[y]"}\n'))
DURATIONS = st.sampled_from(("5m", "1h30m", "90s", "{{window}}"))
AGGREGATIONS = st.sampled_from(("sum", "max", "COUNT", "group"))
OPERATORS = st.sampled_from(("+", "-", "*", "/", "==", "> bool", "<=", "!="))
SET_OPERATORS = st.sampled_from(("and", "or", "unless", "AND"))
MATCHINGS = st.sampled_from(("", "on(job)", "ignoring (le)", "on (job) group_left()", "on()"))

values = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.sampled_from(('}"', "{{", "a|b", "#", "\\", "[5m]", "`'\"")),
)


@st.composite
def matchers(draw: st.DrawFn) -> str:
    """One matcher with a quoted value in one of PromQL's styles."""
    value = draw(values)
    plain = not set(value) & set("\\\n\r'`\"") and value.isprintable()
    quoted = draw(st.sampled_from((quote(value), *((f"'{value}'", f"`{value}`") if plain else ()))))
    return (
        f"{draw(st.sampled_from(LABELS))}{draw(SPACES)}{draw(st.sampled_from(('=', '!=')))}{quoted}"
    )


@st.composite
def selectors(draw: st.DrawFn) -> str:
    """A vector selector: name and braces, a name alone, or a name inside the braces."""
    name, space = draw(st.sampled_from(NAMES)), draw(SPACES)
    found = draw(st.lists(matchers(), max_size=3))
    inside = f"{space},{space}".join(found) + draw(st.sampled_from(("", ","))) * bool(found)
    shape = draw(st.sampled_from(("alone", "braces", "quoted", "label")))
    if shape == "alone":
        return name
    if shape == "braces":
        return f"{name}{space}{{{space}{inside}{space}}}"
    first = quote(name) if shape == "quoted" else f"__name__={quote(name)}"
    return f"{{{space}{','.join([first, *found])}{space}}}"


@st.composite
def ranged(draw: st.DrawFn) -> str:
    """A function over a range, a subquery, or an offset."""
    selector, duration, space = draw(selectors()), draw(DURATIONS), draw(SPACES)
    return draw(
        st.sampled_from(
            (
                f"rate({space}{selector}{space}[{duration}])",
                f"increase({selector}[ {duration} ]{space}offset 5m)",
                f"max_over_time(rate({selector}[{duration}])[1h:1m])",
                f"{selector} {space}offset {duration}",
                f"{selector}{space}@ end()",
                f"absent({selector})",
            )
        )
    )


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    @st.composite
    def grown(draw: st.DrawFn) -> str:
        left, right, space = draw(inner), draw(inner), draw(SPACES)
        aggregation, grouping = draw(AGGREGATIONS), draw(GROUPINGS)
        return draw(
            st.sampled_from(
                (
                    f"({space}{left})",
                    f"-{left}",
                    f"{aggregation} {space}by{space}({grouping}){space}({left})",
                    f"{aggregation}({left}){space}without ({grouping})",
                    f"topk by ({grouping}) (3,{space}{left})",
                    f"({left}) {draw(OPERATORS)} {draw(MATCHINGS)}{space} ({right})",
                    f"{left} {space}{draw(SET_OPERATORS)} {right}",
                    f"{left} * 1e-3{space}",
                    f'label_replace({left}, "job", "$1", "by", "(.*)")',
                    f"histogram_quantile(0.99, sum by (le) ({left}))",
                )
            )
        )

    return grown()


expressions = st.recursive(selectors() | ranged(), _larger, max_leaves=5)
