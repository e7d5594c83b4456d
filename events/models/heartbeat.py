"""Signs of life of the delivery workers, so that pages can say when nobody delivers."""

from datetime import timedelta

from django.db import models

from events import clock

ALIVE_FOR = timedelta(seconds=90)


class Heartbeat(models.Model):
    """One worker process, `host:pid`, and when it was last alive."""

    name = models.CharField(primary_key=True, max_length=100)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str) -> None:
        """Say that the worker `name` is alive."""
        cls.objects.update_or_create(name=name, defaults={"at": clock.now()})

    @classmethod
    def stop(cls, name: str) -> None:
        """Say that the worker `name` has stopped, and forget those that died long ago."""
        cls.objects.filter(
            models.Q(name=name) | models.Q(at__lt=clock.now() - 100 * ALIVE_FOR)
        ).delete()

    @classmethod
    def alive(cls) -> int:
        """How many workers deliver."""
        return cls.objects.filter(at__gt=clock.now() - ALIVE_FOR).count()

    @classmethod
    def any_alive(cls) -> bool:
        """Whether some worker delivers."""
        return cls.objects.filter(at__gt=clock.now() - ALIVE_FOR).exists()
