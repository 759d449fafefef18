"""The benchmarks: their document is what was measured, and every part of them runs. Nothing is timed here."""

import importlib
import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import (
    backtesters,
    bare,
    bars,
    first_page,
    fits,
    labels,
    main_job,
    memory,
    questions,
    queueing,
    splits,
    stopwatch,
    studying,
    timing,
)
from benchmarks.__main__ import CLAIMS, DOCUMENT, RESULTS
from benchmarks.document import render, text
from benchmarks.findings import Finding, Goal, Results, Table, from_json
from benchmarks.installation import installation
from benchmarks.long_prices import long_prices
from benchmarks.machine import circumstances, versions
from quant.analysis import Silent, run_analysis
from quant.frames import to_panel
from quant.labels.forward_return import forward_return
from quant.memory import Memory
from quant.preparation import fetch_instruments
from quant.risk.performance import headline
from quant.stages import MemoryStore
from quant.validation.splits import purged_k_fold

IN_PROCESS = ("features", "backtest", "audit", "charts", "uploads")  # the others start programs


@pytest.fixture(scope="module")
def kept() -> Results:
    """The results that the document was made from."""
    return from_json(json.loads(RESULTS.read_text()))


@pytest.fixture
def finding() -> Finding:
    """A finding with one goal of each kind and outcome."""
    goals = (Goal("time", 1.2, 1.0, "×"), Goal("speed", 15.0, 14.0, "×", at_least=True))
    tables = (Table("Numbers:", ("a", "b"), (("x", None),)),)
    return Finding("claim", "A claim", "goal.", "How.", goals, tables, circumstances())


def test_the_document_is_what_was_measured(kept):
    assert DOCUMENT.read_text() == render(kept)


def test_every_claim_was_measured_and_says_its_goal_in_one_line(kept):
    assert [finding.name for finding in kept.findings] == list(CLAIMS)
    for finding in kept.findings:
        goal = importlib.import_module(CLAIMS[finding.name]).GOAL
        assert finding.goal == goal
        assert "\n" not in goal
        assert finding.goals


def test_no_name_and_no_path_of_the_machine_is_written_down():
    facts = " ".join([*circumstances().values(), *versions().values()])

    assert "/" not in facts
    assert set(circumstances()) == {"day", "processor", "memory", "system", "load"}


def test_results_survive_json(finding):
    results = Results(versions(), (finding,))

    assert from_json(json.loads(json.dumps(results.to_json()))) == results


def test_the_document_says_what_holds_and_what_does_not(finding):
    lines = render(Results({}, (finding,))).splitlines()

    assert "| `claim` | time | ≤ 1 × | 1.20 × | **no** |" in lines
    assert "| `claim` | speed | ≥ 14 × | 15.0 × | yes |" in lines
    assert "| x | – |" in lines
    assert any(line.startswith(f"Measured on {circumstances()['day']}: ") for line in lines)


def test_what_is_measured_again_takes_its_own_place_and_its_own_machine(finding):
    other = replace(finding, name="other")
    elsewhere = replace(finding, circumstances={**finding.circumstances, "processor": "another"})

    renewed = Results({"numpy": "1"}, (other, finding)).renewed(
        Results({"numpy": "2"}, (elsewhere,)), ["claim", "other"]
    )

    assert renewed == Results({"numpy": "2"}, (elsewhere, other))


@pytest.mark.parametrize(
    ("cell", "shown"), [(0.01234, "0.0123"), (1.234, "1.23"), (12.34, "12.3"), (12345.6, "12,346"), (7, "7")]
)
def test_numbers_are_shown_with_three_digits(cell, shown):
    assert text(cell) == shown


def test_functions_are_timed_in_turns():
    calls = []
    timed = timing.compare(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=3, least_seconds=0.0
    )

    assert "".join(calls[-6:]) == "ababab"
    assert {name: len(samples) for name, samples in timed.samples.items()} == {"a": 3, "b": 3}


def test_ratios_are_of_neighbours():
    assert timing.ratio([1.0, 20.0, 3.0], [1.0, 10.0, 1.0]) == 2.0
    assert timing.percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert timing.percentile([4.0, 1.0, 3.0, 2.0], 0.99) == 4.0


