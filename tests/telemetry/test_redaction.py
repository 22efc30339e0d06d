"""No secret leaves the process, and nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import rtobs
from rtobs import ConfigurationError, Redaction
from rtobs.telemetry.redaction import HIDDEN, Redactor
from rtobs.testing import OTLPSink
from tests.telemetry.secrets_corpus import (
    INNOCENT_ATTRIBUTES,
    INNOCENT_TEXTS,
    MARKER,
    SECRET_TEXTS,
    SECRETS_BY_KEY,
)
from tests.telemetry.service import run

REDACTOR = Redactor(Redaction(), value_length=1024, items=64)
_PLANT = """
    import json, logging, sys
    from tests.telemetry.secrets_corpus import SECRET_TEXTS, SECRETS_BY_KEY
    rtobs.init("svc", endpoint={endpoint!r}, logs={logs!r}, limits=rtobs.Limits(queue=10_000))
    log = logging.getLogger("svc")
    labelled = rtobs.counter("labelled", labels=["a"])
    for key, secret in SECRETS_BY_KEY:
        with rtobs.span("by key", **{{key: secret}}) as span:
            span.add_event("event", {{key: secret}})
        log.info("by key", extra={{key: secret, "nested": {{"deep": {{key: secret}}}}}})
    for text in SECRET_TEXTS:
        with rtobs.span("by shape", note=text, notes=[text, "b"]) as span:
            span.add_event("event " + text, {{"note": text}})
            span.record_exception(ValueError(text))
            span.update_name("by shape " + text)
        log.info(text)
        log.info("with argument %s", text)
        log.info("extra", extra={{"note": text}})
        labelled.add(1, a=text)
        try:
            raise RuntimeError(text)
        except RuntimeError:
            log.exception("failed")
        try:
            with rtobs.span("raises"):
                raise RuntimeError(text)
        except RuntimeError:
            pass
