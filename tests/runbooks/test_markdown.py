"""Text of users stays text."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rtobs.runbooks.markdown import code, fence, link, plain, table

RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
# Everything that Markdown gives a meaning, and some that HTML does.
MARKUP = st.text(alphabet="ab1 \\`*_{}[]()<>#+-.!|~&$:/\"'=\n", max_size=40)


def shown(markdown: str) -> str:
    """What a reader sees of a paragraph."""
    html = RENDERER.render(markdown).strip()
    match = re.fullmatch(r"(?:<p>(.*)</p>)?", html, flags=re.DOTALL)
    assert match is not None, html
    assert "<" not in (match[1] or ""), html
    return unescape(match[1] or "")


@given(MARKUP)
def test_plain_text_is_shown_as_it_was_written(text: str) -> None:
    """No list, heading, link, emphasis or tag comes out of it."""
    assert shown(plain(text)) == " ".join(text.split())


@given(MARKUP)
def test_plain_text_survives_behind_other_words(text: str) -> None:
    """In the middle of a line nothing else is markup."""
    assert shown(f"x {plain(text)}") == f"x {' '.join(text.split())}".rstrip()


@given(MARKUP.filter(lambda text: text.strip() != ""))
def test_a_code_span_holds_any_text(text: str) -> None:
    """Backticks inside do not end it."""
    html = RENDERER.render(f"x {code(text)} y").strip()
    line = " ".join(text.split())
    match = re.fullmatch(r"<p>x <code>(.*)</code> y</p>", html)
    assert match is not None, html
    assert unescape(match[1]) == line


@given(MARKUP)
def test_a_block_holds_any_text(text: str) -> None:
    """Fences inside do not end it."""
    html = RENDERER.render(fence(text, "promql"))
    match = re.fullmatch(
        r'<pre><code class="language-promql">(.*)</code></pre>\n', html, flags=re.DOTALL
    )
    assert match is not None, html
    assert unescape(match[1]).strip() == text.strip()


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://a.example/b?c=d&e=f#g", "https://a.example/b?c=d&amp;e=f#g"),
        ("page.md#anchor", "page.md#anchor"),
        ("https://a.example/(b) c", "https://a.example/%28b%29%20c"),
        ('https://a.example/"><b>', "https://a.example/%22%3E%3Cb%3E"),
    ],
)
def test_a_link_leads_where_it_should(url: str, target: str) -> None:
    """Brackets and blanks of a URL do not end it."""
    assert RENDERER.render(link("t", url)) == f'<p><a href="{target}">t</a></p>\n'


@pytest.mark.parametrize("url", ["javascript:alert(1)", "JavaScript:x", "data:text/html,x"])
def test_a_link_that_runs_code_is_shown_as_text(url: str) -> None:
    """Only web and mail addresses can be clicked."""
    assert "<a" not in RENDERER.render(link("t", url))


def test_a_table_has_a_line_for_each_row() -> None:
    """GitHub's and GitLab's form."""
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