def test_rows_that_a_peer_leaves_out_are_held_against_ours():
    prices = long_prices(500)
    frame = to_panel({0: forward_return(prices, horizon=5, threshold=0.0)}).dropna()
    folds = purged_k_fold(frame, 5, 5)
    out = [np.setdiff1d(np.arange(len(frame)), np.concatenate((fold.train, fold.test))).tolist() for fold in folds]

    splits._agree(folds, out, len(frame))
    assert splits._handed(frame).shape == (2, len(frame) + 1)
    with pytest.raises(AssertionError, match="purgedcv"):
        splits._agree(folds, [out[0], out[1][5:], *out[2:]], len(frame))


def test_the_plain_loop_labels_events_as_the_kernel_that_it_is_compared_with():
    prices, target, rows = labels._events(3_000, 400)
    closes = prices["close"].to_numpy(), prices["open"].to_numpy()
    kernel = labels._kernel(*closes, rows, 5.0 * target[rows])
    np.testing.assert_array_equal(kernel, labels.plain_loop(*closes, rows, 5.0 * target[rows], 50))
    assert set(kernel[0]) == {-1.0, 0.0, 1.0}


@pytest.mark.parametrize("n_bars", [1, 500, 25_000])
def test_long_prices_are_prices_of_any_length_and_always_the_same(n_bars):
    prices = long_prices(n_bars)

    assert len(prices) == n_bars
    assert prices.equals(long_prices(n_bars))
    assert prices["close"].between(1, 10_000).all()


def test_the_plain_loop_keeps_the_account_that_it_is_compared_with():
    path = backtesters._crossing(600, 20, 50, 1e-3)
    equity, _ = backtesters.ours(path, "vectorbt")
    own, (growth, _, depth) = backtesters._loop(path)

    np.testing.assert_allclose(own, equity, rtol=1e-12)
    found = headline(path.run().levels, periods_per_year=252)
    np.testing.assert_allclose((growth, depth), (found.total_return, found.max_drawdown), rtol=1e-9)


def test_the_plain_loop_makes_the_bars_that_it_is_compared_with():
    trades, threshold = bars._tape(30_000)
    ours = bars._ours(trades, threshold)
    plain = bars.plain_loop(trades["price"].to_numpy(), trades["size"].to_numpy(), threshold)

    n_trades = ours["n_trades"].to_numpy().astype(int)
    by_bar = np.split(trades["size"].to_numpy(), n_trades.cumsum())[:-1]
    bars._agree(ours, plain, np.array([sizes.sum() for sizes in by_bar]))


@pytest.mark.parametrize("name", IN_PROCESS)
def test_a_claim_can_be_measured(name):
    finding = importlib.import_module(CLAIMS[name]).measure(quick=True)

    assert finding.name == name
    assert all(np.isfinite(goal.measured) and goal.measured > 0 for goal in finding.goals)


@pytest.mark.postgres
@pytest.mark.slow
def test_lists_can_be_measured_on_both_databases():
    finding = importlib.import_module(CLAIMS["lists"]).measure(quick=True)

    assert [goal.measured > 0 for goal in finding.goals] == [True, True]
    assert len(finding.tables[0].rows) > 20


def test_a_members_own_work_is_timed_without_its_shared_stages():
    seconds = studying.own_seconds(questions.trivial(), studying.axis, 2)
    assert len(seconds) == 2
    assert all(each > 0 for each in seconds)


def test_a_stopwatch_counts_every_moment_once():
    moments = iter([0.0, 1.0, 3.0, 6.0, 10.0])
    watch = stopwatch.Stopwatch(lambda: next(moments))
    with watch.under("writing"):  # from 1 to 3
        pass
    watch.switch("train")  # at 6
    watch.fitted(3.0)
    watch.switch("")  # at 10

    assert dict(watch.seconds) == {"acquire": 4.0, "writing": 2.0, "train": 1.0, "train fits": 3.0}


