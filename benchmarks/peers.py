"""Peers that cannot share our environment run in their own, which is made once and kept outside the tree."""

import json
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

HOME = Path.home() / ".cache" / "assay-benchmarks"
SCRIPTS = Path(__file__).parent / "peer_scripts"


@dataclass(frozen=True)
class Peer:
    """An environment by its name, and what is installed in it: exact pins."""

    name: str
    requirements: tuple[str, ...]

    def python(self) -> Path:
        """Return its interpreter; makes the environment if it is not there, or holds something else."""
        folder = HOME / self.name
        made_of = folder / "made-of.json"
        wanted = json.dumps([sys.version, *self.requirements])
        python = folder / "bin" / "python"
        if not (made_of.is_file() and made_of.read_text() == wanted):
            venv.create(folder, clear=True, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *self.requirements], check=True)
            made_of.write_text(wanted)
        return python

    def measure(self, script: str, values: np.ndarray, *, rounds: int) -> Mapping[str, list[float]]:
        """Run a script of `peer_scripts` on an array and return what it prints: seconds of processor time by name."""
        handed = HOME / f"{self.name}-{script}.npy"
        python = self.python()
        np.save(handed, values)
        command = [python, SCRIPTS / f"{script}.py", handed, str(rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name} failed:\n{done.stderr}")
        measured: Mapping[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
        return measured

    def answer(self, script: str, asked: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Run a script of `peer_scripts` on arrays by name and return the arrays that it makes of them."""
        python = self.python()
        with TemporaryDirectory() as folder:
            handed, made = Path(folder, "asked.npz"), Path(folder, "answered.npz")
            np.savez(handed, **asked)  # type: ignore[arg-type] # the stubs take a name for another parameter
            command = [python, SCRIPTS / f"{script}.py", handed, made]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise RuntimeError(f"{self.name} failed:\n{done.stderr}")
            with np.load(made) as archive:
                return dict(archive)


# mlfinpy does not say that it needs scikit-learn, nor that it needs pandas before 3.
MLFINPY = Peer("mlfinpy", ("mlfinpy==0.1.2", "numpy==1.26.4", "pandas==2.3.3", "scikit-learn==1.9.1"))
PYMLFINANCE = Peer("pymlfinance", ("numpy==2.4.6", "pymlfinance==0.1.1"))
ENGINES = Peer("engines", ("backtesting==0.6.6", "numba==0.68.1", "numpy==2.4.6", "pandas==3.1.1", "vectorbt==1.2.0"))
FRACTALS = Peer("fractals", ("antropy==0.2.3", "hurst==0.0.5", "numpy==2.4.6", "pandas==3.1.1"))
PURGEDCV = Peer(
    "purgedcv", ("numpy==2.4.6", "pandas==3.1.1", "purgedcv==0.1.11", "scikit-learn==1.9.1", "scipy==1.17.1")
)
QUANTSTATS = Peer("quantstats", ("numpy==2.4.6", "pandas==3.1.1", "quantstats==0.0.86"))
