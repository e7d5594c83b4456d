import pytest, time, statistics
from urllib.parse import urlencode
from tests.vetting.support import *
from tests.vetting.test_page import FIVE, URL
from events.vetting import known, seen, notices, benign, facts, marking
from events.vetting.vet import _values
from events.views import check
from django.contrib.auth.models import User
from django.http import QueryDict
from events.forms.typed import Typed
from events.forms.vetted import entry_of
def cpu(c, n=300):
    c(); ts=[]
    for _ in range(n):
        t=time.process_time_ns(); c(); ts.append(time.process_time_ns()-t)
    return statistics.median(ts)/1e6
@pytest.mark.django_db
def test_prof(as_ana, ana, ben, lists):
    fresh=("evil-site.ru", "45.12.7.8", "https://evil-site.ru/a", "45.12.7.9", "10.0.0.1")
    posted=form(*fresh, tlp="amber", category="Phishing", date="2026-11-01 00:00", event="An attacker registered a domain that looks like ours")
    sent(ben,*FIVE[:1])
    enc=urlencode(posted)
    calls={"hello":lambda: as_ana.get("/hello/"),
     "hellopost":lambda: as_ana.post("/hello/", enc, content_type="application/x-www-form-urlencoded"),
     "multi": lambda: as_ana.post(URL, posted),
     "enc": lambda: as_ana.post(URL, enc, content_type="application/x-www-form-urlencoded"),
     "empty": lambda: as_ana.post(URL, "", content_type="application/x-www-form-urlencoded"),
    }
    m={n:cpu(c) for n,c in calls.items()}
    m={n:(m[n]+cpu(c))/2 for n,c in calls.items()}
    for n,v in m.items(): print(n, round(v,3), round(v/m["hello"],2))
    e=entry_of(Typed.from_post(QueryDict(enc))); vals=_values(e)
    def perms():
        u=User(pk=ana.pk); u.is_active=True; u.has_perm("events.add_submission")
    parts={"perms":perms,"known":known.load,"typed":lambda: entry_of(Typed.from_post(QueryDict(enc))),
      "seen":lambda:list(seen.findings(e,vals,ana)), "times":lambda:seen._times([v.key for v in vals.values()],e,ana), "notices":lambda:[list(notices.findings(r,v)) for r,v in vals.items()],
      "benign":lambda:[list(benign.findings(r,v)) for r,v in vals.items()],
      "catalog":lambda:list(facts.catalog(e,lists)),
      "panel":lambda:check.panel(vet(e,ana,lists),ana),"vet":lambda:vet(e,ana,lists),
      "render":lambda p=check.panel(vet(e,ana,lists),ana):check._fragment("events/entry/checks.html",p)}
    for n,c in parts.items(): print(n, round(cpu(c),3))
