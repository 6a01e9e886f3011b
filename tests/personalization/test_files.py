from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from llm.file_blocks import FileBlock
from llm.prompt import SectionKind
from personalization.domain import files
from personalization.domain.attached import Attached, AttachedFile
from personalization.domain.context import read_context
from personalization.domain.profiles import get_profile, reset_profile
from personalization.domain.reply import Question, Reply
from personalization.enums import MemorySource
from personalization.models import FilePassage, MemoryEvent, StoredFile
from personalization.tasks import expire_files
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db
TEXT = "Ключ от сейфа лежит под третьей половицей."


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


def store(
    user_id: str = "42", *, text: str = TEXT, file_id: UUID | None = None, name: str = "письмо.txt"
) -> StoredFile:
    file_id = file_id or uuid4()
    with files.arriving(file_id) as place:
        place.write_text(text, encoding="utf-8")
        return files.store_file(
            place, file_id=file_id, user_id=user_id, name=name, mime_type="text/plain", kind="text", text=text
        )


def lying_in(media: Path) -> set[str]:
    return {path.name for path in (media / "files").iterdir()}


def list_files(user_id: str) -> list[StoredFile]:
    return list(StoredFile.objects.filter(user_id=user_id).order_by("-created_at", "-pk"))


def count_everything() -> tuple[int, int]:
    return StoredFile.objects.count(), FilePassage.objects.count()


def test_a_stored_file_lies_under_its_id_for_nobody_else_to_read(media: Path) -> None:
    file = store(name="../../etc/passwd")

    (path,) = (media / "files").iterdir()
    assert (path.name, file.path) == (str(file.file_id), f"files/{file.file_id}")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert files.read_content(file) == TEXT.encode()
    assert files.read_text(file) == TEXT
    assert [found.name for found in list_files("42")] == ["../../etc/passwd"]


def test_storing_again_changes_nothing_and_completes_half_a_file(media: Path) -> None:
    file_id = files.build_file_id("update:1")
    long = "\n\n".join(f"Пункт {number}. " + "слово " * 100 for number in range(10))
    file = store(file_id=file_id, text=long)
    everything = count_everything()
    FilePassage.objects.filter(ordinal__gte=3).delete()
    (media / file.path).unlink()

    store(file_id=file_id, text=long)

    assert count_everything() == everything
    assert files.read_text(file) == long
    assert lying_in(media) == {str(file_id)}


def test_a_file_that_comes_to_nothing_leaves_nothing(media: Path) -> None:
    with files.arriving(uuid4()) as place:
        place.write_bytes(b"half of i")

    assert lying_in(media) == set()


def test_deleting_a_file_takes_record_passages_and_content(media: Path) -> None:
    mine, other, stranger = store(), store(text="Другое."), store("43")
    files.note_files(get_profile("42"))

    assert files.delete_file("42", str(mine.file_id))
    assert not files.delete_file("42", str(mine.file_id))
    assert not files.delete_file("42", stranger.file_id)
    assert not files.delete_file("42", "no id")

    assert list_files("42") == [other]
    assert lying_in(media) == {str(other.file_id), str(stranger.file_id)}
    assert get_profile("42").has_files
    assert files.delete_file("42", other.file_id)
    assert not get_profile("42").has_files
    assert count_everything() == (1, 1)


def test_a_deletion_that_broke_off_is_finished_by_the_next(media: Path) -> None:
    file = store()
    (media / file.path).unlink()
    FilePassage.objects.all().delete()

    assert files.delete_files("42") == 1
    assert count_everything() == (0, 0)


def test_a_reset_deletes_one_persons_files(media: Path) -> None:
    store(), store(text="Второе письмо.")
    stranger = store("43")
    files.note_files(get_profile("42"))

    reset_profile("42")

    assert list_files("42") == []
    assert not get_profile("42").has_files
    assert list_files("43") == [stranger]
    assert lying_in(media) == {str(stranger.file_id)}


def test_old_files_expire_and_what_has_no_record_is_swept(media: Path, settings) -> None:
    settings.MEMORY_TTL_DAYS = 30
    old, fresh = store(), store()
    StoredFile.objects.filter(file_id=old.file_id).update(created_at=timezone.now() - timedelta(days=31))
    orphan, arriving = media / "files" / str(uuid4()), media / "files" / f"{uuid4()}.0.arriving"
    for place in (orphan, arriving, media / fresh.path):
        place.write_bytes(b"x")
        os.utime(place, (0, 0))
    (media / "files" / f"{uuid4()}.1.arriving").write_bytes(b"just coming")

    assert expire_files() == 1

    assert list_files("42") == [fresh]
    assert not orphan.exists()
    assert not arriving.exists()
    assert len(lying_in(media)) == 2


def ask(
    text: str, provider: ScriptedProvider, *, attached: Attached | None = None, user_id: str = "42"
) -> Reply:
    question = Question(
        user_id=user_id,
        key=text or "file",
        text=text,
        attached=attached or Attached(),
        source=MemorySource.FILE if attached else MemorySource.TEXT,
    )
    reply = Reply(question, context=read_context(user_id), chain=chain_of(provider))
    "".join(reply)
    return reply


def test_the_memory_keeps_a_files_name_and_not_its_text() -> None:
    provider = ScriptedProvider("Письмо о ключе.")
    attached = Attached((AttachedFile(name="письмо.txt", block=FileBlock("письмо.txt", TEXT)),))

    ask("", provider, attached=attached)
    ask("Переведите", provider, attached=attached)

    assert TEXT in provider.prompts[0].turns[-1].content
    asked = MemoryEvent.objects.filter(role="user").order_by("created_at").values_list("content", "source")
    assert list(asked) == [("[файл: письмо.txt]", "file"), ("Переведите\n[файл: письмо.txt]", "file")]


def test_a_later_question_finds_its_place_in_the_persons_own_files_only() -> None:
    store()
    for user_id in ("42", "43"):
        get_profile(user_id)
    files.note_files(get_profile("42"))
    provider = ScriptedProvider("Под половицей.")

    ask("Где ключ от сейфа?", provider)
    ask("Где ключ от сейфа?", provider, user_id="43")
    ask("Добрый день", provider)

    found = [prompt.section_text(SectionKind.FILES) for prompt in provider.prompts]
    assert TEXT in found[0]
    assert found[1:] == ["", ""]


def test_only_a_profile_that_knows_of_files_is_worth_a_look() -> None:
    store()
    provider = ScriptedProvider("Не знаю.")

    ask("Где ключ от сейфа?", provider)

    assert provider.prompts[0].section_text(SectionKind.FILES) == ""
