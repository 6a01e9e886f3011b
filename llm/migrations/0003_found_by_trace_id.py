from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("llm", "0002_names_for_staff"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="exchange",
            index=models.Index(fields=["trace_id"], name="exchange_trace_id"),
        ),
    ]
