"""Celery's settings, derived from ours.

The broker carries the news that there is work, never the work itself: analyses are rows, claimed under a lease. So
a message may be lost, or come twice, without harm, and everything that would make Celery keep state is switched off.
"""

from webapp.config import load_settings
from webapp.jobs import SWEEP, TIDY

_settings = load_settings()

broker_url = _settings.resolved_redis_url
broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # a server that is away comes back; a worker waits for it
broker_transport_options = {
    # A message that was fetched and not yet begun is given to another worker after this long: never while it may run.
    "visibility_timeout": _settings.analysis_time_limit_seconds + 3600,
}

accept_content = ["json"]
task_serializer = "json"
task_ignore_result = True
task_acks_late = False  # the lease brings lost work back, faster than the broker would
worker_prefetch_multiplier = 1

# A new child warms up before it says that it is there. Celery kills one that is silent for four seconds, and the next,
# for as long as the machine is busy.
worker_proc_alive_timeout = 300.0

# Backstops against what a library leaks; a child that is replaced costs a fork, between two analyses.
worker_max_tasks_per_child = 200
worker_max_memory_per_child = 700 * 1024  # KiB

worker_hijack_root_logger = False
worker_redirect_stdouts = False
worker_send_task_events = False
worker_cancel_long_running_tasks_on_connection_loss = False  # they do not need the broker to go on

enable_utc = True
timezone = "UTC"

beat_schedule_filename = str(_settings.home / "beat")
beat_sync_every = 1  # written at every sending: that is how a health check sees that the clock runs
beat_schedule = {
    "sweep": {
        "task": SWEEP,
        "schedule": 15.0,
        "options": {"expires": 15.0},  # when nobody was there to take it, the next one serves as well
    },
    "tidy": {"task": TIDY, "schedule": 3600.0, "options": {"expires": 3600.0}},
}
