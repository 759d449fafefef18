from tasks import hands as module


def test_hands_are_made_once_a_process_from_the_settings(settings, monkeypatch):
    monkeypatch.setattr(module, "load_settings", lambda: settings)
    module.hands.cache_clear()
    try:
        made = module.hands()
        assert module.hands() is made
        assert made.store.root == settings.home / "frames"
        assert made.database.engine.url.database == str(settings.home / "assay.sqlite")
    finally:
        module.hands.cache_clear()
