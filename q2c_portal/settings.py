"""All settings in one file; what differs between places comes from the environment (see .env.example)."""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

#: True only under `make run` and in tests: demo people with printed passwords, sandboxes, loopback addresses.
DEMO = env.bool("Q2C_DEMO", default=False)
TESTING = env.bool("Q2C_TESTING", default=False)
DEBUG = env.bool("DEBUG", default=False)
DEFAULT_SECRET = "only-for-tests-never-for-anything-else"  # noqa: S105 - refused below unless testing
SECRET_KEY = env("SECRET_KEY", default=DEFAULT_SECRET)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
if SECRET_KEY == DEFAULT_SECRET and not TESTING:
    raise ImproperlyConfigured("SECRET_KEY is not set. Give the portal a long random one in the environment.")
#: Fernet keys for secrets at rest, newest first; without them they are derived from SECRET_KEY.
SECRETS_KEYS = env.list("Q2C_SECRETS_KEYS", default=[])

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "testserver"] if DEMO or TESTING else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
#: where people open the portal; used in links we send out
PORTAL_URL = env("PORTAL_URL", default="http://127.0.0.1:8000").rstrip("/")
#: whose mail it is: without a sender the portal mails nobody
DEFAULT_FROM_EMAIL = env("MAIL_FROM", default="portal@example.com" if TESTING else "")
#: the mail server, such as smtp+tls://user:password@mail.example.com:587
_MAIL = env.email_url("EMAIL_URL", default="smtp://localhost:25")
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = _MAIL["EMAIL_BACKEND"], _MAIL["EMAIL_HOST"], _MAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL["EMAIL_HOST_USER"] or "", _MAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.get("EMAIL_USE_TLS", False), _MAIL.get("EMAIL_USE_SSL", False)
#: seconds a mail server may be silent
EMAIL_TIMEOUT = 10
STATE_DIR = Path(env("Q2C_STATE_DIR", default=str(BASE_DIR / ".dev")))
#: where the newest hash of the audit journal is written every hour; best a place the database's administrators cannot
#: write to
AUDIT_ANCHOR_DIR = Path(env("Q2C_AUDIT_ANCHOR_DIR", default="") or STATE_DIR / "anchors")
#: evidence packs stay here as long as the companies' records must; one place for all workers and web servers
EVIDENCE_DIR = Path(env("Q2C_EVIDENCE_DIR", default="") or STATE_DIR / "evidence")

INSTALLED_APPS = [
    "q2c_portal.apps.PortalConfig",
    # not "unfold" alone, which would put its own admin site in the place of ours
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "q2c_portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "oauth2_provider",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "django_htmx",
    "sync.apps.SyncConfig",
    "reconciliation.apps.ReconciliationConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "q2c_portal.urls"
WSGI_APPLICATION = "q2c_portal.wsgi.application"
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
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", default="postgres://127.0.0.1:5432/q2c")}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if TESTING
    else ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or DEMO or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEMO or TESTING

# A browser reaches the demo over plain http on loopback; everywhere else https is required.
_SECURE = not (DEMO or TESTING)
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=_SECURE)
#: whoever watches the processes asks from inside, over plain http
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _SECURE
SECURE_HSTS_PRELOAD = _SECURE
SESSION_COOKIE_SECURE = _SECURE
CSRF_COOKIE_SECURE = _SECURE
SESSION_COOKIE_AGE = 8 * 3600
X_FRAME_OPTIONS = "DENY"
#: callbacks have a guard of their own; this one is for forms
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "oauth2_provider.contrib.rest_framework.OAuth2Authentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["q2c_portal.api.Denied"],
    "DEFAULT_PARSER_CLASSES": ["q2c_portal.api.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "q2c_portal.api.ByCursor",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "q2c_portal.api_errors.error_response",
    "PAGE_SIZE": 50,
    # `?format=` would be a second way to ask for what Accept asks for
    "URL_FORMAT_OVERRIDE": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Q2C Portal API",
    "DESCRIPTION": "Callbacks from source systems, and the desk for machines.",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    # what is asked for and what is answered differ: a text that may not be empty may come back empty
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}
#: named, because connections point at it
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
OAUTH2_PROVIDER = {
    "SCOPES": {
        "callbacks": "Send events to the portal",
        "read": "Read cases, figures and trails",
        "usage": "Report usage",
    },
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "PKCE_REQUIRED": True,
    # RFC 9700, OAuth 2.0 security best current practice: only machines sign in here, by client credentials
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
}

REDIS_URL = env("REDIS_URL", default="redis://127.0.0.1:6379/0")
CELERY = {
    "broker_url": REDIS_URL,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_ignore_result": True,
    "task_acks_late": True,
    "task_reject_on_worker_lost": False,
    "worker_prefetch_multiplier": 1,
    "task_time_limit": 120,
    "task_soft_time_limit": 90,
    "task_publish_retry": False,
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {"visibility_timeout": 600, "socket_connect_timeout": 0.5, "socket_timeout": 5},
    "worker_hijack_root_logger": False,
    "timezone": "UTC",
}
#: calls under way at once per worker process; the database decides how many a connection bears in all
CARRY_THREADS = env.int("Q2C_CARRY_THREADS", default=8)

SIMPLE_HISTORY_REVERT_DISABLED = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="WARNING")},
    # one line per call would be most of the log; attempts are kept in the database
    "loggers": {
        "httpx": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        # anchors stand in the log as well: a second place outside the database
        "sync.anchors": {"level": "INFO"},
    },
}

UNFOLD = {
    "SITE_TITLE": "Q2C Portal",
    "SITE_HEADER": "Q2C Portal",
    "SITE_SUBHEADER": "Quote to cash, tied out",
    "SITE_SYMBOL": "balance",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "q2c_portal.admin_site.environment",
    "STYLES": ["q2c_portal.admin_site.stylesheet"],
    "SCRIPTS": ["q2c_portal.admin_site.script"],
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "q2c_portal.admin_site.navigation"},
    "COMMAND": {"search_models": False, "show_history": True},
    "COLORS": {
        "primary": {
            "50": "#eef6fb",
            "100": "#d6e9f5",
            "200": "#aed3ea",
            "300": "#7cb6da",
            "400": "#4795c4",
            "500": "#2a7aab",
            "600": "#1f628d",
            "700": "#1b4f73",
            "800": "#1a4360",
            "900": "#193850",
            "950": "#0f2335",
        },
    },
}