def test_traffic_is_counted_by_kind_and_what_a_browser_had_is_not_fetched():
    traffic = first_page.Traffic()
    for request, kind, address, size in (
        ("1", "Script", "/plotly/plotly.min.js", 9_000.0),
        ("2", "Script", "/dash/dcc.js", 300.0),
        ("3", "Font", "/inter.woff2", 5_000.0),
        ("4", "Document", "/app/", 2_000.0),
    ):
        traffic._answered({"requestId": request, "type": kind, "response": {"url": address}})
        traffic._finished({"requestId": request, "encodedDataLength": size})

    assert traffic.bytes(plotly=True) == 9_000
    assert (traffic.bytes(plotly=False), traffic.bytes("Script", plotly=False)) == (7_300, 300)
    assert traffic.fetched() == ["/plotly/plotly.min.js", "/inter.woff2"]


def test_every_second_of_a_run_belongs_to_one_part(tmp_path):
    spec = questions.with_extras(questions.small(), n_trials=1)
    report = tmp_path / "report.json"
    run = stopwatch.timed(run_analysis, report)
    memory = Memory(2**24)
    answer = run(spec, fetch_instruments, store=MemoryStore(), watcher=Silent(), memory=memory)

    assert memory.n_bytes == 0, "every part is computed, whatever was asked before"
    watch = json.loads(report.read_text())
    extras = {"importance", "tune", "tune fits", "audit"}
    parts = {name for names in main_job.PARTS.values() for name in names}
    assert answer.hash() == run_analysis(spec, fetch_instruments, pinned_n_tuning_trials=1).hash()
    assert set(watch["seconds"]) - {""} <= parts | extras
    assert extras <= set(watch["seconds"])
    assert sum(watch["seconds"].values()) == pytest.approx(watch["ended"] - watch["began"], abs=0.05)
    assert set(main_job.QUEUE) <= parts


def test_bare_fits_predict_what_the_analysis_predicts():
    floor = bare.BareRun(questions.without_extras(questions.small()))

    expected = floor.answer.frames["predictions"]["probability"].to_numpy()
    np.testing.assert_allclose(floor.run(), expected, rtol=0, atol=1e-9)
    assert floor.n_fits == 2 * 2 + len(floor.answer.frames["fold_scores"]) + 1  # the final model


def test_the_seam_for_fits_is_where_all_fits_pass():
    def refuse(*_arguments, **_options):
        raise LookupError("a fit")

    with fits.fits_through(refuse), pytest.raises(LookupError, match="a fit"):
        run_analysis(questions.small(), fetch_instruments)
    run_analysis(questions.small(), fetch_instruments)


def test_the_example_is_asked_with_and_without_what_can_be_added():
    spec = questions.the_example()
    plain, full = questions.without_extras(spec), questions.with_extras(spec, n_trials=3)

    assert (plain.importance, plain.tuning.enabled, plain.audit.enabled) == (False, False, False)
    assert (full.importance, full.tuning.n_trials, full.audit.enabled) == (True, 3, True)
    assert plain.models == full.models == spec.models


@pytest.mark.broker
@pytest.mark.slow
def test_an_installation_answers_and_shows_an_analysis_and_leaves_nothing():
    plain = questions.without_extras(questions.small())
    n_fits = bare.BareRun(plain).n_fits
    with installation() as site:
        worker = site.start_worker(app="benchmarks.timed_worker")
        prices = site.stored()
        run = main_job.run_once(site, plain, n_fits=n_fits)
        main_job.run_once(site, plain, n_fits=0)
        with pytest.raises(RuntimeError, match="came from the store"):
            main_job.run_once(site, plain, n_fits=n_fits)
        written, claimed, first_stage = queueing.submit_once(site, 0.0)
        (trip,) = queueing.round_trips(site, 1)
        pace = studying.run_study(site, worker, questions.trained(), studying.training_axis(2, 1000))
        web = memory.start_web(site)
        memory.visit(site, run.analysis_id)
        site.forget(site.stored() - prices)
        again = main_job.run_once(site, plain, n_fits=n_fits)

    assert run.total > run.sum(main_job.QUEUE) > 0
    assert run.total == pytest.approx(sum(run.seconds.values()), abs=0.05)
    assert set(again.seconds) == set(run.seconds)
    assert 0 < written <= claimed <= first_stage
    assert trip > 0
    assert pace.n_members == 2
    assert pace.seconds > 0
    assert pace.cpu_seconds > 0
    assert not worker.is_running()
    assert not web.is_running()
    assert not site.settings.home.exists()
