"""/accounts/preferences/: the dataset, the clock and the colours that a person wants."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from events import reference, services
from events.forms.preferences import PreferencesForm
from events.services import preferences as stored


@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """The form, and saving it."""
    user = services.person(request).user
    form = PreferencesForm(
        reference.load(),
        data=request.POST if request.method == "POST" else None,
        initial=stored.chosen(request)._asdict(),
    )
    if form.is_valid():
        stored.save(request.session, user, form.chosen)
        messages.success(request, "Your preferences are saved.")
        return redirect("preferences")
    return render(request, "accounts/preferences.html", {"form": form})
