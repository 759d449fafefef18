import pytest

from webapp.dashboard import paths


def test_addresses_stand_below_the_prefix():
    assert paths.dashboard() == "/app/"
    assert paths.analyses() == "/app/analyses"
    assert paths.jobs() == "/app/jobs"
    assert paths.studies() == "/app/studies"
    assert paths.study("a1") == "/app/studies/a1"
    assert paths.new_study(from_id="a1") == "/app/new-study?from=a1"
    assert paths.groups() == "/app/admin/groups"
    assert paths.group("a1") == "/app/admin/groups/a1"
    assert paths.new_analysis() == "/app/new"
    assert paths.new_analysis(from_id="a1") == "/app/new?from=a1"
    assert paths.new_analysis(instrument="ABC@upload") == "/app/new?instrument=ABC%40upload"
    assert paths.upload() == "/app/data/upload"
    assert paths.upload("a1") == "/app/data/upload?upload=a1"
    assert paths.analysis("a1") == "/app/analyses/a1"
    assert paths.analysis("a1", tab="risk") == "/app/analyses/a1?tab=risk"


def test_what_is_put_into_an_address_cannot_leave_its_place():
    assert paths.analysis("../admin?x=1#y") == "/app/analyses/..%2Fadmin%3Fx%3D1%23y"
    assert paths.new_analysis(from_id="a&b=c") == "/app/new?from=a%26b%3Dc"


@pytest.mark.parametrize("wrong", ["", "a" * 33, "../x", "a b", None, 7, ["a"], "ä"])
def test_what_cannot_be_an_id_is_refused(wrong):
    assert not paths.is_public_id(wrong)


def test_what_services_make_is_an_id():
    assert paths.is_public_id("c01e7cc3f8e64b55")
