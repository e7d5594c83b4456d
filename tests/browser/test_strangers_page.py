"""A page on another site posts a form as it is opened; the person presses what our page offers."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.desk import PASSWORD

pytestmark = pytest.mark.browser
NEW = "stranger-knows-this-1"


@pytest.fixture
def stranger(desk):
    """The address of a page elsewhere (localhost is not 127.0.0.1) that aims at the admin."""
    form = f"""<form method="post" action="{desk.url}/events/new/">
<input name="form_token" value="x">
<input name="carried" value="/events/../admin/auth/user/1/password/">
<input name="password1" value="{NEW}"><input name="password2" value="{NEW}">
<input name="usable_password" value="true"></form><script>document.forms[0].submit()</script>"""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(form.encode())

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_one_press_takes_no_account_over(somebody, desk, stranger):
    admin = somebody()
    admin.sign_in("admin")
    admin.page.goto(stranger)
    admin.page.wait_for_url(f"{desk.url}/events/new/")
    button = admin.page.get_by_role("button", name="Put it back into the form")
    if button.count():
        button.click()
        admin.page.wait_for_load_state()
    analyst = somebody()
    analyst.open("/accounts/login/")
    analyst.page.fill("#id_username", "analyst")
    analyst.page.fill("#id_password", PASSWORD)
    analyst.page.click("main button")
    analyst.page.wait_for_load_state()
    assert "/accounts/login/" not in analyst.page.url
