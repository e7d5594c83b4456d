"""Copies remember that they were RED, and what is RED is found by its object."""

import json

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def heed_raw_labels(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Events whose raw data alone is RED were readable for all; whatever spells it is RED."""
    submissions = apps.get_model("events", "Submission").objects
    rows = submissions.exclude(tlp="red").filter(body__isnull=False)
    for pk, body in rows.values_list("pk", "body").iterator(chunk_size=500):
        raw = json.loads(bytes(body)).get("raw") or {}
        if str(raw.get("tlp") or "").strip().lower().removeprefix("tlp:") == "red":
            submissions.filter(pk=pk).update(tlp="red")


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0011_watch'),
    ]

    operations = [
        migrations.AddField(
            model_name='submission',
            name='was_red',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='eventtemplate',
            name='was_red',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(condition=models.Q(('tlp', 'red')), fields=['object_id'], name='audit_red'),
        ),
        migrations.RunPython(heed_raw_labels, migrations.RunPython.noop),
    ]
