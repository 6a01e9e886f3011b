import mongo_indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("botgateway", "0005_found_by_trace_id"),
    ]

    operations = [
        migrations.AddField(
            model_name="broadcast",
            name="channel_id",
            field=models.CharField(blank=True, default="", max_length=32),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="day",
            field=models.CharField(blank=True, default="", max_length=10),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="expires_at",
            field=models.DateTimeField(blank=True, default=None, null=True),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="hour",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="time_zone",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddIndex(
            model_name="broadcast",
            index=models.Index(fields=["channel_id", "-created_at"], name="broadcast_channel_created_at"),
        ),
        migrations.AddIndex(
            model_name="broadcast",
            index=mongo_indexes.TTLIndex(
                expire_after_s=0, fields=["expires_at"], name="broadcast_expires_at_ttl"
            ),
        ),
    ]
