"""The Celery app: `celery -A tasks worker`.

The worker's main process only hands out messages. It never computes: compiled kernels and OpenMP code in a process
that forks later make its children hang. What must happen beside the work (leases, killing what was cancelled, limits)
is done by a keeper, a process of its own, because a thread in a process that forks is a deadlock waiting to happen.
"""

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_init, worker_shutting_down

from tasks import pool
from webapp.config import keep_libraries_to_one_thread

keep_libraries_to_one_thread()  # before Celery imports the tasks, and they numpy

app = Celery("assay", include=["tasks.analyses", "tasks.maintenance"])
app.config_from_object("celeryconfig")

setup_logging.connect(pool.log_as_json)
worker_init.connect(pool.start_keeper)
worker_init.connect(pool.share_what_is_loaded)
worker_shutting_down.connect(pool.hurry)
worker_process_init.connect(pool.warm_up)
