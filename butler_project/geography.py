"""Butler uses no geography, and says so before Django looks for a library of it."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured


class NoGeography:
    """As GDAL_LIBRARY_PATH: ends the search that the database backend's import sets off.

    The search asks the compiler and the linker twelve times, 0.3 to 0.5 s of every start of every process; that it
    fails is provided for. A path that does not exist would raise an error that is not.
    """

    def __bool__(self) -> bool:
        raise ImproperlyConfigured("Butler uses no geography.")
