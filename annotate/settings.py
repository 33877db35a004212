"""Settings, read once from the environment. Nothing else in the project reads os.environ for configuration."""

from pathlib import Path

from csp.constants import NONE, SELF

from annotate.environment import read_bool, read_database, read_int, read_list, read_secret_key, read_text

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(read_text("TIEBREAK_DATA_DIR", str(BASE_DIR / "var"))).resolve()

ENCODERS_DIR = Path(read_text("ENCODERS_DIR", str(DATA_DIR / "encoders"))).resolve()

DEBUG = read_bool("DEBUG", False)
SECRET_KEY = read_secret_key(DATA_DIR, may_generate=DEBUG)
ALLOWED_HOSTS = read_list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = read_list("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "axes",
    "csp",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "annotate",
    "trainer",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "annotate.middleware.NoStoreMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "annotate.middleware.RefusalMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "annotate.urls"
WSGI_APPLICATION = "annotate.wsgi.application"
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
                "annotate.context_processors.training_pause",
            ]
        },
    }
]

# Database. SQLite: a writer takes its lock when the transaction begins, so read-then-write never fails half way.
DATABASES = {"default": read_database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'tiebreak.sqlite3'}")}
ASKED_FOR = DATABASES["default"].get("OPTIONS", {})  # by the address itself, such as ?sslmode=require
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["ENGINE"] = "annotate.sqlite"  # whose writers wait in line
    DATABASES["default"]["CONN_MAX_AGE"] = 600
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 60,  # seconds a verdict waits while an import holds the one writer's lock
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=134217728;",
        **ASKED_FOR,
    }
else:
    # Web connections give up early so that a stuck query cannot hold a page; the trainer and commands may take longer.
    DATABASES["default"]["CONN_MAX_AGE"] = 600
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        "prepare_threshold": 2,  # executions after which the server keeps a compiled query's plan
        "options": " ".join(
            f"-c {name}={value}"
            for name, value in {
                "statement_timeout": read_int("DATABASE_STATEMENT_TIMEOUT_MS", 0, low=0, high=86_400_000),
                "lock_timeout": 3000,
                "idle_in_transaction_session_timeout": 10_000,
            }.items()
        ),
        **ASKED_FOR,
    }
MIGRATION_MODULES = {"knox": None}  # its own token table is swapped for ApiToken; its migrations would make it anyway
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Who you are.
AUTH_USER_MODEL = "annotate.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "annotate.sessions.PasswordBackend"]
SESSION_ENGINE = "annotate.sessions"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "projects"
LOGOUT_REDIRECT_URL = "login"
SIGN_IN_LINK_HOURS = read_int("SIGN_IN_LINK_HOURS", 24, low=1, high=24 * 14)
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "locked_out.html"
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True  # it would keep the address that signed a person in, which holds an invitation's token

# Transport and browser policy. SECURE=1 once the site is served over HTTPS.
SECURE = read_bool("SECURE", not DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 14 * 86_400
SECURE_SSL_REDIRECT = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if read_bool("BEHIND_PROXY", False) else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "img-src": [SELF, "data:"],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Files and words. Anybody may send a form: a large file in one is dropped, not spooled, unless its view asks for it.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files"},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "annotate.static_files.StaticFilesStorage"
    },
}
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# API.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "annotate.api.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["annotate.api.permissions.DenyAll"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["annotate.api.parsing.StrictJSONParser"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_PAGINATION_CLASS": "annotate.api.pagination.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "annotate.api.errors.answer_refusal",
    "DEFAULT_THROTTLE_CLASSES": ["annotate.api.throttling.CountingThrottle"],
    # Requests per person in each web process: no person judges a hundred pairs a second, a program may.
    "DEFAULT_THROTTLE_RATES": {"reading": "600/min", "judging": "6000/min", "managing": "120/min"},
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
KNOX_TOKEN_MODEL = "annotate.ApiToken"  # noqa: S105 a model, not a secret
SPECTACULAR_SETTINGS = {
    "TITLE": "Tiebreak",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Collect preferences between responses, and read the reward model that learns from them.",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "OutcomeShown": "annotate.sides.Choice",
        "OutcomeStored": "annotate.models.Outcome",
        "OutcomesOffered": "annotate.models.Project.Outcomes",
        "ProjectState": "annotate.api.project_fields.State",
        "RunState": "annotate.models.Run.State",
    },
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "annotate.api.schema.describe_refusals",
        "annotate.api.schema.describe_strictness",
    ],
}

# Background work. Redis holds messages only; every state that matters is a row.
CELERY_BROKER_URL = read_text("REDIS_URL", "redis://127.0.0.1:6379/0")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_POOL = "solo"  # forks nothing, which CUDA would not survive (annotate/celery.py refuses the others)
CELERY_TASK_TIME_LIMIT = 1800
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for Redis as long as it takes
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 1.0,
    "socket_connect_timeout": 1.0,
    "retry_on_timeout": False,
}
CELERY_TASK_ROUTES = {"trainer.tasks.tick": {"queue": "tick"}, "trainer.tasks.*": {"queue": "train"}}
CELERY_TASK_DEFAULT_QUEUE = "train"
CELERY_BEAT_SCHEDULE = {"tick": {"task": "trainer.tasks.tick", "schedule": 1.0, "options": {"expires": 1.0}}}
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # in memory: no file to unpickle, or to break when it is killed
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False

# Logs: one line per event; never prompts, responses, tokens or session ids.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "filters": {"without_tokens": {"()": "annotate.logs.WithoutTokens"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_tokens"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "axes": {"level": "WARNING"},
        "django": {"handlers": []},  # Django's own would write each line again, tokens included
        "django.request": {"level": "ERROR"},
    },
}
