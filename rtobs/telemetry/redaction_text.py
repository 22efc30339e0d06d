"""Secrets in free text: by their shape, by the name before them, in addresses and in SQL.

Every pattern takes time in proportion to the text, whatever the text is: log lines hold dumps and
what strangers sent. So no pattern begins with a repetition, and those that may fail late are
bounded or give nothing back (`*+`).
"""

from __future__ import annotations

import re

__all__ = ["HIDDEN", "clip", "hide_literals", "scrub"]

HIDDEN = "[redacted]"

# One cheap look for something that could begin a secret; most texts end here. Literals come first
# in each alternative: the regular expression engine finds them through a table of characters.
_HINT = re.compile(
    "://|-----begin|bearer|basic|eyj|sk-|sk_|pk-|pk_|rk-|rk_|gho_|ghp_|ghr_|ghs_|ghu_|github_pat_"
    "|glpat-|hvs|hvb|hf_|npm_|pypi-|dop_v1_|shpat_|xox|akia|asia|aiza"
    "|passw|passphrase|passcode|pwd|secret|key|session|authorization|cookie|credential|token"
    r"|\?[^\s=&?]{1,64}="
)
_SHAPES = (
    r"-----BEGIN [A-Z ]{0,64}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,64}PRIVATE KEY-----|\Z)",
    r"(?i:\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}",
    r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,2}",
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}",
    r"\b(?:gh[oprsu]_|github_pat_|glpat-|hvs\.|hvb\.|hf_|npm_|pypi-|dop_v1_|shpat_)[\w.-]{16,}",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"\bA(?:KI|SI)A[A-Z0-9]{16}\b",
    r"\bAIza[A-Za-z0-9_-]{30,}",
)
_SHAPE = re.compile("|".join(f"(?:{shape})" for shape in _SHAPES), re.DOTALL)

# What stands before a name ("DB_" of DB_PASSWORD) does not matter, so it is not looked at.
_NAMES = (
    r"(?:(?:password|passwd|passphrase|passcode|pwd|secret|credential)s?(?:[_-]\w{1,32}|\d{1,4})?"
    r"|(?:api|private|access|secret|signing|encryption|session)[_-]?keys?|session[_-]?id|sessid"
    r"|token)"
)
# Quoted text with its escaped quotes, also in JSON in JSON, also as b'…', ['…'] and Secret(v='…').
# Text that was cut has no closing quote. A cut or broken literal is hidden to the end.
_SCHEME = r"(?:basic|bearer|token|api-?key|digest|negotiate|ntlm|dpop|jwt)\s+"
_QUOTED = (
    rf"(?:{_SCHEME})?(?:[\w.]{{0,64}}[(=\[]\s?){{0,3}}[bru]{{0,2}}"
    r"(?P<quote>\\{0,8}[\"'])(?s:.*?)(?:(?<!\\)(?P=quote)|\Z)"
)
_PART = r"(?:\[redacted\]|\\++(?![\"'])|[^\s\"',;&)}\]\\])++"
# A comma or bracket belongs to the value when what follows it is no next `name=`.
_BARE = rf"{_PART}(?:[,;&)}}\]](?=[^\s\"',;&)}}\]=:]++(?:[\s,;&)}}\]]|\Z)){_PART})*+"
# "Authorization: Scheme value"; the value of an unknown scheme must look like one.
_CREDENTIAL = r"(?:[a-z][\w-]{0,31}[ ]+(?=(?:\[redacted\]|[\w.~+/-]++=*+)(?:[\s\"',;)}\]\\]|\Z)))?"
_LINE = r"(?:digest|hawk|oauth|aws4-[\w-]{1,32})[ ][^\r\n]*"
_ASSIGNED = re.compile(
    rf"(?i)(?P<name>(?P<cookie>cookies?)|(?P<login>authorization)|{_NAMES})"
    r"(?P<mark>\\{0,8}[\"']?\]?\s*(?:[=:]{1,2}>?|->)\s*)"
    # What is quoted in a cookie or a digest is a part of it: these end with their line.
    rf"(?P<value>(?(login){_LINE}|(?!))|(?(cookie)(?![\w.-]{{1,64}}=)){_QUOTED}"
    rf"|(?(cookie)[^\r\n]+|(?(login){_CREDENTIAL}|(?:{_SCHEME})?){_BARE}))"
)
# A header as a pair: ('x-api-key', '…').
_PAIR = re.compile(
    rf"(?i)(?P<name>\(\s?[bru]{{0,2}}[\"'][\w.-]{{0,64}}?(?:cookie|authorization|{_NAMES})[\"'])"
    rf"(?P<mark>\s?,\s?)(?P<value>{_QUOTED})"
)
# A user with a password ends at the last @, for passwords hold anything. A number and a slash are
# a port: "host:8080/@name" has no user.
_URL = re.compile(
    r"://(?P<user>[^\s/?#@:\"'<>]{0,256}:(?!\d{1,5}[/?#])[^\s\"'<>]{0,2048}@|[^\s/?#\"'<>]*@)?"
    r"(?P<rest>[^\s?#\"'<>:]*(?::(?!//)[^\s?#\"'<>:]*)*+)"
    r"(?P<query>\?[^\s#\"'<>]*)?(?P<fragment>#[^\s\"'<>]*)?"
)
# The query of a path without a host, as access logs show it.
_QUERY = re.compile(r"(?<=[\w/.)}\]~-])\?(?=[^\s=&?\"'<>#]{1,64}=)[^\s\"'<>]*")

