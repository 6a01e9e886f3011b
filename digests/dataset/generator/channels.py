"""The five channels: who they are, who writes for them, and on what clock they live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_FIRST_CHANNEL_ID = -9_000_000_000_001
"""Telegram's ids of channels and of monoforums lie between -4·10¹² and -10¹²; one from here down can be nobody's.

They fit into the 52 bits that the Bot API promises for an id.
"""


@dataclass(frozen=True, slots=True)
class ChannelProfile:
    """`authors` are the signatures for each style of writing; those in `plain_e` never type «ё»."""

    key: str
    channel_id: int
    title: str
    username: str
    time_zone: str
    description: str
    authors: Mapping[str, tuple[str, ...]] = field(hash=False)
    plain_e: frozenset[str] = frozenset()

    def author(self, style: str, index: int) -> str:
        """Choose a signature; `index` may be any number."""
        names = self.authors[style]
        return names[index % len(names)]


def _channel(
    number: int,
    key: str,
    title: str,
    *,
    zone: str,
    description: str,
    desk: str,
    voices: tuple[str, str],
    guest: str,
) -> ChannelProfile:
    """The desk writes plainly, two voices chat, a guest asks for quotations."""
    authors = {
        "dry": (desk, guest),
        "flash": (desk,),
        "list": (voices[1], desk),
        "chat": voices,
        "quote": (guest, voices[1]),
        "ad": (desk,),
    }
    return ChannelProfile(
        key=key,
        channel_id=_FIRST_CHANNEL_ID - number,
        title=title,
        username=f"synthetic_{key}_news",
        time_zone=zone,
        description=description,
        authors=MappingProxyType(authors),
        plain_e=frozenset({voices[0], desk}),
    )


CHANNELS: tuple[ChannelProfile, ...] = (
    _channel(
        0,
        "city",
        "Кедрогорск сегодня",
        zone="Asia/Yekaterinburg",
        description="Городские новости без лишнего шума.",
        desk="Дежурная смена",
        voices=("Аня с Пристанской", "Лиза Громова"),
        guest="Пётр Зимин",
    ),
    _channel(
        1,
        "money",
        "Полный кошелёк",
        zone="Europe/Moscow",
        description="Экономика области и деньги её жителей.",
        desk="Отдел экономики",
        voices=("Бухгалтер Егорыч", "Нина Счётова"),
        guest="Аркадий Мерин",
    ),
    _channel(
        2,
        "science",
        "Колба и отвёртка",
        zone="Asia/Novosibirsk",
        description="Наука и техника человеческим языком.",
        desk="Научная редакция",
        voices=("Ася Микронова", "Лёва Гайкин"),
        guest="Марк Тензорин",
    ),
    _channel(
        3,
        "sport",
        "Третий тайм",
        zone="Europe/Samara",
        description="Спорт области: счёт, слухи, голоса.",
        desk="Спортивная служба",
        voices=("Боря с трибуны", "Кирилл Свистков"),
        guest="Инга Финишева",
    ),
    _channel(
        4,
        "culture",
        "Партер и галёрка",
        zone="Europe/Moscow",
        description="Театры, книги, музеи и прочие радости.",
        desk="Редакция афиши",
        voices=("Соня Антрактова", "Фаина Рампова"),
        guest="Эмма Цветкова",
    ),
)

_BY_KEY = {channel.key: channel for channel in CHANNELS}


def channel_profile(key: str) -> ChannelProfile:
    """Give the channel of that key. Raises KeyError for any other."""
    return _BY_KEY[key]
