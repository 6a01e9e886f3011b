"""Files that people sent, for staff: what they are, and themselves for who may read them."""

from __future__ import annotations

import io
import uuid
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from personalization.admin.memory import NarrowedAdmin
from personalization.admin.reading import log_reading, may_read
from personalization.domain.files import read_content
from personalization.models import StoredFile

# Whatever a file claims to be, the browser keeps it and neither shows nor runs it.
UNSHOWN_TYPE = "application/octet-stream"
UNSHOWN_POLICY = "default-src 'none'; sandbox"


@admin.register(StoredFile)
class StoredFileAdmin(NarrowedAdmin):
    list_display = ["created_at", "user_id", "name", "kind", "size", "pages", "text_chars"]
    list_filter = ["created_at"]
    ordering = ["-created_at"]
    kept = ("file_id", "user_id", "kind", "size", "pages", "text_chars", "is_truncated", "created_at")
    words = ("name", "mime_type", "content")

    def get_urls(self) -> list[URLPattern]:
        download = path(
            "<uuid:file_id>/download/",
            self.admin_site.admin_view(self.download),
            name="personalization_storedfile_download",
        )
        return [download, *super().get_urls()]

    def download(self, request: HttpRequest, file_id: uuid.UUID) -> FileResponse:
        """Send a file to be kept, as it was sent to Butler."""
        if not (self.has_view_permission(request) and may_read(request)):
            raise PermissionDenied
        file = StoredFile.objects.filter(file_id=file_id).first()
        if file is None:
            raise Http404
        log_reading(request, [file.user_id], part="download")
        try:
            content = read_content(file)
        except FileNotFoundError as error:
            raise Http404 from error
        return build_download(io.BytesIO(content), name=file.name)

    @admin.display(description=_("size"))
    def size(self, file: StoredFile) -> str:
        return filesizeformat(file.size_bytes)

    @admin.display(description=_("content"))
    def content(self, file: StoredFile) -> SafeString:
        return format_html('<a href="{}">{}</a>', build_download_address(file), _("Download"))


def build_download_address(file: StoredFile) -> str:
    return reverse("admin:personalization_storedfile_download", args=[file.file_id])


def build_download(content: Any, *, name: str) -> FileResponse:
    """Return a response that a browser keeps as a file of this name, and takes for nothing else."""
    response = FileResponse(content, as_attachment=True, filename=name, content_type=UNSHOWN_TYPE)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = UNSHOWN_POLICY
    return response
