from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("digests", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="digest",
            name="vain_prompt_tokens",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="digest",
            name="vain_completion_tokens",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
