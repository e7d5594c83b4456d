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
    import cProfile,pstats
    for _ in range(20): calls["enc"]()
    p=cProfile.Profile()
    for _ in range(200): p.runcall(calls["enc"])
    st=pstats.Stats(p); st.sort_stats("cumulative").print_stats("main/events|db/models/query.py|has_perm|test/utils|/sqlite3/base|instrumented|_execute|main/webui")
