"""What no file has wrong alone."""

from __future__ import annotations

from rtobs.slo.checks import check_fleet
from tests.slo.shop import GOOD, source_of

SPEAKS = GOOD.replace("    presence: required\n", "    speaksForDomain: true\n")


def messages(*files: tuple[str, str]) -> list[str]:
    """Reports about definitions, as (path, text)."""
    sources = [source_of(text, path) for path, text in files]
    return [str(problem) for problem in check_fleet(sources)]


def test_one_service_is_one_file() -> None:
    """The rules of the second file would replace those of the first."""
    (message,) = messages(("slo/data/shop.yaml", GOOD), ("slo/inference/shop.yaml", GOOD))
    assert message == (
        'slo/inference/shop.yaml:3:10: error[duplicate-service]: the service "shop" has a second'
        " definition\n   | service: shop\n   |          ^^^^\n"
        "   hint: the first is slo/data/shop.yaml; one service is one file"
    )


def test_two_services_cannot_make_one_id() -> None:
    """`shop` with `up-time` and `shop-up` with `time` would write the same series."""
    one = GOOD.replace("name: up\n", "name: up-time\n")
    two = GOOD.replace("service: shop\n", "service: shop-up\n").replace(
        "name: up\n", "name: time\n"
    )
    (message,) = messages(("slo/data/shop.yaml", one), ("slo/data/shop-up.yaml", two))
    assert message == (
        'slo/data/shop-up.yaml:7:11: error[duplicate-slo]: the id "shop-up-time" is taken by'
        " another service\n   |   - name: time\n   |           ^^^^\n"
        "   hint: it is that of slo/data/shop.yaml:7:11; rename one of the two SLOs"
    )


def test_a_domain_has_one_voice() -> None:
    """Two speakers in one domain are one too many; two in two domains are fine."""
    other = SPEAKS.replace("service: shop\n", "service: market\n")
    (message,) = messages(("slo/data/shop.yaml", SPEAKS), ("slo/data/market.yaml", other))
    assert message.startswith("slo/data/market.yaml:10:22: error[domain-speaker]")
    assert messages(("slo/data/shop.yaml", SPEAKS), ("slo/security/market.yaml", other)) == []


def test_different_services_are_fine() -> None:
    """Equal names of SLOs in two services are two ids."""
    other = GOOD.replace("service: shop\n", "service: market\n")
    assert messages(("slo/data/shop.yaml", GOOD), ("slo/data/market.yaml", other)) == []
