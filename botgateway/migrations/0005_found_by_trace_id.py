from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("botgateway", "0004_staff_and_operators"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="inboxupdate",
            index=models.Index(fields=["trace_id"], name="update_trace_id"),
        ),
    ]
