"""The WSGI application that gunicorn serves."""

from django.core.wsgi import get_wsgi_application

from annotate.environment import read_settings

read_settings()
application = get_wsgi_application()
