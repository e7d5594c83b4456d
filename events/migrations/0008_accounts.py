"""Each account gets its canonical name; demo accounts of earlier versions are marked."""

import sys
from datetime import timedelta

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from events.models.account import UnusableName, canonical

DEMO_NAMES = frozenset({'analyst', 'reviewer', 'auditor', 'admin'})
# All four were made in one go; an administrator who makes accounts takes longer.
MADE_WITHIN = timedelta(seconds=30)


def fill(apps, schema_editor):
    Account = apps.get_model('events', 'Account')
    users = list(apps.get_model('auth', 'User').objects.order_by('pk'))
    demo = _demo(users)
    taken = set()
    for user in users:
        try:
            name = canonical(user.username)
        except UnusableName:
            name = ''
        if not name or name in taken:
            sys.stderr.write(
                f'The account {user.username!a} cannot sign in: its name is unusable, or another '
                'account has it in another spelling. Give it a new name at /admin/auth/user/.\n'
            )
            continue
        taken.add(name)
        Account.objects.create(user=user, name=name, is_demo=user.pk in demo)


def _demo(users):
    named = [user for user in users if user.username in DEMO_NAMES]
    made = [user.date_joined for user in named]
    is_whole = len(named) == len(DEMO_NAMES) and max(made) - min(made) <= MADE_WITHIN
    return {user.pk for user in named} if is_whole else set()


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('events', '0007_correction_index'),
    ]

    operations = [
        migrations.AlterField(
            model_name='throttle',
            name='since',
            field=models.DateTimeField(db_index=True),
        ),
        migrations.CreateModel(
            name='Account',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='account', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('name', models.CharField(max_length=150, unique=True)),
                ('is_demo', models.BooleanField(default=False)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
