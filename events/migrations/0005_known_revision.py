"""Known values get a revision, by which processes notice each change of the list."""

import events.models.vetting
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0004_repetition'),
    ]

    operations = [
        migrations.AddField(
            model_name='knownvalue',
            name='revision',
            field=models.BigIntegerField(default=events.models.vetting.new_revision, editable=False),
        ),
    ]
