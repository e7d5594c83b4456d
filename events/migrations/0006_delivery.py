"""Delivery: what all processes know of the API, when what is settled is looked at again, and why."""

from datetime import timedelta

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone


def plan_sweeps(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What was settled in the last three days is compared with Cloudforce One as before."""
    now = timezone.now()
    apps.get_model("events", "Submission").objects.filter(
        state__in=("created", "absent"), updated_at__gt=now - timedelta(days=3)
    ).update(sweep_at=now)
    # What was refused, taken back or put away after an unknown outcome may exist all the same.
    apps.get_model("events", "Submission").objects.filter(
        state__in=("rejected", "draft", "discarded"), unknown_since__isnull=False
    ).update(sweep_at=now)


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0005_known_revision'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiGate',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('paused_until', models.DateTimeField(null=True)),
                ('create_failures', models.PositiveIntegerField(default=0)),
                ('read_failures', models.PositiveIntegerField(default=0)),
                ('opened_at', models.DateTimeField(null=True)),
                ('probe_at', models.DateTimeField(null=True)),
                ('trial_at', models.DateTimeField(null=True)),
                ('reason', models.TextField(blank=True)),
                ('is_access', models.BooleanField(default=False)),
                ('look_before', models.DateTimeField(null=True)),
                ('database', models.CharField(blank=True, max_length=100)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RemoveIndex(
            model_name='submission',
            name='submission_recent',
        ),
        migrations.RemoveIndex(
            model_name='submission',
            name='submission_mine',
        ),
        migrations.RemoveField(
            model_name='submission',
            name='swept_at',
        ),
        migrations.AddField(
            model_name='submission',
            name='corrects',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='corrections', to='events.submission'),
        ),
        migrations.AlterField(
            model_name='submission',
            name='author',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='submissions', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='submission',
            name='look',
            field=models.CharField(blank=True, choices=[('same', 'Still as sent'), ('changed', 'Changed there'), ('gone', 'Gone')], max_length=8),
        ),
        migrations.AddField(
            model_name='submission',
            name='look_changes',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='submission',
            name='looked_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='submission',
            name='searched_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='submission',
            name='sweep_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='submission',
            name='tries',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['author', 'state', '-updated_at', '-id'], name='submission_mine'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['-updated_at', '-id'], name='submission_recent'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['state', '-updated_at', '-id'], name='submission_state'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['author', '-updated_at', '-id'], name='submission_author'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('corrects__isnull', False)), fields=['corrects'], name='submission_corrects'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('sweep_at__isnull', False)), fields=['sweep_at'], name='submission_sweep'),
        ),
        migrations.RunPython(plan_sweeps, migrations.RunPython.noop),
    ]
