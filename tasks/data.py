"""The Celery app of the data worker: `celery -A tasks.data worker -Q data`.

It loads no science: prices are fetched and read, nothing is computed. What brings them is loaded with the first job.
"""

from celery import Celery
from celery.signals import worker_process_init

from tasks import pool

app = Celery("assay-data", include=["tasks.acquisitions", "tasks.documents"])
app.config_from_object("celeryconfig")

worker_process_init.disconnect(pool.warm_up)
worker_process_init.connect(pool.begin)
