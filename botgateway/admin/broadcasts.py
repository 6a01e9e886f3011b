"""Broadcasts for staff: written as a draft, seen as Telegram will show it, confirmed, watched, cancelled."""

from __future__ import annotations

import hashlib
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from django.views.decorators.http import require_POST

from admin_lists import ListAdmin
from botgateway.broadcast_tasks import wake_broadcast
from botgateway.delivery.pace import CHAT_BURST
from botgateway.delivery.splitting import render_parts
from botgateway.domain import broadcasts
from botgateway.enums import BroadcastStatus
from botgateway.models import Broadcast
from botgateway.tasks import wake_notices

PERMISSION = "botgateway.change_broadcast"
MOST_PARTS = CHAT_BURST - 1  # as many as a chat takes at once and still has room for an answer
SHOWN = 60  # characters of a text in the list
SENT, CANCELLED, SHOWN_TO_ADMINS = (
    gettext_noop("sent"),
    gettext_noop("cancelled"),
    gettext_noop("shown to the admins"),
)


class BroadcastForm(forms.ModelForm):
    class Meta:
        model = Broadcast
        fields = ["text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 16, "class": "vLargeTextField"})}
        help_texts = {
            "text": gettext_lazy(
                "Markdown, as in Butler's answers: **bold**, *italic*, `code`, lists, links."
            )
        }

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"])
        parts = render_parts(text)
        if not parts:
            raise forms.ValidationError(gettext("Of this text nobody would see anything."))
        if len(parts) > MOST_PARTS:
            told = gettext("This makes %(parts)d messages for each person; %(most)d are the most.")
            raise forms.ValidationError(told % {"parts": len(parts), "most": MOST_PARTS})
        return text


@admin.register(Broadcast)
class BroadcastAdmin(ListAdmin):
    """What is a draft can be changed; afterwards it can be watched, and cancelled while it is under way."""

    form = BroadcastForm
    change_form_template = "admin/broadcasts/change_form.html"
    list_display = ["created_at", "beginning", "status", "created_by", "progress"]
    list_filter = ["status"]
    ordering = ["-created_at"]
    actions = None
    readonly_fields = ["status", "created_by", "created_at", "started_at", "finished_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Broadcast]:
        """Leave out the deliveries of digests, which are broadcasts that nobody has written."""
        return super().get_queryset(request).filter(channel_id="")

    def get_fields(self, request: HttpRequest, obj: Broadcast | None = None) -> list[Any]:
        return ["text", *self.readonly_fields] if obj else ["text"]

    def has_change_permission(self, request: HttpRequest, obj: Broadcast | None = None) -> bool:
        return _is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Broadcast | None = None) -> bool:
        return obj is not None and _is_draft(obj) and super().has_delete_permission(request, obj)

    @admin.display(description=gettext_lazy("text"))
    def beginning(self, broadcast: Broadcast) -> str:
        text = " ".join(broadcast.text.split())
        return text if len(text) <= SHOWN else text[:SHOWN] + "…"

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, broadcast: Broadcast) -> str:
        if _is_draft(broadcast):
            return "—"
        counted = broadcasts.read_progress(broadcast)
        told = gettext(
            "%(sent)d of %(filed)d sent, %(failed)d failed, %(left_out)d left out, %(waiting)d waiting"
        )
        return told % _as_slots(counted)

    def get_urls(self) -> list[URLPattern]:
        own = {"send": self.send_view, "show": self.show_view, "cancel": self.cancel_view}
        return [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"botgateway_broadcast_{name}",
            )
            for name, view in own.items()
        ] + super().get_urls()

    def save_model(self, request: HttpRequest, obj: Broadcast, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user.get_username()[:150]
            super().save_model(request, obj, form, change)
        elif not broadcasts.revise_draft(str(obj.pk), obj.text):
            self.message_user(request, gettext("It is sent already; nothing was changed."), messages.ERROR)

    def response_post_save_add(self, request: HttpRequest, obj: Broadcast) -> HttpResponseRedirect:
        return _redirect_to(obj)

    def response_post_save_change(self, request: HttpRequest, obj: Broadcast) -> HttpResponseRedirect:
        return _redirect_to(obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        broadcast = context.get("original")
        context.update(
            title=capfirst(self.opts.verbose_name),
            show_save_and_add_another=False,
            show_save_and_continue=False,
        )
        if broadcast is not None:
            context.update(_describe(broadcast, may_send=_may_send(request)))
        return super().render_change_form(request, context, *args, **options)

    def send_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for confirmation with the number of people, then begin to send what was confirmed."""
        broadcast = self._find(request, object_id)
        if not _is_draft(broadcast):
            self.message_user(request, gettext("It is sent already."), messages.ERROR)
            return _redirect_to(broadcast)
        if request.method != "POST":
            return self._confirm(request, broadcast)
        is_as_seen = request.POST.get("seen") == _fingerprint(broadcast.text)
        if not is_as_seen or not broadcasts.start(str(broadcast.pk), text=broadcast.text):
            told = gettext("The draft has been changed meanwhile, or sent; please look at it again.")
            self.message_user(request, told, messages.ERROR)
            return _redirect_to(broadcast)
        self.log_change(request, broadcast, SENT)
        wake_broadcast(str(broadcast.pk))
        self.message_user(request, gettext("It is being sent."), messages.SUCCESS)
        return _redirect_to(broadcast)

    @method_decorator(require_POST)
    def show_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send a draft to the admins' chats, as everybody will get it."""
        broadcast = self._find(request, object_id)
        if _is_draft(broadcast) and (chats := broadcasts.show_to_admins(broadcast)):
            wake_notices(chats)
            self.log_change(request, broadcast, SHOWN_TO_ADMINS)
            told = gettext("It is on its way to the admins' chats: %(chats)d.") % {"chats": len(chats)}
            self.message_user(request, told, messages.SUCCESS)
        return _redirect_to(broadcast)

    @method_decorator(require_POST)
    def cancel_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Cancel at once: what is sent meanwhile cannot be taken back."""
        broadcast = self._find(request, object_id)
        if broadcasts.cancel(str(broadcast.pk)):
            self.log_change(request, broadcast, CANCELLED)
            wake_broadcast(str(broadcast.pk))
            self.message_user(request, gettext("It is cancelled."), messages.SUCCESS)
        else:
            self.message_user(request, gettext("It is not under way."), messages.ERROR)
        return _redirect_to(broadcast)

    def _find(self, request: HttpRequest, object_id: str) -> Broadcast:
        if not _may_send(request):
            raise PermissionDenied
        found: Broadcast | None = self.get_object(request, unquote(object_id))
        if found is None:
            raise Http404
        return found

    def _confirm(self, request: HttpRequest, broadcast: Broadcast) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            **_describe(broadcast, may_send=True),
            "title": gettext("Send the broadcast?"),
            "opts": self.opts,
            "original": broadcast,
            "people": broadcasts.count_people(),
            "seen": _fingerprint(broadcast.text),
        }
        return TemplateResponse(request, "admin/broadcasts/confirm.html", context)


def _describe(broadcast: Broadcast, *, may_send: bool) -> dict[str, Any]:
    """Return what the pages show of a broadcast. Its parts are Telegram's HTML, in which text is escaped."""
    is_running = broadcast.status in broadcasts.RUNNING
    return {
        # Our own renderer escapes everything but the few tags of Telegram.
        "parts": [SafeString(part.html) for part in render_parts(broadcast.text)],  # nosec B308 B703
        "is_draft": _is_draft(broadcast),
        "is_running": is_running,
        "is_moving": is_running
        or (broadcast.status == BroadcastStatus.CANCELLED and not broadcast.finished_at),
        "progress": None if _is_draft(broadcast) else _as_slots(broadcasts.read_progress(broadcast)),
        "may_send": may_send,
        "has_admins": broadcasts.has_admins(),
    }


def _as_slots(progress: broadcasts.Progress) -> dict[str, int]:
    names = ("filed", "sent", "failed", "left_out", "waiting", "over")
    return {name: getattr(progress, name) for name in names}


def _is_draft(broadcast: Broadcast | None) -> bool:
    return broadcast is None or broadcast.status == BroadcastStatus.DRAFT


def _may_send(request: HttpRequest) -> bool:
    return request.user.has_perm(PERMISSION)  # type: ignore[union-attr]


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _redirect_to(broadcast: Broadcast) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:botgateway_broadcast_change", args=[broadcast.pk]))
