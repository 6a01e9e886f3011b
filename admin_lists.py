"""Lists of the admin site that stay fast with 500,000 documents: what every app's admin derives from.

- counted up to a bound: a list says «250+», and no page of it is further away than that
- searched by indexes alone: `search_fields` names fields that are matched whole; `^field` is matched from its beginning
- sorted by an index alone, the one of `ordering`; no column can be asked to sort
- filtered by what `list_filter` offers and nothing else: a look-up of one's own in the address could ask for the words
  of a conversation that may not be read, or for what no index finds
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy

PER_PAGE = 25
LISTED = 10 * PER_PAGE  # further than anybody leafs through
# People that one action may be about. A decision takes 20 ms on an idle machine, 100 ms on a busy one; a request has
# to be over before a proxy gives it up.
MOST_AT_ONCE = 100
TRACE_ID = re.compile("[0-9a-f]{32}")
LAST_CHARACTER = "\U0010ffff"
# No `regex` and no `icontains`: no index finds them.
ASKED_BY_FILTERS = {"", "exact", "gte", "lt", "isempty", "isnull"}


class CutCount(int):
    """A count that was broken off: shown as «250+»."""

    def __str__(self) -> str:
        return f"{int(self)}+"


class BoundedPaginator(Paginator):
    """Pages of the first `LISTED` documents; further ones are found by searching and filtering."""

    @cached_property
    def count(self) -> int:
        found: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        # Their keys: for a count Django has an expression computed for each document, as slow as to read them.
        keys = len(found.order_by().values_list("pk", flat=True)[: LISTED + 1])
        return CutCount(LISTED) if keys > LISTED else keys


class IndexedChangeList(ChangeList):
    """A list in the order of an index.

    Django's own adds the primary key to make the order total, for which no index serves: the whole collection would be
    sorted for every page. Documents of the same millisecond may come in either order instead.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Django's «Select … to change» asks for a case of the name that gettext does not know.
        self.title = capfirst(str(self.opts.verbose_name_plural))

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not (self.query or self.has_active_filters):
            self.full_result_count = self.result_count  # that all are shown goes without saying

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return list(self.model_admin.get_ordering(request))


class ListAdmin(admin.ModelAdmin):
    """A model's admin with such a list. Names of fields are translated: models leave them to Django."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = PER_PAGE
    list_max_show_all = PER_PAGE
    sortable_by = ()

    def __init__(self, model: type[Model], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        for field in model._meta.fields:
            if isinstance(field.verbose_name, str):
                field.verbose_name = gettext_lazy(field.verbose_name)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return IndexedChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(match_term(term, self.search_fields)), False

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what was done, in the reader's language: of our own entries Django shows the text as it is stored."""
        response = super().history_view(request, object_id, extra_context)
        for entry in getattr(response, "context_data", {}).get("action_list", ()):
            message = entry.get_change_message()
            entry.change_message = gettext(message) if message else ""
        return response

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow what the filters offer; `Notice.text__contains` in the address is no way to read a notice."""
        searched = (field.removeprefix("^") for field in self.search_fields)
        field, _, kind = lookup.partition(LOOKUP_SEP)
        return field in {*self._list_filtered(request), *searched} and kind in ASKED_BY_FILTERS

    def _list_filtered(self, request: HttpRequest) -> Iterable[str]:
        for one in self.get_list_filter(request):
            name: Any = one[0] if isinstance(one, (tuple, list)) else one
            yield getattr(name, "parameter_name", name)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *location: Any, **named: Any
    ) -> HttpResponse | None:
        """Do what is asked about the chosen, unless these are more than a request can be expected to manage."""
        if request.POST.get("select_across") == "1" and count_up_to(queryset, MOST_AT_ONCE) > MOST_AT_ONCE:
            text = gettext("At most %(most)d at once: search or filter first.") % {"most": MOST_AT_ONCE}
            self.message_user(request, text, messages.ERROR)
            return None
        try:
            return super().response_action(request, queryset, *location, **named)
        except ValidationError as error:
            raise BadRequest("a key that is none") from error


class RecordAdmin(ListAdmin):
    """A list and a detail page of what has happened: nothing is added, changed or deleted.

    `worded` maps fields that hold codes to the displays that put these into words.
    """

    worded: ClassVar[Mapping[str, str]] = {}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        shown_as = {"trace_id": "trace", **self.worded}
        return [shown_as.get(str(name), name) for name in super().get_fields(request, obj)]

    @admin.display(description=gettext_lazy("trace id"))
    def trace(self, record: Any) -> str:
        """Lead from a record to its trace, which may have expired before it."""
        if not TRACE_ID.fullmatch(record.trace_id):
            return ""
        url = reverse("admin:observability_trace", args=[record.trace_id])
        return format_html('<a href="{}">{}</a>', url, record.trace_id)


def count_up_to(queryset: QuerySet[Any], most: int) -> int:
    """Return how many documents there are, `most + 1` if they are more than `most`."""
    return queryset.order_by()[: most + 1].count()


def match_term(term: str, fields: Sequence[str]) -> Q:
    """Match documents of which one of the fields is, or with `^` begins with, the term.

    A prefix is asked for as a range, and in the spellings that names have, so that an index finds it.
    """
    found = Q(pk__in=[])
    for field in fields:
        if not field.startswith("^"):
            found |= Q(**{field: term})
            continue
        name = field.removeprefix("^")
        for start in {term, term.lower(), term.capitalize()}:
            found |= Q(**{f"{name}__gte": start, f"{name}__lt": start + LAST_CHARACTER})
    return found
