"""Made-up secrets in the places where they turn up, and innocent neighbours of theirs.

Each secret contains the marker, so that a leak is found in raw bytes.
"""

from __future__ import annotations

MARKER = "zQ7zPlanted"


def _planted(number: int) -> str:
    return f"{MARKER}{number:04d}aB3dE5fG7hJ9kL1mN"


SECRET_KEYS = (
    *("authorization", "Authorization", "http.request.header.authorization", "proxy-authorization"),
    *("cookie", "set-cookie", "Set-Cookie", "http.request.header.cookie", "x-api-key", "api_key"),
    *("apiKey", "API-KEY", "apikey", "password", "db.password", "userPassword", "PASSWORD"),
    *("passwd", "pwd", "passphrase", "secret", "client_secret", "clientSecret", "secretKey"),
    *("token", "access_token", "accessToken", "refresh_token", "id_token", "auth.token", "jwt"),
    *("private_key", "privateKey", "aws_secret_access_key", "accessKey", "signing_key"),
    *("session_id", "sessionId", "credentials", "db.credential", "x-amz-signature", "csrf-token"),
    *("PGPASSWORD", "dbpassword", "accesstoken", "authtoken", "csrftoken", "sessionid", "passcode"),
    *("JSESSIONID", "PHPSESSID", "privatekey", "secretkey", "api_keys", "setcookie"),
    *("llm.output_messages.0.message.content", "llm.input_messages.0.message.content"),
    *("llm.completions.0.text", "llm.prompt_template.variables", "traceloop.entity.input"),
    *("gen_ai.event.content", "gen_ai.input.messages.0.content"),
    *("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.prompt.0.content", "prompt"),
    *("gen_ai.system_instructions", "gen_ai.completion", "llm.prompts", "messages", "transcript"),
)

SHAPES = (
    "Bearer {}",
    "bearer {}",
    "Basic {}",
    "eyJ{}.eyJ{}.{}",
    "sk-{}",
    "sk-proj-{}",
    "pk_live_{}",
    "ghp_{}",
    "github_pat_{}",
    "glpat-{}",
    "hvs.{}",
    "hf_{}",
    "xoxb-{}",
    "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n{}",
    "password={}",
    "password: {}",
    "PASSWORD='{}'",
    '{{"password": "{}"}}',
    "api_key={}",
    "x-api-key: {}",
    "client_secret={}",
    "access_token={}",
    "token={}",
    "Authorization: Basic {}",
    "Cookie: session={}",
    "DB_PASSWORD={}",
    "https://user:{}@host.example/path",
    "postgresql://app:{}@db:5432/orders",
    "redis://:{}@cache:6379/0",
    "https://host.example/path?q={}",
    "https://host.example/cb?code={}&state=1#x",
    "GET http://host.example/?sig={} failed",
    "{{'password': b'{}'}}",
    "{{'password': ['{}']}}",
    "Settings(password=SecretStr('{}'))",
    "Settings(password=Secret(value='{}'))",
    '{{"body": "{{\\"password\\": \\"{}\\"}}"}}',
    '{{\\"password\\": \\"a\\\\\\"{}\\"}}',
    'password="a\\"{}"',
    'password="was cut {}',
    "password=a,{}",
    "password: a){}",
    "PGPASSWORD={}",
    "JSESSIONID={}",
    "SECRET_KEY={}",
    "environ['PGPASSWORD'] = '{}'",
    "token -> {}",
    "Authorization: Token {}",
    "authorization: ApiKey {}",
    "{{'Authorization': 'Token {}'}}",
    'Authorization: Digest username="ada", response="{}"',
    "Cookie: theme=dark; sid={}",
    'Cookie: theme="dark"; sid={}',
    "Set-Cookie: lang=en; Path=/; sid={}",
    "{{'cookie': 'theme=dark; sid={}'}}",
    "('x-api-key', '{}')",
    "(b'authorization', b'Token {}')",
    "postgresql://u:p@{}@host/db",
    "postgresql://u:p/{}@host/db",
    "postgresql://u:p#{}@host/db",
    "https://host.example/http://u:{}@inner/",
    "GET /reset?code={} HTTP/1.1",
)

SECRETS_BY_KEY = [(key, _planted(number)) for number, key in enumerate(SECRET_KEYS)]
SECRET_TEXTS = [
    prefix
    + shape.replace("{}", _planted(1000 + number * 10 + place))
    .replace("{{", "{")
    .replace("}}", "}")
    for number, shape in enumerate(SHAPES)
    for place, prefix in enumerate(("", "while calling: ", "a b c, (", "\n", "x=1; "))
]

INNOCENT_ATTRIBUTES: dict[str, object] = {
    "max_tokens": 512,
    "gen_ai.usage.input_tokens": 17,
    "gen_ai.usage.output_tokens": 18,
    "gen_ai.token.type": "input",
    "token_type": "bearer",
    "token.limit": 100,
    "session_count": 3,
    "session.duration": 1.5,
    "author": "Ada",
    "authority": "city",
    "authentication_method": "oidc",
    "http.route": "/tokens/{id}",
    "key": "orders",
    "partition_key": "eu",
    "cache.key": "user:7",
    "passenger": "yes",
    "compass": "north",
    "secretary": "Bob",
    "prompt_tokens": 12,
    "completion_tokens": 13,
    "message_count": 4,
    "url.full": "https://host.example/v1/chat",
    "url.path": "/v1/chat",
    "server.address": "10.0.0.1",
    "model": "llama-3.3-70b",
    "tags": ["a", "b"],
    "ratio": 0.5,
    "flag": True,
}

INNOCENT_TEXTS = (
    "tokenizer loaded in 3 s",
    "max_tokens=512, temperature=0.2",
    "prompt_tokens: 12",
    "the author is Ada: see chapter 3",
    "session_count=3",
    "basic checks passed",
    "ask the bearer of this",
    "2026-11-24T19:13:08+00:00 ready at http://10.0.0.1:8000/healthz",
    "risk-averse task-force of sk-learn",
    "key=orders partition=3",
    "user 7 logged in",
    "SELECT count(*) FROM tokens",
    "see https://medium.example/@ada/post and http://host:8080/@ada",
    "Unexpected token: }",
    "is it a key? yes=1",
    "authorization took 3 s",
)
