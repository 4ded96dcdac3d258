import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from labsupport import facts
from labsupport.facts import Fact, FactError, all_facts, fact, lookup, spell, spell_value
from labsupport.facts.records import CONFIDENCES, FOLDER, read_facts

GOOD = """\
- id: sample.size_mb
  value: 5
  unit: MB
  note: Size of a sample.
  source: example.com/sizes
  checked: "2026-11"
  confidence: high
"""


def made(value: Any, unit: str | None = None) -> Fact:
    return Fact("sample.made", value, unit, "Note.", "example.com", "2026", "high")


def test_every_fact_loads_and_stands_in_the_file_its_id_names() -> None:
    stored = {
        path.stem: re.findall(r"^- id: (\S+)$", path.read_text(encoding="utf-8"), re.M)
        for path in FOLDER.glob("*.yml")
    }
    assert {each.id for each in all_facts()} == {name for ids in stored.values() for name in ids}
    assert all(name.startswith(f"{stem}.") for stem, ids in stored.items() for name in ids)


def test_ids_are_unique_across_files() -> None:
    ids = [each.id for each in all_facts()]
    assert len(ids) == len(set(ids))


def test_every_fact_has_a_source_a_note_a_date_and_a_confidence() -> None:
    for each in all_facts():
        assert each.source.strip(), each.id
        assert each.note.strip(), each.id
        assert each.confidence in CONFIDENCES, each.id
        assert each.checked_on().year >= 2024, each.id


def test_a_value_that_is_not_known_is_never_taught_as_confirmed() -> None:
    unknown = [each for each in all_facts() if each.value is None]
    assert {each.id for each in unknown if each.confidence == "high"} == set()


@pytest.mark.parametrize(
    "each", [each for each in all_facts() if "date" in str(each.unit)], ids=lambda each: each.id
)
def test_every_date_among_the_values_can_be_read(each: Fact) -> None:
    values = each.value.values() if isinstance(each.value, dict) else [each.value]
    days = [
        day for value in values for day in (value.values() if isinstance(value, dict) else [value])
    ]
    for day in filter(None, days):
        spell(made(day, "date"))


def test_an_unknown_id_is_answered_with_ids_that_look_alike() -> None:
    with pytest.raises(
        FactError, match=r"no fact 'timeout\.defalt_s'; did you mean timeout\.default_s"
    ):
        fact("timeout.defalt_s")
    with pytest.raises(FactError, match="no fact"):
        fact("../../secrets")


def test_facts_cannot_be_changed_by_assignment() -> None:
    with pytest.raises(AttributeError):
        fact("timeout.max_s").value = 1  # type: ignore[misc]


def test_prices_are_exact() -> None:
    assert fact("price.gbs.x86").value[0]["usd"] == Decimal("0.0000166667")
    assert fact("price.requests").value * 3 == Decimal("0.60")


def test_only_the_file_of_the_fact_asked_for_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(
        facts.records, "read_facts", lambda path: read.append(path.stem) or read_facts(path)
    )
    facts.records._group.cache_clear()
    fact("timeout.max_s")
    assert read == ["timeout"]


def test_a_dotted_reference_reaches_into_maps_and_lists() -> None:
    assert lookup("invoke.status_codes.Event").value == 202
    assert lookup("price.gbs.x86.0.usd").value == Decimal("0.0000166667")
    assert lookup("runtime.block_dates.python3.14.create").value == "2029-07-31"
    assert lookup("runtime.python3.14") is fact("runtime.python3.14")
    with pytest.raises(
        FactError, match="no part 'Evnt'; its parts are RequestResponse, Event, DryRun"
    ):
        lookup("invoke.status_codes.Evnt")


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (3, "s", "3 seconds"),
        (1, "s", "1 second"),
        (10240, "MB", "10,240 MB"),
        (1, "retries", "1 retry"),
        (0, "retries", "0 retries"),
        (Decimal("0.20"), "USD per 1 million", "USD 0.20 per 1 million"),
        (Decimal("0.0104"), "USD/h", "USD 0.0104 per hour"),
        (Decimal("0.0000166667"), "USD per GB-s", "USD 0.0000166667 per GB-second"),
        (Decimal("0.15"), "share of the EC2 on-demand price", "15% of the EC2 on-demand price"),
        (Decimal("0.34"), "better price performance, up to", "up to 34% better price performance"),
        ("2029-06-30", "deprecation date", "30 June 2029"),
        ("2026-11", "month", "November 2026"),
        ("under 1%", "of invocations", "under 1% of invocations"),
        ("tens of thousands", "concurrent executions", "tens of thousands"),
        (["Go"], None, "Go"),
        (["Go", "Rust"], None, "Go and Rust"),
        (["Zip", "Image", "Other"], None, "Zip, Image and Other"),
        ([512, 2048, 4096], "MB", "512, 2,048 and 4,096 MB"),
        ({"min": 130, "max": 900}, "s", "130 to 900 seconds"),
        ({"min": 0, "max": 2, "default": 2}, "retries", "0 to 2 retries, 2 by default"),
        ({"default": 5, "max": 10}, "min", "at most 10 minutes, 5 by default"),
        ({"SQS": 10, "Kinesis": 100}, "records", "10 records for SQS and 100 records for Kinesis"),
    ],
)
def test_a_fact_is_spelled_for_reading(value: Any, unit: str | None, words: str) -> None:
    assert spell(made(value, unit)) == words


