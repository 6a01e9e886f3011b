from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from butler_project.garbage import spare_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "butler_project.settings")
application = get_wsgi_application()
spare_what_is_loaded()
