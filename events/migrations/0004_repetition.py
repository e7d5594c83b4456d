"""Preferences of people, templates of events, and the right to share them with the team."""

import uuid

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from events.roles import grant


def give_rights(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    grant(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('events', '0003_vetting'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Preferences',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='preferences', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('dataset_id', models.TextField(blank=True)),
                ('time_zone', models.CharField(blank=True, max_length=64)),
                ('theme', models.CharField(blank=True, choices=[('', 'As the system is set'), ('light', 'Light'), ('dark', 'Dark')], default='', max_length=8)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='EventTemplate',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('saved_by', models.CharField(max_length=150)),
                ('saved_at', models.DateTimeField()),
                ('typed', models.TextField()),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='templates', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'permissions': (('share_template', 'Can save, rename and delete templates of the team'),),
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('owner', 'name'), name='template_own_name'), models.UniqueConstraint(condition=models.Q(('owner', None)), fields=('name',), name='template_team_name')],
            },
        ),
        migrations.RunPython(give_rights, migrations.RunPython.noop),
    ]
