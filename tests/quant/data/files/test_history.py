"""Rows among the others."""


def test_of_several_rows_of_a_session_the_first_sound_one_is_kept(judge, codes, sample_rows):
    rows = sample_rows(n_rows=20)
    good = list(rows[5])
    rows[5][4] = "-1"
    rows.insert(6, good)
    found = judge(rows)

    assert found.n_kept == 20
    assert codes(found)["conflicting_duplicate"].lines == (7,)
    assert found.bars["close"].iloc[5] == float(good[4])


def test_newest_first_is_put_in_order(judge, codes, sample_rows):
    rows = sample_rows(n_rows=20)
    found = judge(rows[::-1])

    assert codes(found)["unsorted"].count == 19
    assert "newest first" in codes(found)["unsorted"].message
    assert found.bars.equals(judge(rows).bars)


def test_a_split_that_adjusted_close_tells_is_said_and_recorded(judge, codes, sample_rows):
    rows = sample_rows("MSFT", 720, 60)  # the split of 2003-02-18
    found = judge(rows)
    finding = codes(found)["split_suspected"]

    assert (finding.treatment, finding.facts["ratio"], finding.facts["date"]) == ("said", 2.0, "2003-02-18")
    assert found.is_storable
    assert found.bars["close"].tolist() == [float(row[4]) for row in rows]


def test_a_slip_in_the_close_is_not_taken_for_two_splits(judge, codes, sample_rows):
    rows = sample_rows("IBM", 100, 40)
    rows[20][1:5] = [f"{float(cell) * 10:.4f}" for cell in rows[20][1:5]]  # adjusted_close stays
    found = codes(judge(rows))

    assert found["decimal_slip"].lines == (22,)
    assert found["adjusted_close_inconsistent"].lines == (22,)
    assert "split_suspected" not in found


def test_missing_sessions_are_listed_by_date(judge, codes, sample_rows):
    rows = sample_rows(n_rows=30)
    del rows[10:12]
    found = codes(judge(rows))["missing_sessions"]

    assert found.count == 2
    assert found.facts["sessions"] == [row[0] for row in sample_rows(n_rows=30)[10:12]]
