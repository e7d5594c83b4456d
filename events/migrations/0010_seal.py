"""Entries are sealed from here on; the column of older ones stays empty."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0007_correction_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='auditentry',
            name='mac',
            field=models.CharField(max_length=64, null=True),
        ),
    ]
