"""The index by which the log of one object is found: reading conversations makes it long."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0001_initial"),
    ]

    operations = [
        # The model is Django's, so this index is not part of its state.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.AddIndex(
                    model_name="logentry",
                    index=models.Index(
                        fields=["object_id", "-action_time"], name="log_object_id_action_time"
                    ),
                ),
            ],
        ),
    ]
