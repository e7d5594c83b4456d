"""Django's settings, read from the environment; `.env.example` lists every variable."""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from events.payload import wire_values
from webui import env

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = env.state_dir("STATE_DIR", BASE_DIR / "var")

DEBUG = env.flag("DEBUG")
PLAIN_HTTP = DEBUG or env.flag("PLAIN_HTTP")
SECRET_KEY = env.secret_key(STATE_DIR)
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", plain_http=PLAIN_HTTP)
TRUST_PROXY = env.flag("TRUST_PROXY")

# The keys that seal the audit log, the newest first; without them they are in a file.
AUDIT_KEYS = env.audit_keys("AUDIT_KEY")
AUDIT_KEY_PATH = STATE_DIR / "audit_key"

DATABASES = {
    "default": env.database("DATABASE_URL", default=f"sqlite:///{STATE_DIR}/eventdesk.sqlite3")
}
# On PostgreSQL, the role that owns the tables. Only what migrates has to know it.
MIGRATE_DATABASE = env.owner("MIGRATE_DATABASE_URL", DATABASES["default"])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SANDBOX_PORT = env.port("SANDBOX_PORT", 8009)
CLOUDFLARE = env.cloudflare(sandbox_port=SANDBOX_PORT, plain_http=PLAIN_HTTP)
try:
    TLP_WIRE = wire_values(CLOUDFLARE.tlp_values)
except ValueError as error:
    raise ImproperlyConfigured(f"CLOUDFLARE_TLP_VALUES: {error}.") from None

RECONCILE_QUIET = env.number("RECONCILE_QUIET", 150, least=0, most=86_400)
RECONCILE_AFTER = env.numbers("RECONCILE_AFTER", "180,600,1800")

SEND_LIMIT = int(env.number("SEND_LIMIT", 300, least=1, most=1_000))

# Of the threads of one web process, how many may wait for Cloudflare at once.
API_CALLS_AT_ONCE = int(env.number("API_CALLS_AT_ONCE", 4, least=1, most=64))

# Signed heads of the log: the key (empty: made and kept in STATE_DIR) and where they go.
CHECKPOINT_KEY_FILE = env.text("CHECKPOINT_KEY_FILE")
CHECKPOINT_DIR = Path(env.text("CHECKPOINT_DIR", str(STATE_DIR / "checkpoints")))
CHECKPOINT_SYSLOG = env.syslog_target("CHECKPOINT_SYSLOG")
CHECKPOINT_URL = env.receiver_url("CHECKPOINT_URL")
# Every entry of the log as a line, for a SIEM; with texts up to a label, or without any.
AUDIT_STREAM = env.audit_stream("AUDIT_STREAM", default="off" if PLAIN_HTTP else "stdout")
AUDIT_STREAM_TEXTS = env.audit_stream_texts("AUDIT_STREAM_TEXTS")

INSTALLED_APPS = [
    "events.apps.EventsConfig",
    "webui.apps.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "webui.apps.SessionRowsConfig",
    "crispy_forms",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "webui.middleware.request_id",
    "webui.middleware.private_pages",
    "webui.middleware.storable_requests",
    "webui.middleware.acting_person",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "webui.bodies.bounded",
    "webui.middleware.SignInRequired",
    "webui.middleware.SessionUse",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "webui.urls"
WSGI_APPLICATION = "webui.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webui.context.desk",
            ]
        },
    }
]
CRISPY_TEMPLATE_PACK = "desk"
CRISPY_ALLOWED_TEMPLATE_PACKS = ("desk",)
CRISPY_CLASS_CONVERTERS: dict[str, str] = {}

AUTHENTICATION_BACKENDS = ["webui.backends.RoleBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    # The list of common ones holds next to nothing of 15 characters.
    {"NAME": "events.passwords.HardToGuess"},
    {"NAME": "events.passwords.NotTheOldOne"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

# People sign in with the name that an administrator gave them: nothing signs up or goes by mail.
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
# Its limits lock an account for everybody, and count in each process alone: the desk has its own.
ACCOUNT_RATE_LIMITS = False
ACCOUNT_ADAPTER = "webui.adapter.DeskAdapter"
# How long a password counts as given just now, in seconds, where more than a session is asked for.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60

SESSION_ENGINE = "webui.sessions"
SESSION_IDLE = timedelta(minutes=env.number("SESSION_IDLE_MINUTES", 30, least=5, most=12 * 60))
SESSION_LONGEST = timedelta(hours=env.number("SESSION_HOURS", 12, least=1, most=24))
SESSION_COOKIE_AGE = int(SESSION_LONGEST.total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not PLAIN_HTTP
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
DEVICE_COOKIE_NAME = "device"
CSRF_FAILURE_VIEW = "events.views.errors.csrf_failure"
if not PLAIN_HTTP:
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    DEVICE_COOKIE_NAME = "__Host-device"

SECURE_SSL_REDIRECT = not PLAIN_HTTP
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 0 if PLAIN_HTTP else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not PLAIN_HTTP
SECURE_REFERRER_POLICY = "same-origin"
if TRUST_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "manifest-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
    }
}

# The form's own limits refuse what is too large with a sentence beside the field; Django's stand
# above them, so that a body is read and kept before it is judged.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 50_000
# The whole body has to arrive within this time. A proxy that buffers sends it at once.
BODY_SECONDS = env.number("BODY_SECONDS", 30, least=1, most=300)
FILE_UPLOAD_HANDLERS = ["webui.bodies.NoFiles"]

STATIC_URL = "static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

LANGUAGE_CODE = "en-gb"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "events.failures.LineFormatter",
            "fmt": "{asctime} {levelname} {name} {message}",
            "style": "{",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django.server": {"handlers": [], "propagate": False},
        # It says each failed attempt of each thread; the first error of a request says enough.
        "psycopg.pool": {"level": "ERROR"},
        # At DEBUG it writes URLs, and a search for an indicator is in the URL.
        "urllib3": {"level": "WARNING"},
    },
}
