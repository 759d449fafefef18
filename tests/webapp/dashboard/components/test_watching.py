import dash

from webapp.dashboard.components.watching import register_watch, watch


def test_a_page_rests_when_what_it_shows_is_over():
    parts = {part.id: part for part in watch("x", "/a", mark="m", is_over=True) if hasattr(part, "id")}

    assert parts["x-poll"].disabled is True
    assert parts["x-mark"].data == "m"
    assert parts["x-mark-address"].data == "/a"


def test_asking_happens_in_the_browser_alone():
    app = dash.Dash("x")
    register_watch(app, "x")

    (callback,) = app._callback_list
    assert callback["clientside_function"] == {"namespace": "assay", "function_name": "watch"}
    assert callback["output"] == "x-mark.data"
