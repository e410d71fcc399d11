"""The web server of a production place: gunicorn -c deploy/gunicorn.conf.py q2c_portal.wsgi:application"""

import multiprocessing

bind = "127.0.0.1:8000"  # a proxy in front ends TLS
worker_class = "q2c_portal.web_worker.BoundedThreads"  # gthread, and an end to slow callers
workers = multiprocessing.cpu_count() + 1
threads = 4
timeout = 60
graceful_timeout = 30
# Workers are renewed now and then, at different moments, so that slowly growing memory stays without consequence.
max_requests = 20_000
max_requests_jitter = 2_000
# It would be written below the home directory, which a service user rarely has.
control_socket_disable = True
accesslog = None
errorlog = "-"
