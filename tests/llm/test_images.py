from __future__ import annotations

import base64

import pytest

from llm.file_blocks import FileBlock, render_blocks
from llm.prompt import IMAGE_TOKENS, Media, Prompt, Role, Section, SectionKind, Turn
from llm.provider_settings import InvalidSetting
from llm.providers.offline import OfflineProvider
from llm.providers.openai_compatible import OpenAICompatibleProvider, build_providers
from llm.usage import estimate_prompt_tokens
from tests.harness.llm_standin_process import LLMStandIn

PICTURE = Media(b"\x89PNG\r\n\x1a\n\x00\xff", "image/png")
URL = "data:image/png;base64," + base64.b64encode(PICTURE.content).decode()
LEASE = "Договор аренды. Срок действия договора — одиннадцать месяцев. Неустойка — рубль в день."


def test_a_picture_is_a_part_of_its_message_and_text_alone_stays_text():
    turns = (
        Turn(Role.USER, "Привет"),
        Turn(Role.ASSISTANT, "Да?"),
        Turn(Role.USER, "Что это?", (PICTURE, PICTURE)),
    )

    messages = Prompt((), turns).as_chat_messages()

    picture = {"type": "image_url", "image_url": {"url": URL}}
    assert messages == [
        {"role": "user", "content": "Привет"},
        {"role": "assistant", "content": "Да?"},
        {"role": "user", "content": [{"type": "text", "text": "Что это?"}, picture, picture]},
    ]


def test_an_endpoint_gets_the_picture(standin: LLMStandIn, provider: OpenAICompatibleProvider):
    prompt = Prompt((), (Turn(Role.USER, "Что это?", (PICTURE,)),))

    with provider.stream(prompt) as stream:
        assert "".join(stream)

    (request,) = standin.requests()
    assert request["messages"][-1]["content"][1]["image_url"]["url"] == URL


def test_a_pictures_tokens_are_estimated_without_its_bytes():
    with_picture, without = (
        Prompt((), (Turn(Role.USER, "Что это?", images),))
        for images in ((Media(b"x" * 10**6, "image/png"),), ())
    )

    assert estimate_prompt_tokens(with_picture) == estimate_prompt_tokens(without) + IMAGE_TOKENS


@pytest.mark.parametrize(("value", "expected"), [("", False), ("True", True), ("false", False)])
def test_whether_a_model_sees_pictures_is_the_operators_word(value: str, expected: bool):
    settings = {"LLM_API_URL": "http://127.0.0.1:1", "LLM_SUPPORTS_IMAGES": value}

    [provider] = build_providers(lambda name, default: settings.get(name) or default)

    assert provider.capabilities.supports_images is expected


def test_another_word_than_true_or_false_is_refused():
    settings = {"LLM_API_URL": "http://127.0.0.1:1", "LLM_SUPPORTS_IMAGES": "maybe"}

    with pytest.raises(InvalidSetting, match="LLM_SUPPORTS_IMAGES"):
        build_providers(lambda name, default: settings.get(name) or default)


def reply_about(message: str, *, name: str = "договор_1.pdf", text: str = LEASE) -> str:
    content = f"Файлы.\n{render_blocks([FileBlock(name, text)])}\n\n{message}"
    return OfflineProvider().generate(Prompt((), (Turn(Role.USER, content),))).text


def test_without_a_model_a_file_is_quoted_where_it_answers_and_at_its_beginning_else():
    assert "• Срок действия договора — одиннадцать месяцев.\nЭто дословно" in reply_about(
        "Какой срок у договора?"
    )
    beginning = reply_about("Скажите, что это такое, и предложите помощь")
    assert beginning.startswith("Прочёл `договор_1.pdf`. Начинается так:\n• Договор аренды.\n• Срок действия")
    assert "не языковая модель" in beginning
    chapters = "Глава 16. О погоде.\nГлава 17. О чае.\nГлава 18. О тишине."
    assert "• Глава 17.\n" in reply_about("О чём глава 17?", text=chapters).splitlines(keepends=True)[1]
    assert "• one\n" in reply_about("Что это?", text="one")


def test_without_a_model_a_later_question_is_answered_from_the_places_found():
    found = Section(SectionKind.FILES, "Места:\n" + render_blocks([FileBlock("договор.pdf", LEASE)]))

    def ask(message: str) -> str:
        return OfflineProvider().generate(Prompt((found,), (Turn(Role.USER, message),))).text

    assert "• Неустойка — рубль в день.\n" in ask("А что там о неустойке?")
    assert "рубль" not in ask("Как дела?")


def test_what_a_file_says_is_no_fact_about_the_person():
    answer = reply_about("Запомните", text="Меня зовут Пётр, я живу в Твери.")

    assert "Очень приятно" not in answer
