"""refresh_reference: fetch the lists that pickers show."""

from django.core.management.base import BaseCommand, CommandError

from events import audit, reference, services


class Command(BaseCommand):
    """Fetch every list from the API; one that fails stays as it was."""

    help = "Fetch categories, industries, datasets, types, attackers, actors, tags and countries."

    def handle(self, *args: object, **options: object) -> None:
        """Print one line a list. Raises `CommandError` if every one failed."""
        fetched = reference.refresh(services.client())
        for item in fetched:
            self.stdout.write(f"{item.name:<16} {item.error or f'{item.items} items'}")
        failed = [item.name for item in fetched if item.error]
        audit.record(
            audit.Fact(
                "reference.refreshed",
                audit.Actor.system("refresh_reference"),
                outcome="failed" if failed else "ok",
                reason=f"failed: {', '.join(failed)}" if failed else f"{len(fetched)} lists",
            )
        )
        if len(failed) == len(fetched):
            raise CommandError("No list could be fetched. The old ones are kept.")
