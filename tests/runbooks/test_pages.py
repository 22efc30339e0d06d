"""Runbook pages: what is on them, what they link to, and that they can be trusted."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import Final

import promql_parser
import pytest

from rtobs.catalogue.facts import CauseAlert, CauseProof
from rtobs.conventions import Severity
from rtobs.errors import GenerationError
from rtobs.model.alerting import DroppedTier
from rtobs.model.duration import Duration
from rtobs.model.indicator import RatioIndicator
from rtobs.model.site import Site
from rtobs.model.slo import Link, MissingData, Presence, ResolvedService, ResolvedSlo
from rtobs.runbooks import build, build_index
from rtobs.runbooks.silence import silence
from tests.dashboards.samples import FLEET, SITE, VLLM, service, slo

GRAFANA: Final = Site(grafana_url="https://grafana.example")
CAUSE: Final = CauseAlert(
    "VLLMQueueGrowing",
    "sum(vllm:num_requests_waiting) > 100",
    Duration.parse("10m"),
    Severity.WARNING,
    "Requests wait for a free slot.",
    "Answers start late.",
    "Add a replica or lower the concurrency of batch jobs.",
    CauseProof((), (), Duration.parse("15m")),
)
UNSURE: Final = replace(CAUSE, name="VLLMUnsure", verified=False)


def pages(
    of: ResolvedService = VLLM, causes: tuple[CauseAlert, ...] = (), **notes: str
) -> dict[str, str]:
    """Text of a service's pages by path."""
    named = {name.replace("__", "-"): text for name, text in notes.items()}
    return {page.path: page.text for page in build(of, causes, GRAFANA, named)}


def page(one: ResolvedSlo, causes: tuple[CauseAlert, ...] = ()) -> str:
    """The page of one SLO."""
    return pages(service(one.service, one), causes)[f"docs/runbooks/{one.slo_id}.md"]


