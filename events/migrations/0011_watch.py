"""What the workers know of the log: how far it was verified, and how far it was streamed."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0010_seal'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditStream',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('seq', models.BigIntegerField(default=0)),
                ('owner', models.CharField(blank=True, max_length=100)),
                ('until', models.DateTimeField(null=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AuditWatch',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('verified_seq', models.BigIntegerField(default=0)),
                ('verified_hash', models.CharField(blank=True, max_length=64)),
                ('verified_at', models.DateTimeField(null=True)),
                ('whole_at', models.DateTimeField(null=True)),
                ('fault', models.TextField(blank=True)),
                ('fault_since', models.DateTimeField(null=True)),
                ('fault_by', models.CharField(blank=True, max_length=255)),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
