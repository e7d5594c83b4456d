"""Events whose raw data is RED are RED as a whole, those of earlier versions too."""

import json

from django.conf import settings
from django.db import migrations

from events.payload import Tlp, has_red_data

# Of rows that may hold megabytes.
AT_ONCE = 50


def mark(apps, schema_editor):
    Submission = apps.get_model('events', 'Submission')
    rows = Submission.objects.filter(body__isnull=False).exclude(tlp=Tlp.RED.value)
    rows = rows.order_by('pk').values_list('pk', 'body')
    page = list(rows[:AT_ONCE])
    while page:
        red = [pk for pk, body in page if _is_red(bytes(body))]
        Submission.objects.filter(pk__in=red).update(tlp=Tlp.RED.value)
        page = list(rows.filter(pk__gt=page[-1][0])[:AT_ONCE])


def _is_red(body):
    # Bytes that were altered are found by verify_audit, and stop no upgrade.
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(event, dict) and has_red_data(event, settings.TLP_WIRE)


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0012_marks'),
    ]

    operations = [
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