@pytest.mark.parametrize("value", [True, None, [{"usd": 1}], {"first_kb": 256}, {"a": {"b": 1}}])
def test_what_has_no_short_form_in_words_says_so(value: Any) -> None:
    with pytest.raises(FactError, match=r"sample\.made"):
        spell(made(value))


def test_the_bare_value_has_no_unit_but_dates_stay_dates() -> None:
    assert spell_value(fact("memory.max_mb")) == "10,240"
    assert spell_value(fact("runtime.python3.14")) == "30 June 2029"


def test_a_part_of_a_map_with_units_in_its_keys_loses_the_unit_of_the_whole() -> None:
    assert spell(fact("price.sqs").part("free_millions_per_month")) == "1"
    assert spell(fact("async.retries").part("max")) == "2 retries"


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (
            GOOD.replace("  source: example.com/sizes\n", ""),
            "line 9: sample.size_mb lacks 'source'",
        ),
        (GOOD.replace("MB\n", "5\n"), "line 9: the unit of sample.size_mb must be text or null"),
        (
            GOOD.replace("unit: MB", "unit: KB"),
            "line 9: the unit of sample.size_mb must be in MB, as its id says, not 'KB'",
        ),
        (
            GOOD.replace("high", "certain"),
            "line 9: the confidence of sample.size_mb must be one of",
        ),
        (
            GOOD.replace("2026-11", "soon"),
            "line 9: 'checked' of sample.size_mb: 'soon' is not a year",
        ),
        (GOOD.replace("2026-11", "2026-13"), "line 9: 'checked' of sample.size_mb: month must be"),
        (GOOD.replace("sample.size", "simple.size"), "line 9: the id 'simple.size_mb' must be"),
        (
            GOOD.replace("sample.size_mb", "sample.other"),
            "line 9: the id sample.other is used twice",
        ),
        (GOOD + "  colour: red\n", "line 9: sample.size_mb has the unknown field 'colour'"),
        ("- just text\n", "line 9: a fact is a map with the fields id, value"),
        ("- [\n", "line 10: "),
    ],
)
def test_a_wrong_fact_is_named_with_file_and_line(
    tmp_path: Path, broken: str, complaint: str
) -> None:
    first = GOOD.replace("sample.size_mb", "sample.other")
    path = tmp_path / "sample.yml"
    path.write_text(f"{first}\n{broken}", encoding="utf-8")
    with pytest.raises(FactError) as caught:
        read_facts(path)
    assert f"sample.yml, {complaint}" in str(caught.value)


