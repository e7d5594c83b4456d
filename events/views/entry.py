from django.http import HttpResponse
def new(request): return HttpResponse("x")
def edit(request, pk): return HttpResponse("x")
