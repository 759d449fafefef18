import os
import subprocess
import sys
from pathlib import Path

import pytest

from webapp import home
from webapp.supervision import CannotStart

HOLDER = "import sys; from pathlib import Path; from webapp.home import only_one\nwith only_one(Path(sys.argv[1])): "


def test_folders_are_made_for_nobody_else_to_read(tmp_path):
    folder = tmp_path / "deep" / "home"
    home.make_folders(folder)
    home.make_folders(folder)  # a second start

    assert sorted(path.name for path in folder.iterdir()) == ["broker", "logs", "secrets"]
    assert {path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())} == {0o700}


def test_folders_that_were_there_are_closed_to_others(tmp_path):
    (tmp_path / "logs").mkdir()
    for folder in (tmp_path, tmp_path / "logs"):
        folder.chmod(0o755)

    home.make_folders(tmp_path)

    assert {path.stat().st_mode & 0o777 for path in (tmp_path, *tmp_path.iterdir())} == {0o700}


def test_a_folder_that_is_everybodys_stays_so(tmp_path):
    tmp_path.chmod(0o1777)

    home.make_folders(tmp_path)

    assert tmp_path.stat().st_mode & 0o7777 == 0o1777
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o700}


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "home").touch()
    with pytest.raises(CannotStart, match=r"cannot be written \(File exists\)\. Name another"):
        home.make_folders(tmp_path / "home")


def test_a_secret_is_readable_by_its_owner_only_and_replaced_whole(tmp_path):
    home.make_folders(tmp_path)
    secret = tmp_path / "secrets" / "name"
    secret.with_suffix(".half").write_text("left by a crash, for all to read")

    assert not home.has_secret(tmp_path, "name")
    home.keep_secret(tmp_path, "name", "first")
    home.keep_secret(tmp_path, "name", "second")

    assert home.has_secret(tmp_path, "name")
    assert secret.read_text() == "second"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert list(secret.parent.iterdir()) == [secret]
    home.forget_secret(tmp_path, "name")
    home.forget_secret(tmp_path, "name")
    assert not home.has_secret(tmp_path, "name")


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path):
    command = [sys.executable, "-c", HOLDER + "print('held', flush=True); sys.stdin.read()", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CannotStart, match=rf"already \(process {holder.pid}\)"), home.only_one(tmp_path):
            pytest.fail("Expected the lock to be held by the other process.")
        holder.stdin.close()
        holder.wait(timeout=10)

    with home.only_one(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_a_lock_whose_holder_is_dead_is_waited_for(tmp_path):
    # The holder forks a child that keeps the lock for a second after it, as a killed launcher's guard does.
    code = HOLDER + "\n    import os, time\n    if os.fork(): os._exit(0)\n    time.sleep(1)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)

    with home.only_one(tmp_path):
        assert Path(tmp_path / "lock").read_text() == str(os.getpid())