# In standard SQL "x" is a name, in MySQL text. Names that are qualified stay; plain words stay too
# where no value can stand. A quote behind a backslash is read differently by each database, so
# that everything after it is hidden.
_WORD = r"\"[A-Za-z_]\w{0,62}\""
_SQL_LITERAL = re.compile(
    rf"(?P<qualified>{_WORD}(?=\.)|(?<=\.){_WORD})|(?P<word>(?<![=<>])(?<![=<>] ){_WORD})"
    r"|'(?:[^'\\]|''|\\(?!'))*+(?:'|\\.*|\Z)|\"(?:[^\"\\]|\"\"|\\(?!\"))*+(?:\"|\\.*|\Z)"
    r"|(?<![\w$])\$(?P<tag>\w{0,63})\$.*?(?:\$(?P=tag)\$|\Z)|\b\d+(?:\.\d+)?\b",
    re.DOTALL,
)
_SQL_VALUES = re.compile(r"(?i)\b(?:values|in|like)\b")


def scrub(text: str) -> str:
    """`text` with everything hidden that has the shape of a secret, and URLs shortened."""
    if not _HINT.search(text.lower()):
        return text
    if "://" in text:
        text = _URL.sub(_short_url, text)
    if "?" in text:
        text = _QUERY.sub("?" + HIDDEN, text)
    text = _SHAPE.sub(HIDDEN, text)
    if "(" in text:
        text = _PAIR.sub(_hide_value, text)
    if "=" in text or ":" in text or "->" in text:
        text = _ASSIGNED.sub(_hide_value, text)
    return text


def clip(text: str, length: int) -> str:
    """`text` cut to `length` characters, with a mark where it was cut."""
    return text if len(text) <= length else text[: max(length - 1, 0)] + "…"


def hide_literals(query: str) -> str:
    """A database query that keeps its shape and loses its values."""
    values = _SQL_VALUES.search(query)
    # Where names stand in backticks, double quotes hold text.
    first = 0 if "`" in query else values.start() if values else len(query)

    def shown(match: re.Match[str]) -> str:
        named = match["qualified"] or (match["word"] if match.start() < first else None)
        return named or "?"

    return _SQL_LITERAL.sub(shown, query)


def _short_url(match: re.Match[str]) -> str:
    query = "?" + HIDDEN if match["query"] and len(match["query"]) > 1 else ""
    user = HIDDEN + "@" if match["user"] else ""
    return f"://{user}{match['rest']}{query}"


def _hide_value(match: re.Match[str]) -> str:
    return f"{match['name']}{match['mark']}{HIDDEN}"
