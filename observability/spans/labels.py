"""What the admin calls steps, and how it writes durations."""

from __future__ import annotations

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

MS_PER_S = 1_000

# A step that is not among them is shown by its own name.
STEPS: dict[str, str | Promise] = {
    "update": _("message or press, as a whole"),
    "accept update": _("receipt"),
    "wait for its turn": _("waiting for its turn"),
    "answer update": _("answer"),
    "read context": _("reading profile and memory"),
    "assemble prompt": _("putting the prompt together"),
    "search files": _("searching files"),
    "ask model": _("call to a model"),
    "leave model alone": _("model left alone after failures"),
    "store pair": _("storing question and answer"),
    "send message": _("sending a message"),
    "edit message": _("editing a message"),
    "send document": _("sending a document"),
    "deliver notice": _("notice"),
    "prepare": _("preparation"),
    "download file": _("fetching from Telegram"),
    "recognise speech": _("speech recognition"),
    "read file": _("reading a file"),
    "export": _("export"),
    "compress memory": _("memory compression"),
}


def name_step(name: str) -> str:
    """Return what a step is called in the language of the page."""
    return str(STEPS.get(name, name))


def write_duration(duration_ms: float) -> str:
    """Return a duration in the unit in which it is read best."""
    if duration_ms >= MS_PER_S:
        return gettext("%(count)s s") % {"count": number_format(round(duration_ms / MS_PER_S, 2))}
    return gettext("%(count)s ms") % {"count": number_format(round(duration_ms, 1))}
