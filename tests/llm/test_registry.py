from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from llm.provider_settings import InvalidSetting
from llm.providers.base import Provider
from llm.registry import Registry, check_configuration
from llm.route import write_candidate

URL = "http://127.0.0.1:9/v1"


def registry_of(**settings: str) -> Registry:
    return Registry(lambda name, default: settings.get(name) or default)


def test_without_configuration_the_offline_provider_is_the_default_and_the_rest_is_left_out_once():
    registry = registry_of()

    with capture_logs() as logs:
        names = [registry.house.provider.name, *registry.all_providers()]

    assert names == ["offline", "offline"]
    assert {(log["event"], log["log_level"]) for log in logs} == {("llm provider left out", "info")}
    missing = {log["provider"]: log["missing_setting"] for log in logs}
    assert len(missing) == len(logs)
    assert {name: missing[name] for name in ("openai_compatible", "mistral", "deepseek")} == {
        "openai_compatible": "LLM_API_URL",
        "mistral": "MISTRAL_API_KEY",
        "deepseek": "DEEPSEEK_API_KEY",
    }


def test_an_endpoint_becomes_the_default_beside_the_offline_provider():
    registry = registry_of(LLM_API_URL=URL)

    assert registry.house.provider.name == "openai_compatible"
    assert list(registry.all_providers()) == ["openai_compatible", "offline"]


def test_vendors_and_endpoints_stand_side_by_side_ones_own_first():
    registry = registry_of(
        LLM_API_URL=URL,
        LLM_ENDPOINTS="local",
        LLM_LOCAL_API_URL=URL,
        MISTRAL_API_KEY="a-key",
        DEEPSEEK_API_KEY="a-key",
        LLM_DEFAULT="deepseek",
        LLM_FALLBACK="local:qwen2.5:7b, mistral",
    )

    assert list(registry.all_providers()) == ["openai_compatible", "local", "deepseek", "mistral", "offline"]
    assert (registry.house.provider.name, registry.house.model_name) == ("deepseek", "deepseek-flash")
    assert [write_candidate(candidate) for candidate in registry.fallback] == [
        "local:qwen2.5:7b",
        "mistral:mistral-small-latest",
    ]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("LLM_API_URL", "localhost:8000"),
        ("LLM_TIMEOUT_S", "soon"),
        ("LLM_CONNECT_TIMEOUT_S", "-1"),
        ("LLM_MAX_ANSWER_TOKENS", "many"),
        ("LLM_CONTEXT_TOKENS", "0"),
        ("LLM_API_KEY", "sk-секрет"),
        ("MISTRAL_API_KEY", "two words"),
    ],
)
def test_a_wrong_value_stops_with_the_name_of_its_variable(setting: str, value: str):
    with pytest.raises(InvalidSetting, match=setting):
        registry_of(**{"LLM_API_URL": URL, setting: value}).all_providers()


@pytest.mark.parametrize("setting", ["LLM_DEFAULT", "DIGEST_REVIEWER"])
def test_where_one_model_is_named_a_list_is_refused_by_the_check_as_by_the_registry(
    settings: Settings, setting: str
):
    setattr(settings, setting, "offline,offline")
    registry = registry_of(**{setting: "offline,offline"})

    with pytest.raises(InvalidSetting, match=f"{setting}: it takes one model"):
        check_configuration()
    with pytest.raises(InvalidSetting, match=f"{setting}: it takes one model"):
        _ = registry.house, registry.reviewer


@pytest.mark.parametrize("setting", ["LLM_API_KEY", "LLM_MODEL"])
def test_an_endpoint_without_its_address_is_configured_by_half(settings: Settings, setting: str):
    setattr(settings, setting, "something")

    assert check_configuration() == {"openai_compatible": "LLM_API_URL"}


def test_threads_get_one_and_the_same_provider():
    registry = registry_of(LLM_API_URL=URL)
    found: list[Provider] = []
    threads = [threading.Thread(target=lambda: found.append(registry.house.provider)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 16
    assert len(set(map(id, found))) == 1


def test_the_sdk_is_loaded_by_nobody_who_does_not_call_a_model():
    program = (
        "import sys\n"
        "from llm.registry import Registry\n"
        f"given = {{'LLM_API_URL': {URL!r}, 'MISTRAL_API_KEY': 'a', 'DEEPSEEK_API_KEY': 'a', 'GEMINI_API_KEY': 'a'}}\n"
        "registry = Registry(lambda name, default: given.get(name, default))\n"
        "registry.house, registry.all_providers()\n"
        "print(sorted({'openai', 'httpx', 'httpx2', 'pydantic', 'django'} & set(sys.modules)))\n"
        "registry.house.provider.warm_up()\n"
        "print('openai' in sys.modules)\n"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout.splitlines() == ["[]", "True"]
