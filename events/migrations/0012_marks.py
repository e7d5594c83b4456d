"""Copies remember that they were RED, and what is RED is found by its object."""

from django.db import migrations, models


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
    ]