BOUNDS = {
    "memory.min_mb": ("lambda", "MemorySize", "min"),
    "memory.lmi_min_max_mb.max": ("lambda", "MemorySize", "max"),
    "timeout.min_s": ("lambda", "Timeout", "min"),
    "timeout.lmi_max_s": ("lambda", "Timeout", "max"),
    "storage.tmp_min_mb": ("lambda", "EphemeralStorageSize", "min"),
    "config.handler_max_chars": ("lambda", "Handler", "max"),
    "net.vpc_subnets_max": ("lambda", "SubnetIds", "max"),
    "net.vpc_security_groups_max": ("lambda", "SecurityGroupIds", "max"),
    "async.retries.min": ("lambda", "MaximumRetryAttempts", "min"),
    "async.retries.max": ("lambda", "MaximumRetryAttempts", "max"),
    "async.max_event_age_s.min": ("lambda", "MaximumEventAgeInSeconds", "min"),
    "async.max_event_age_s.max": ("lambda", "MaximumEventAgeInSeconds", "max"),
    "esm.batch_max.most_sources": ("lambda", "BatchSize", "max"),
    "esm.window_s.min": ("lambda", "MaximumBatchingWindowInSeconds", "min"),
    "esm.window_s.max": ("lambda", "MaximumBatchingWindowInSeconds", "max"),
    "esm.retry_attempts.min": ("lambda", "MaximumRetryAttemptsEventSourceMapping", "min"),
    "esm.retry_attempts.max": ("lambda", "MaximumRetryAttemptsEventSourceMapping", "max"),
    "esm.record_age_s.min": ("lambda", "MaximumRecordAgeInSeconds", "min"),
    "esm.record_age_s.max": ("lambda", "MaximumRecordAgeInSeconds", "max"),
    "esm.parallelization.min": ("lambda", "ParallelizationFactor", "min"),
    "esm.parallelization.max": ("lambda", "ParallelizationFactor", "max"),
    "esm.tumbling_window_s.max": ("lambda", "TumblingWindowInSeconds", "max"),
    "esm.sqs_max_concurrency.min": ("lambda", "MaximumConcurrency", "min"),
    "esm.sqs_max_concurrency.max": ("lambda", "MaximumConcurrency", "max"),
    "esm.provisioned_pollers.SQS.max": ("lambda", "MaximumNumberOfPollers", "max"),
    "conc.lmi_per_env_max": ("lambda", "PerExecutionEnvironmentMaxConcurrency", "max"),
    "durable.max_execution_s": ("lambda", "ExecutionTimeout", "max"),
    "durable.retention_days.min": ("lambda", "RetentionPeriodInDays", "min"),
    "durable.retention_days.max": ("lambda", "RetentionPeriodInDays", "max"),
    "lmi.max_vcpu.min": ("lambda", "CapacityProviderMaxVCpuCount", "min"),
    "lmi.max_vcpu.max": ("lambda", "CapacityProviderMaxVCpuCount", "max"),
    "lmi.environments.max": ("lambda", "FunctionScalingConfigExecutionEnvironments", "max"),
    "microvm.max_duration_s": (
        "lambda-microvms",
        "RunMicrovmRequestMaximumDurationInSecondsInteger",
        "max",
    ),
    "web.limits.timeout_s.max": ("lambda-web", "ServiceConfigTimeoutSecondsInteger", "max"),
    "web.limits.max_environments.max": ("lambda-web", "ScalingConfigMaxEnvironmentsInteger", "max"),
    "web.limits.concurrency_per_environment.max": (
        "lambda-web",
        "ServiceConfigMaxConcurrencyPerEnvironmentInteger",
        "max",
    ),
}
CHOICES = {
    "config.architectures": "Architecture",
    "code.package_types": "PackageType",
    "invoke.types": "InvocationType",
    "obs.log_formats": "LogFormat",
    "obs.log_levels.application": "ApplicationLogLevel",
    "obs.log_levels.system": "SystemLogLevel",
    "snapstart.apply_on": "SnapStartApplyOn",
    "tenancy.modes": "TenantIsolationMode",
}
IN_WORDS = {
    "timeout.default_s": ("Timeout", "default is {} seconds"),
    "timeout.max_s": ("Timeout", "maximum allowed value is {} seconds"),
    "memory.default_mb": ("MemorySize", "default value is {} MB"),
}


def shapes(service: str) -> dict[str, Any]:
    session = botocore.session.get_session()
    return session.get_service_model(service)._shape_resolver._shape_map


@pytest.mark.parametrize("reference", BOUNDS)
def test_a_bound_agrees_with_the_pinned_service_model(reference: str) -> None:
    service, shape, bound = BOUNDS[reference]
    assert lookup(reference).value == shapes(service)[shape][bound]


@pytest.mark.parametrize("reference", CHOICES)
def test_choices_agree_with_the_pinned_service_model(reference: str) -> None:
    assert set(lookup(reference).value) == set(shapes("lambda")[CHOICES[reference]]["enum"])


@pytest.mark.parametrize("reference", IN_WORDS)
def test_a_default_agrees_with_the_service_model_s_description(reference: str) -> None:
    member, sentence = IN_WORDS[reference]
    members = shapes("lambda")["CreateFunctionRequest"]["members"]
    text = re.sub(r"<[^>]+>", "", members[member]["documentation"])
    assert sentence.format(f"{lookup(reference).value:,}") in text


def test_the_function_limits_lie_within_what_the_api_accepts_for_managed_instances() -> None:
    model = shapes("lambda")
    assert fact("memory.max_mb").value < model["MemorySize"]["max"]
    assert fact("timeout.max_s").value < model["Timeout"]["max"]
    assert fact("storage.tmp_max_mb").value < model["EphemeralStorageSize"]["max"]
    assert fact("config.function_name_max_chars").value < model["FunctionName"]["max"]


def test_every_runtime_in_the_facts_is_known_to_the_service_model() -> None:
    known = set(shapes("lambda")["Runtime"]["enum"]) | {"dotnet9"}
    named = [
        each.id.removeprefix("runtime.") for each in all_facts() if each.unit == "deprecation date"
    ]
    assert set(named) - known == set()
    assert set(fact("runtime.deprecated_now").value) <= set(named)
