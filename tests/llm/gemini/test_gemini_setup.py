"""How Gemini is configured, and what of it stays unsaid."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from llm.errors import AuthenticationRejected, LLMError, ModelNotFound
from llm.provider_settings import InvalidSetting, MissingSetting
from llm.providers.gemini import DEFAULT_MODEL, GeminiProvider, build_providers
from tests.harness.gemini_standin import GeminiStandIn
from tests.llm.conftest import ask
from tests.llm.gemini.conftest import KEY, LIMITS


def settings(**values: str) -> list[GeminiProvider]:
    return build_providers(lambda name, default: values.get(name) or default)  # type: ignore[return-value]


def test_the_environment_changes_neither_key_nor_address(
    standin: GeminiStandIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    for name, value in {
        "GOOGLE_API_KEY": "AnotherKey",
        "GEMINI_API_KEY": "AThirdKey",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9",
        "GOOGLE_GENAI_API_VERSION": "v1alpha",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GENAI_USE_ENTERPRISE": "false",
        "GOOGLE_GENAI_CLIENT_MODE": "replay",
    }.items():
        monkeypatch.setenv(name, value)

    GeminiProvider(api_key=KEY, url=f"{standin.root}/v1beta/", limits=LIMITS).generate(ask("?"))

    (request,) = standin.requests()
    assert request["headers"]["x-goog-api-key"] == KEY
    assert request["path"].startswith("/v1beta/models/")
    assert caplog.text == ""


def test_key_and_words_are_in_no_log_no_error_and_no_repr(
    standin: GeminiStandIn, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    provider = GeminiProvider(api_key="AIzaWrong", url=standin.root, limits=LIMITS)

    with pytest.raises(LLMError) as whole:
        provider.generate(ask("Секрет"))
    with pytest.raises(LLMError) as streamed, provider.stream(ask("Секрет")) as stream:
        list(stream)

    assert type(whole.value) is type(streamed.value) is AuthenticationRejected
    told = f"{whole.value} {streamed.value!r} {provider!r} {caplog.text}"
    assert [word for word in ("AIza", "Секрет", "bad key", standin.root) if word in told] == []
    assert whole.value.__suppress_context__


@pytest.mark.parametrize("model", ["../files", "gemini?key=1", "модель", "a/b/c", ".."])
def test_what_names_no_model_becomes_no_address(provider: GeminiProvider, standin: GeminiStandIn, model: str):
    with pytest.raises(ModelNotFound):
        provider.generate(ask("?"), model=model)

    assert standin.requests() == []


def test_configuration_makes_one_provider_that_takes_all_media():
    (provider,) = settings(GEMINI_API_KEY=f" {KEY} ", GEMINI_MODEL="models/gemini-flash-latest")

    capabilities = provider.capabilities
    assert (provider.name, provider.default_model) == ("gemini", "gemini-flash-latest")
    assert (capabilities.supports_files, capabilities.supports_images, capabilities.supports_audio) == (
        True,
        True,
        True,
    )
    assert settings(GEMINI_API_KEY=KEY)[0].default_model == DEFAULT_MODEL


def test_without_a_key_the_vendor_stays_out():
    with pytest.raises(MissingSetting, match="GEMINI_API_KEY"):
        settings()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("GEMINI_API_KEY", "ключ"), ("GEMINI_API_URL", "generativelanguage"), ("LLM_TIMEOUT_S", "soon")],
)
def test_a_wrong_value_stops_with_the_name_of_its_variable(setting: str, value: str):
    with pytest.raises(InvalidSetting, match=setting) as caught:
        settings(**{"GEMINI_API_KEY": KEY, setting: value})

    assert value not in str(caught.value)


def test_the_sdk_is_loaded_by_nobody_who_does_not_call_a_model():
    program = (
        "import sys\n"
        "from llm.providers.gemini import build_providers\n"
        "[provider] = build_providers(lambda name, default: 'key' if name == 'GEMINI_API_KEY' else default)\n"
        "print(sorted({'google.genai', 'httpx2', 'pydantic', 'openai', 'django'} & set(sys.modules)))\n"
        "provider.warm_up()\n"
        "print('google.genai' in sys.modules, 'openai' in sys.modules)\n"
    )

    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )

    assert result.stdout.splitlines() == ["[]", "True False"]
