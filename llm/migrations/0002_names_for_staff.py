from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("llm", "0001_initial"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="cataloguemodel",
            options={"verbose_name": "model", "verbose_name_plural": "models"},
        ),
        migrations.AlterModelOptions(
            name="exchange",
            options={"verbose_name": "exchange", "verbose_name_plural": "exchanges"},
        ),
        migrations.AlterModelOptions(
            name="providerstate",
            options={"verbose_name": "provider", "verbose_name_plural": "providers"},
        ),
    ]
