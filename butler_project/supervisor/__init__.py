"""`make run`: embedded servers, migrations, then Butler's processes, under one supervisor."""
