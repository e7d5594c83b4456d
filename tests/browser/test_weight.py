"""What the New-event page weighs over the wire, and that it does not move while it loads."""

import pytest

pytestmark = pytest.mark.browser
FIRST_MOST, NEXT_MOST, REQUESTS_MOST = 60 * 1024, 15 * 1024, 6
SHIFTS = """() => new Promise(resolve => {
  new PerformanceObserver(list => resolve(
    list.getEntries().reduce((sum, each) => sum + (each.hadRecentInput ? 0 : each.value), 0)
  )).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => resolve(0), 500);
})"""


class Wire:
    """Bytes per address that crossed the wire, headers included."""

    def __init__(self, session):
        self.urls = {}
        self.sizes = {}
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)

    def _sent(self, event):
        if event["request"]["url"].startswith("http"):
            self.urls[event["requestId"]] = event["request"]["url"]

    def _finished(self, event):
        if event["requestId"] in self.urls:
            self.sizes[self.urls[event["requestId"]]] = int(event["encodedDataLength"])


def visit(page, url):
    session = page.context.new_cdp_session(page)
    wire = Wire(session)
    page.goto(url, wait_until="networkidle")
    session.detach()
    return wire.sizes


def test_a_first_and_a_next_visit(ana, browser, desk):
    url = f"{desk.url}/events/new/"
    # A context of its own has an empty cache: nothing of the sign-in page helps.
    context = browser.new_context(storage_state=ana.context.storage_state())
    page = context.new_page()
    first = visit(page, url)
    shift = page.evaluate(SHIFTS)
    page.goto("about:blank")
    second = visit(page, url)
    context.close()
    again = {name: size for name, size in second.items() if size}
    print(f"\nnew event, first visit: {sum(first.values()):,} bytes in {len(first)} requests")
    for name, size in first.items():
        print(f"  {size:7,}  {name.removeprefix(desk.url)}")
    print(f"new event, next visit: {sum(again.values()):,} bytes; layout shift {shift:.4f}")
    assert all(first.values())
    assert sum(first.values()) <= FIRST_MOST
    assert len(first) <= REQUESTS_MOST
    assert sum(again.values()) <= NEXT_MOST
    assert list(again) == [url]
    assert shift == 0


def test_it_does_not_move_for_a_form_that_is_written(ana, desk):
    page = ana.open("/events/new/")
    page.fill("[name=event]", "x")
    page.wait_for_selector("[data-preview] .needs")
    page.wait_for_url("**/edit/")
    page.goto(page.url, wait_until="networkidle")
    assert page.evaluate(SHIFTS) == 0