def section(text: str, heading: str) -> str:
    """What stands below a heading."""
    parts = text.split(f"## {heading}\n")
    assert len(parts) == 2, f"{heading} occurs {len(parts) - 1} times"
    return parts[1].split("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    """The contents of code blocks."""
    return re.findall(rf"```{language}\n(.*?)\n```", text, flags=re.DOTALL)


def test_each_slo_has_a_page_and_the_service_one_for_its_causes() -> None:
    """Paths are those that alerts link to."""
    assert list(pages(causes=(CAUSE,))) == [
        "docs/runbooks/vllm-time-to-first-token.md",
        "docs/runbooks/vllm-http-availability.md",
        "docs/runbooks/vllm-kv-cache-headroom.md",
        "docs/runbooks/vllm-up.md",
        "docs/runbooks/causes-vllm.md",
    ]


def test_the_shortest_path_comes_first() -> None:
    """Whoever is woken reads from the top."""
    headings = re.findall(r"^## (.+)$", pages()["docs/runbooks/vllm-up.md"], flags=re.MULTILINE)
    assert headings == [
        "First minutes",
        "How bad is it now",
        "What usually breaks it",
        "What the tiers of SLOBudgetBurn mean",
        "The other alerts",
        "How to silence",
        "What it means",
        "Where to look",
        "Notes from the team",
    ]


def test_pages_are_deterministic_and_end_with_one_newline() -> None:
    """Committed output changes only when a definition does."""
    first, second = pages(causes=(CAUSE,)), pages(causes=(CAUSE,))
    assert first == second
    assert [text for text in first.values() if not re.search(r"[^\n]\n\Z", text)] == []


@pytest.mark.parametrize("one", [s for of in FLEET for s in of.slos], ids=lambda s: s.slo_id)
def test_queries_are_ready_to_paste(one: ResolvedSlo) -> None:
    """Each stands in a block of its own, parses, and names its SLO."""
    found = blocks(section(page(one), "How bad is it now"), "promql")
    assert len(found) == 5
    for text in found:
        promql_parser.parse(text)
        assert f'slo_id="{one.slo_id}"' in text


def test_grouped_slos_answer_for_each_group() -> None:
    """Which model is it?"""
    text = section(pages()["docs/runbooks/vllm-time-to-first-token.md"], "How bad is it now")
    assert "max by (model_name) (slo:current_burn_rate:ratio" in text


def test_expressions_go_to_the_page_of_their_slo() -> None:
    """A key without an SLO goes to every page; nothing is shown twice."""
    made = build(VLLM, (), SITE, {}, {"vllm-up/Raw SLI": "up", "Targets": "count(up)"})
    texts = {one.path.split("/")[-1]: blocks(one.text, "promql") for one in made}
    assert texts["vllm-up.md"][-2:] == ["up", "count(up)"]
    assert texts["vllm-http-availability.md"][-1] == "count(up)"
    assert "up" not in texts["vllm-http-availability.md"]


def test_tiers_say_what_they_see() -> None:
    """99.5 % over 30 days, minutes: factors, shares and the fifth bad minute."""
    text = section(pages()["docs/runbooks/vllm-up.md"], "What the tiers of SLOBudgetBurn mean")
    rows = [line for line in text.splitlines() if line.startswith("| fast")]
    assert rows == ["| fast | page: act now | 1h and 5m | 14.4 | 7.2% | 2% | 5 min |"]


def test_tiers_of_events_say_when_a_partial_fault_fires() -> None:
    """99.5 % over 7 days; 10 % of the requests fail."""
    text = pages()["docs/runbooks/vllm-http-availability.md"]
    rows = [line for line in text.splitlines() if line.startswith(("| fast", "| ticket"))]
    assert rows == [
        "| fast | page: act now | 1h and 5m | 13.44 | 6.72% | 8% | 4 min 1 s | 40 min 19 s |",
        "| ticket | ticket: this week | 1d and 2h | 1.4 | 0.7% | 20% | 10 min 4 s | 1 h 40 min |",
    ]


def test_a_fault_that_a_tier_never_sees_is_said() -> None:
    """At 95 % the fast tier needs more than 72 % of the events."""
    text = pages()["docs/runbooks/vllm-time-to-first-token.md"]
    rows = [line for line in text.splitlines() if line.startswith("| fast")]
    assert rows[0].endswith("| 43 min 12 s | never |")


def test_dropped_tiers_are_explained() -> None:
    """Nobody waits for an alert that does not exist."""
    one = slo("a", "x", dropped=(DroppedTier("fast", "needs 144 % errors"),))
    text = section(page(one), "What the tiers of SLOBudgetBurn mean")
    assert "- **fast**: needs 144 % errors" in text


def test_the_budget_is_said_in_events_and_in_time() -> None:
    """99.9 % over 30 days."""
    text = section(page(slo("a", "x")), "What it means")
    assert "1 of 1000 events, which is 43 min 12 s of total outage in 30 days." in text


@pytest.mark.parametrize(
    ("presence", "words"),
    [(Presence.REQUIRED, "It pages"), (Presence.OPTIONAL, "It is a ticket")],
)
def test_a_missing_series_pages_where_presence_is_required(presence: Presence, words: str) -> None:
    """The page says which of the two this SLO does."""
    text = section(page(slo("a", "x", presence=presence)), "The other alerts")
    assert words in text


def test_a_service_that_may_scale_to_zero_has_no_alert_about_missing_data() -> None:
    """The page does not describe alerts that are not generated."""
    one = replace(slo("a", "x"), missing_data=MissingData.GOOD)
    text = section(page(one), "The other alerts")
    assert re.findall(r"\*\*(\w+)\*\*", text) == ["SLOBudgetExhausted", "SLOImplausible"]


def test_the_usual_causes_come_with_their_action() -> None:
    """And with a link to the alert's own section."""
    text = section(page(slo("vllm", "x"), (CAUSE,)), "What usually breaks it")
    assert text.strip() == (
        "- [VLLMQueueGrowing](causes-vllm.md#vllmqueuegrowing): Requests wait for a free slot."
        " **Do:** Add a replica or lower the concurrency of batch jobs."
    )


def test_muted_causes_are_not_on_any_page() -> None:
    """The service does not have them."""
    muted = replace(VLLM, muted_causes=("VLLMQueueGrowing",))
    made = pages(muted, (CAUSE,))
    assert [path for path, text in made.items() if "VLLMQueueGrowing" in text] == []
    assert "docs/runbooks/causes-vllm.md" not in made


def test_cause_alerts_have_an_anchor_each() -> None:
    """The name in lower case, as GitHub and GitLab make it of a heading."""
    text = pages(causes=(CAUSE, UNSURE))["docs/runbooks/causes-vllm.md"]
    assert re.findall(r"^## (\w+)$", text, flags=re.MULTILINE) == ["VLLMQueueGrowing", "VLLMUnsure"]
    assert "never pages" not in section(text, "VLLMQueueGrowing")
    assert "never pages" in section(text, "VLLMUnsure")
    assert "for 10 minutes" in text


def test_every_relative_link_has_a_target() -> None:
    """Between pages, and to headings within a page."""
    causes = {one.component: (CAUSE,) for one in FLEET}
    made = {p.path: p.text for of in FLEET for p in build(of, (CAUSE,), GRAFANA)}
    index = build_index(FLEET, causes, GRAFANA)
    made[index.path] = index.text
    anchors = {
        path.split("/")[-1]: {
            re.sub(r"[^\w\- ]", "", h).lower().replace(" ", "-")
            for h in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
        }
        for path, text in made.items()
    }
    broken = []
    for path, text in made.items():
        for target in re.findall(r"\]\(((?!https?:)[^)]+)\)", text):
            file, _, anchor = target.partition("#")
            known = anchors.get(file or path.split("/")[-1])
            if known is None or (anchor and anchor not in known):
                broken.append((path, target))
    assert broken == []


def test_the_index_lists_every_slo_by_domain() -> None:
    """In the order of the domains, services by name."""
    text = build_index(FLEET, {"vllm": (CAUSE,)}, GRAFANA).text
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == ["Inference", "Data"]
    listed = re.findall(r"^\| \[(.+?)\]", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted(s.slo_id for of in FLEET for s in of.slos)
    assert "(causes-vllm.md)" in text
    assert "(causes-orders-db.md)" not in text


def test_panels_are_linked_with_the_slo() -> None:
    """The drill-down opens on this SLO."""
    text = pages()["docs/runbooks/vllm-up.md"]
    expected = "https://grafana.example/d/rtobs-slo?var-slo_id=vllm-up&from=now-6h&to=now"
    assert f"1. Open the [drill-down of this SLO]({expected})." in text


def test_links_of_the_definition_are_on_the_page() -> None:
    """Also those with odd characters."""
    one = slo("a", "x", links=(Link("Design [v2]", "https://wiki.example/a (b)"),))
    text = section(page(one), "Where to look")
    assert "- [Design \\[v2\\]](https://wiki.example/a%20%28b%29)" in text


def test_a_silence_names_one_alert_of_one_slo() -> None:
    """And, for a grouped SLO, one group."""
    text = section(pages()["docs/runbooks/vllm-time-to-first-token.md"], "How to silence")
    commands = [shlex.split(block) for block in blocks(text, "sh")]
    everything = ['alertname="SLOBudgetBurn"', 'slo_id="vllm-time-to-first-token"']
    assert [words[5:] for words in commands] == [
        everything,
        [*everything, 'model_name="MODEL_NAME"'],
    ]
    assert commands[0][:5] == [
        "amtool",
        "silence",
        "add",
        "--duration=2h",
        "--comment=incident or change number",
    ]


def test_silences_are_quoted_for_the_shell_and_for_alertmanager() -> None:
    """A value with quotes of both kinds stays one matcher, with its value escaped."""
    command = silence((("queue", 'it\'s "a"; rm'),), "it's me")
    assert shlex.split(command)[4:] == ["--comment=it's me", 'queue="it\'s \\"a\\"; rm"']


def test_notes_of_the_team_stand_unchanged_at_the_end() -> None:
    """Their Markdown is theirs."""
    text = pages(vllm__up="Ask *Ada*.\n\n- first\n")["docs/runbooks/vllm-up.md"]
    assert text.endswith("## Notes from the team\n\nAsk *Ada*.\n\n- first\n")


def test_a_page_without_notes_says_where_to_write_them() -> None:
    """The path that the generator reads."""
    text = section(pages()["docs/runbooks/vllm-up.md"], "Notes from the team")
    assert "`docs/runbooks/notes/vllm-up.md`" in text


def test_a_ratio_from_elsewhere_is_shown() -> None:
    """The fourth kind of indicator."""
    text = section(page(slo("a", "x", RatioIndicator("a`b"))), "What it means")
    assert "every minute has the error ratio ``a`b``." in text


def test_text_of_users_is_no_markup() -> None:
    """Neither a heading nor a link nor HTML comes out of a description."""
    text = page(slo("a", "x", description="# Hi\n<img src=x> [a](b) | `c`"))
    assert "\\# Hi \\<img src=x\\> \\[a\\](b) \\| \\`c\\`" in text


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", ".hidden", "a b", ""])
def test_a_name_never_becomes_a_path(name: str) -> None:
    """The last line of defence; definitions refuse such names before."""
    with pytest.raises(GenerationError, match="cannot be the name of a runbook page"):
        build(service("a", replace(slo("a", "x"), slo_id=name)), (), SITE)


def test_a_cause_that_only_blinds_breaks_no_slo() -> None:
    """It has its place on the page of the causes, and none among what usually breaks the SLO."""
    made = pages(causes=(CAUSE, replace(CAUSE, name="VLLMBlind", blinds=True)))

    of_slos = [text for path, text in made.items() if "causes-" not in path]
    assert "## VLLMBlind" in made["docs/runbooks/causes-vllm.md"]
    assert [("VLLMBlind" in text, CAUSE.name in text) for text in of_slos] == [
        (False, True) for _ in of_slos
    ]
