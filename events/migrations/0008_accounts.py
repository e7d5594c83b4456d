"""Each account gets its canonical name; demo accounts of earlier versions are marked."""

import contextlib
import os
import sys
from datetime import timedelta
from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.db import migrations, models

from events.models.account import UnusableName, canonical

DEMO_NAMES = frozenset({'analyst', 'reviewer', 'auditor', 'admin'})
# They were made in one go; an administrator who makes accounts takes longer.
MADE_WITHIN = timedelta(seconds=30)


def fill(apps, schema_editor):
    Account = apps.get_model('events', 'Account')
    users = list(apps.get_model('auth', 'User').objects.order_by('pk'))
    demo = _demo(users)
    demo |= {user.pk for user in users if user.pk not in demo and _has_known_password(user)}
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
        if user.username in DEMO_NAMES and user.pk not in demo:
            sys.stderr.write(
                f'The account {user.username!a} is called like a demo account. If demo_data made '
                'it, its password is known to others: switch it off at /admin/auth/user/.\n'
            )
        Account.objects.create(user=user, name=name, is_demo=user.pk in demo)


def _demo(users):
    """Those that were made together with another one, whichever were deleted since."""
    named = [user for user in users if user.username in DEMO_NAMES]
    return {
        user.pk
        for user in named
        if any(
            abs(user.date_joined - other.date_joined) <= MADE_WITHIN
            for other in named
            if other is not user
        )
    }


def _has_known_password(user):
    """For one that is alone, or was made again later: a person's has another password."""
    known = [os.environ.get('DEMO_PASSWORD', '')]
    with contextlib.suppress(OSError, UnicodeDecodeError):
        known.append((Path(settings.STATE_DIR) / 'demo_password').read_text())
    return user.username in DEMO_NAMES and any(
        check_password(each, user.password) for each in known if each
    )


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
