"""`python3 -m course facts`: the list, its filters, and the diff of refreshed prices."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from course import cli, facts, prices
from course.fact_uses import uses
from course.problem import Problem
from labsupport.facts import FactError, all_facts, fact
from labsupport.facts.records import FOLDER, read_facts

TODAY = date(2026, 11, 21)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "_today", lambda: TODAY)


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.run_here(["facts", *arguments]) == 0
    return capsys.readouterr().out


def test_lists_every_fact_with_value_source_date_and_uses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = listed(capsys)
    assert all(f"{each.id} = " in text for each in all_facts())
    entry = text[text.index("timeout.default_s = 3 s") :].split("\n")[:3]
    assert entry[1].startswith("    checked ")
    assert "lesson 02" in entry[2]
    assert text.splitlines()[-1].startswith(f"{len(all_facts())} facts: ")


def test_lists_those_whose_ids_begin_so(capsys: pytest.CaptureFixture[str]) -> None:
    text = listed(capsys, "price.gbs.", "timeout.max_s")
    ids = [line.split(" = ")[0] for line in text.splitlines() if line[:1] != " " and " = " in line]
    assert ids == ["price.gbs.x86", "price.gbs.arm", "timeout.max_s"]
    assert cli.run_here(["facts", "prize."]) == 1
    assert "No fact's id begins with prize." in capsys.readouterr().err


def test_lists_those_checked_more_than_180_days_ago(capsys: pytest.CaptureFixture[str]) -> None:
    text = listed(capsys, "--old")
    dates = [
        line.split()[1].rstrip(",") for line in text.splitlines() if line[:12] == "    checked "
    ]
    assert dates
    assert all(each < "2026-05-26" for each in dates)
    made = fact("timeout.max_s")
    boundary = {"2026-05-25": 180, "2026-05-24": 181}
    for day, age in boundary.items():
        assert (TODAY - date.fromisoformat(day)).days == age
        old = facts.is_old(type(made)(made.id, 1, None, "", "", day, "high"), TODAY)
        assert old is (age > 180)


def test_lists_those_unused_or_of_one_confidence(capsys: pytest.CaptureFixture[str]) -> None:
    text = listed(capsys, "--unused", "--confidence", "low")
    entries = text.splitlines()[:-1]
    assert {line for line in entries if line.startswith("    used")} == {"    used: nowhere"}
    assert all("low confidence" in line for line in entries if line.startswith("    checked"))


def test_finds_uses_in_lessons_questions_and_code() -> None:
    found = uses(all_facts())
    assert "lesson 02" in found["price.requests"]
    assert "question first-function-status" in found["invoke.sync_retries"]
    assert "labsupport/pricing/functions.py" in found["price.pc.arm"], "f“price.pc.{chip}”"
    assert "labsupport/functions/processes/cpu_share.py" in found["memory.vcpu_1_at_mb"]
    assert "labsupport/pricing/options.py" in found["price.ec2.t4g.medium"]
    assert found["gpu.memory_gib"] == []
    assert found["price.sqs"] == [], "no part that is put in holds a dot"


def test_a_wrong_facts_file_is_a_sentence_with_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise FactError("price.yml, line 3: price.formula lacks 'source'.")

    monkeypatch.setattr(facts, "all_facts", broken)
    assert cli.run_here(["facts"]) == 1
    assert capsys.readouterr().err == "price.yml, line 3: price.formula lacks 'source'.\n"


# Refreshing prices


class PriceList:
    """Answers as the Price List API does, with the prices of the facts but for some."""

    def __init__(self, changed: dict[str, list[tuple[str, str]]]) -> None:
        self.asked: list[dict[str, str]] = []
        self.changed = changed

    def get_paginator(self, operation: str) -> PriceList:
        assert operation == "get_products"
        return self

    def paginate(self, *, ServiceCode: str, Filters: list[Any]) -> Iterator[Any]:
        wanted = {each["Field"]: each["Value"] for each in Filters}
        assert {each["Type"] for each in Filters} == {"TERM_MATCH"}
        assert wanted["regionCode"] == "us-east-1"
        self.asked.append({"service": ServiceCode, **wanted})
        fact_id = next(
            name
            for name, offer in prices.OFFERS.items()
            if (offer.service, offer.usage) == (ServiceCode, wanted["usagetype"])
        )
        tiers = self.changed.get(fact_id, self.same(fact_id))
        yield {"PriceList": []}
        yield {"PriceList": [self.product(wanted["usagetype"], tiers)] if tiers else []}

    @staticmethod
    def same(fact_id: str) -> list[tuple[str, str]]:
        value, per = fact(fact_id).value, prices.OFFERS[fact_id].per
        if not isinstance(value, list):
            return [("Inf", f"{value / per:.12f}")]
        tops = [next(v for k, v in tier.items() if k != "usd") for tier in value]
        return [
            ("Inf" if top is None else str(top), f"{tier['usd'] / per:.12f}")
            for top, tier in zip(tops, value, strict=True)
        ]

    @staticmethod
    def product(usage: str, tiers: list[tuple[str, str]]) -> str:
        dimensions = {
            f"SKU.JRTCKXETXF.{number}": {
                "unit": "Lambda-GB-Second",
                "endRange": edge,
                "beginRange": "0",
                "pricePerUnit": {"USD": usd},
            }
            for number, (edge, usd) in enumerate(reversed(tiers))
        }
        term = {"SKU.JRTCKXETXF": {"priceDimensions": dimensions, "sku": "SKU"}}
        attributes = {"usagetype": usage, "regionCode": "us-east-1"}
        return json.dumps({"product": {"attributes": attributes}, "terms": {"OnDemand": term}})


def applied(diff: str, tmp_path: Path) -> Path:
    """The facts' file after the diff, as `git apply` changes it."""
    target = tmp_path / "labsupport" / "facts" / "price.yml"
    target.parent.mkdir(parents=True)
    target.write_bytes((FOLDER / "price.yml").read_bytes())
    (tmp_path / "prices.diff").write_text(diff, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply", "prices.diff"], cwd=tmp_path, check=True)
    return target


def test_refreshed_prices_are_a_diff_that_git_applies(tmp_path: Path) -> None:
    before = (FOLDER / "price.yml").read_bytes()
    client = PriceList(
        {
            "price.requests": [("Inf", "0.0000002500")],
            "price.gbs.arm": [
                ("7500000000", "0.0000133334"),
                ("18750000000", "0.0000110000"),
                ("Inf", "0.0000106667"),
            ],
            "price.apigw.rest": [
                ("333000000", "0.0000035000"),
                ("1000000000", "0.0000028000"),
                ("20000000000", "0.0000024000"),
                ("Inf", "0.0000015100"),
            ],
            "price.ec2.t3.micro": [("Inf", "1.0000000000")],
        }
    )
    diff = prices.refreshed("any", TODAY, client)
    assert (FOLDER / "price.yml").read_bytes() == before, "nothing but the diff"
    changed = [
        line[1:].strip() for line in diff.splitlines() if line[:1] == "+" and "+++" not in line
    ]
    dates = [line for line in changed if line.startswith("checked")]
    assert set(dates) == {'checked: "2026-11-21"'}
    assert len(changed) - len(dates) == 4

    new = read_facts(applied(diff, tmp_path))
    assert new["price.requests"].value == Decimal("0.25")
    assert [tier["usd"] for tier in new["price.gbs.arm"].value] == [
        Decimal("0.0000133334"),
        Decimal("0.000011"),
        Decimal("0.0000106667"),
    ]
    assert new["price.apigw.rest"].value[2]["usd"] == Decimal("2.4")
    assert new["price.ec2.t3.micro"].value == 1
    assert new["price.fargate.gb_h"].checked == "2026-11-21"
    assert new["price.sqs"] == fact("price.sqs")
    assert {each["usagetype"] for each in client.asked if each["service"] == "AmazonEC2"} == {
        f"BoxUsage:{name}" for name in prices.INSTANCES
    }


def test_what_the_list_lacks_or_tiers_otherwise_is_told_and_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = PriceList(
        {"price.ephemeral": [], "price.gbs.x86": [("100", "0.5"), ("Inf", "0.00001")]}
    )
    diff = prices.refreshed("any", TODAY, client)
    told = capsys.readouterr().err
    assert "price.ephemeral: the price list has no price" in told
    assert "price.gbs.x86: the price list has other tiers" in told
    assert "0.00001}" not in diff


def test_every_offer_is_of_a_fact_that_holds_prices() -> None:
    stored = yaml.safe_load((FOLDER / "price.yml").read_text(encoding="utf-8"))
    assert prices.OFFERS.keys() <= {each["id"] for each in stored}
    assert all(str(fact(name).unit).startswith("USD") for name in prices.OFFERS)


def test_without_a_profile_aws_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    assert cli.run_here(["facts", "--refresh-prices"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "name the profile in ~/.aws that it may use with --profile" in said.err
    assert said.err.count("\n") == 1


def test_an_unknown_profile_or_a_refusal_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(Problem, match=r"could not be asked: .*absent"):
        prices.refreshed("absent", TODAY)

    class Refusing(PriceList):
        def paginate(self, **_: Any) -> Iterator[Any]:
            denied = {"Error": {"Code": "AccessDeniedException", "Message": "not\nauthorized"}}
            raise ClientError(denied, "GetProducts")  # type: ignore[arg-type]

    with pytest.raises(Problem, match="not authorized") as caught:
        prices.refreshed("any", TODAY, Refusing({}))
    assert "\n" not in str(caught.value)
