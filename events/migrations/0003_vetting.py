"""What entries are compared with, and the right to override a check with a reason."""

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
        ('events', '0002_groups'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='submission',
            options={'default_permissions': ('add', 'change', 'view'), 'permissions': (('send_submission', 'Can send events to Cloudforce One'), ('view_red', 'Can see TLP:RED events of others'), ('override_public_tlp', 'Can send RED and AMBER+STRICT into public datasets, with a reason'))},
        ),
        migrations.CreateModel(
            name='KnownValue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('known', 'Well-known'), ('own', 'Our own')], default='known', max_length=8)),
                ('match', models.CharField(choices=[('domain', 'Domain and all names below it'), ('network', 'Address or network'), ('exact', 'Exactly this value')], max_length=8, verbose_name='stands for')),
                ('value', models.CharField(help_text='Such as example.com, 198.51.100.0/24, or any value as it is.', max_length=500)),
                ('level', models.CharField(choices=[('inform', 'Inform'), ('block', 'Block')], default='inform', max_length=8)),
                ('note', models.CharField(blank=True, help_text='Analysts read this: say why it is here.', max_length=300)),
                ('active', models.BooleanField(default=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('added_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'known value',
                'permissions': (('override_knownvalue', 'Can send indicators that the lists block, with a reason'),),
                'constraints': [models.UniqueConstraint(fields=('match', 'value'), name='known_once', violation_error_message='This value is in the list already. Change that entry.')],
            },
        ),
        migrations.CreateModel(
            name='SubmissionIndicator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=32)),
                ('submission', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='indicators', to='events.submission')),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['key', 'submission'], name='indicator_key')],
                'constraints': [models.UniqueConstraint(fields=('submission', 'key'), name='indicator_once')],
            },
        ),
        migrations.RunPython(give_rights, migrations.RunPython.noop),
    ]