"""


def test_the_corpus_is_large_enough() -> None:
    """At least two hundred secrets are planted, and each of them carries the marker."""
    assert len(SECRETS_BY_KEY) + len(SECRET_TEXTS) >= 200
    assert all(MARKER in text for text in SECRET_TEXTS)


@pytest.mark.parametrize("logs", ["otlp", "stdout-json"])
def test_no_planted_secret_leaves_the_process(logs: str) -> None:
    """Neither the bytes that the receiver got nor stdout and stderr hold a planted secret."""
    with OTLPSink() as sink:
        ended = run(_PLANT.format(endpoint=sink.endpoint, logs=logs))
        received = b"".join(sink.bodies)
        expected = 1 if logs == "otlp" else 0
        assert ended.code == 0
        assert len(sink.spans) == len(SECRETS_BY_KEY) + 2 * len(SECRET_TEXTS)
        assert (len(sink.logs) > 0) == expected
    leaks = {
        place: text.count(MARKER)
        for place, text in (
            ("otlp", received.decode("latin-1")),
            ("stdout", ended.out),
            ("stderr", ended.err),
        )
    }
    assert leaks == {"otlp": 0, "stdout": 0, "stderr": 0}


@pytest.mark.parametrize("key", INNOCENT_ATTRIBUTES)
def test_innocent_attributes_are_untouched(key: str) -> None:
    """Keys that only look like secrets keep their values."""
    value = INNOCENT_ATTRIBUTES[key]
    assert REDACTOR.value(key, value) == value


@pytest.mark.parametrize("text", INNOCENT_TEXTS)
def test_innocent_texts_are_untouched(text: str) -> None:
    """Texts without a secret stay as they are."""
    assert REDACTOR.text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://app:pw@db:5432/orders", f"postgresql://{HIDDEN}@db:5432/orders"),
        ("http://host/a?b=c&d=e#f", f"http://host/a?{HIDDEN}"),
        ("password=hunter2 user=ada", f"password={HIDDEN} user=ada"),
        ("Authorization: Bearer abcdefgh12", f"Authorization: {HIDDEN}"),
        ("authorization=ok user=7", f"authorization={HIDDEN} user=7"),
        ("Authorization: Token abc, again in 3 s", f"Authorization: {HIDDEN}, again in 3 s"),
        ("Cookie: a=b; c=d\nHost: x", f"Cookie: {HIDDEN}\nHost: x"),
        ("{'password': b'abc', 'user': 'ada'}", f"{{'password': {HIDDEN}, 'user': 'ada'}}"),
        ("{password:abc,user:ada}", f"{{password:{HIDDEN},user:ada}}"),
        ("[('x-api-key', 'abc'), ('host', 'x')]", f"[('x-api-key', {HIDDEN}), ('host', 'x')]"),
        ("postgresql://u:p@ss@host/db", f"postgresql://{HIDDEN}@host/db"),
        ("GET /reset?code=abc HTTP/1.1", f"GET /reset?{HIDDEN} HTTP/1.1"),
    ],
)
def test_what_surrounds_a_secret_stays_readable(text: str, shown: str) -> None:
    """Host, path and other fields survive; only the secret is replaced."""
    assert REDACTOR.text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2",
        "Authorization: Token abc and more",
        "see http://u:p@host/a?b=c",
        "{'password': ['abc', 'def']}",
    ],
)
def test_what_was_hidden_once_stays_as_it_is(text: str) -> None:
    """Redaction of a redacted text changes nothing."""
    once = REDACTOR.text(text)
    assert REDACTOR.text(once) == once


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (
            "SELECT * FROM users WHERE mail = 'ada@example.org' AND age > 42",
            "SELECT * FROM users WHERE mail = ? AND age > ?",
        ),
        (
            'SELECT "u"."id" FROM "u" WHERE "u"."a" = 7',
            'SELECT "u"."id" FROM "u" WHERE "u"."a" = ?',
        ),
        ('SELECT * FROM u WHERE mail="bob@x.de"', "SELECT * FROM u WHERE mail=?"),
        ('SELECT * FROM u WHERE name = "bob"', "SELECT * FROM u WHERE name = ?"),
        ('SELECT "bob" FROM `u`', "SELECT ? FROM `u`"),
        ('INSERT INTO u ("name") VALUES ("bob")', 'INSERT INTO u ("name") VALUES (?)'),
        (r"SELECT 'it\'s bob' AND b", "SELECT ?"),
        ("SELECT 'it''s bob' AND b", "SELECT ? AND b"),
        ("SELECT $$bob@x.de$$, $a$bob$a$, $1", "SELECT ?, ?, $?"),
        ("SELECT 'was cut bob", "SELECT ?"),
    ],
)
def test_query_literals_are_replaced(query: str, shown: str) -> None:
    """The text of a database query keeps its shape and loses its values."""
    assert REDACTOR.value("db.query.text", query) == shown


def test_values_are_cut() -> None:
    """Long text is cut at the limit, and a secret across the cut does not survive in part."""
    assert len(REDACTOR.text("x" * 5000)) == 1024
    straddling = "y" * 1015 + " Bearer " + "a" * 100
    assert "aaa" not in REDACTOR.text(straddling)


def test_unknown_objects_are_named_and_never_shown() -> None:
    """The representation of an object may hold anything; only its type is recorded."""
    assert REDACTOR.value("object", object()) == "<object>"
    assert REDACTOR.value("nested", {"a": {"b": {"c": {"d": 1}}}}) == {"a": {"b": {"c": "<dict>"}}}
    assert REDACTOR.value("keys", {object(): 1, 2: 3}) == {"<object>": 1, "2": 3}


class _Proxy:
    @property
    def __class__(self) -> Any:
        raise RuntimeError("outside of a request")

    @__class__.setter
    def __class__(self, kind: object) -> None: ...


class _Broken(dict[str, int]):
    def items(self) -> Any:
        raise OSError


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (_Proxy, "<_Proxy>"),
        (lambda: _Broken(a=1), "<_Broken>"),
        (lambda: 10**5000, "<int>"),
        (lambda: 2**64, str(2**64)),
        (lambda: 2**62, 2**62),
    ],
    ids=["proxy", "mapping", "huge", "long", "plain"],
)
def test_what_cannot_be_read_or_written_is_named(make: Callable[[], object], shown: object) -> None:
    """An object that raises when it is looked at costs itself and not its neighbours."""
    assert REDACTOR.attributes({"one": make(), "other": 1}) == {"one": shown, "other": 1}


def test_secrets_in_the_keys_of_mappings_are_hidden() -> None:
    """A session that is counted by its token is counted, and the token is gone."""
    planted = "sk-" + "a" * 20
    for _ in range(2):  # the second time everything is remembered
        assert REDACTOR.attributes({"by": {planted: 1}, planted: 2}) == {
            "by": {HIDDEN: 1},
            HIDDEN: 2,
        }
        assert REDACTOR.passes({planted: 2}) is False


def test_a_service_adds_its_own_rules() -> None:
    """Own keys and patterns are hidden too, and content is kept where that was chosen."""
    own = Redactor(
        Redaction(keys=frozenset({"iban"}), patterns=(r"CUST-\d+",), content=True), 100, 10
    )
    assert own.value("IBAN", "DE1") == HIDDEN
    assert own.value("note", "see CUST-77") == f"see {HIDDEN}"
    assert own.value("prompt", "hello") == "hello"
    with pytest.raises(ConfigurationError, match="patterns"):
        Redaction(patterns=("(",))


def test_an_exception_leaves_its_type_and_not_its_message() -> None:
    """`rtobs.span` records `error.type` only."""
    with rtobs.testing.capture() as captured:
        with pytest.raises(KeyError), rtobs.span("failing"):
            raise KeyError("customer 7")
        span = captured.span("failing")
    assert (span.status, span.attributes, span.events) == (
        "ERROR",
        {"error.type": "KeyError"},
        (),
    )


def test_a_log_line_is_json_with_the_agreed_keys() -> None:
    """A line holds exactly the keys that the pipeline reads, and the ids of the span."""
    ended = run("""
        import logging, json
        rtobs.init("svc")
        with rtobs.bind_tenant("acme"), rtobs.span("one"):
            print(json.dumps(rtobs.current_trace()))
            try:
                1 / 0
            except ZeroDivisionError:
                logging.getLogger("app").exception("failed %d", 7, extra={"order": 3})
    """)
    ids, line = (json.loads(text) for text in ended.out.splitlines())
    assert (line["trace_id"], line["span_id"]) == tuple(ids)
    assert {key: line[key] for key in ("level", "message", "logger", "service", "tenant_id")} == {
        "level": "error",
        "message": "failed 7",
        "logger": "app",
        "service": "svc",
        "tenant_id": "acme",
    }
    assert (line["error_type"], line["order"]) == ("ZeroDivisionError", 3)
    assert line["stack"].endswith("ZeroDivisionError: division by zero")
