"""The data worker's app; `tests/project/test_imports.py` shows what it loads, and `tests/flows` that it works."""

from celery.signals import worker_process_init

from tasks import data, pool


def test_it_includes_its_two_modules_and_loads_no_science_into_its_children():
    assert data.app.conf.include == ["tasks.acquisitions", "tasks.documents"]
    receivers = [reference() for _, reference in worker_process_init.receivers]
    assert pool.begin in receivers
    assert pool.warm_up not in receivers
