"""The notebooks of examples/ run from their first cell to their last, and the README's lines give a data frame."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import lobench
from tests.support.command import environment
from tests.support.paths import ROOT
from tests.support.replays import run_python

NOTEBOOKS = ROOT / "examples/notebooks"


def parameters() -> list[str]:
    return sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.normal
@pytest.mark.parametrize("name", parameters())
def test_notebook_is_python_without_outputs(name: str) -> None:
    notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text())
    assert not any(cell.get("outputs") for cell in notebook["cells"]), "outputs are not kept in the repository"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            compile("".join(cell["source"]), cell["id"], "exec")


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", parameters())
def test_notebook_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    for variable, value in environment(IPYTHONDIR=str(tmp_path), JUPYTER_RUNTIME_DIR=str(tmp_path)).items():
        monkeypatch.setenv(variable, value)
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    client = nbclient.NotebookClient(notebook, timeout=1200, kernel_name="python3", resources=_folder(tmp_path))
    client.execute()
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")


def _folder(tmp_path: Path) -> dict[str, dict[str, str]]:
    """Beside the engines that a notebook names, and not in the checkout, for it may write results."""
    folder = tmp_path / "examples"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "engines").symlink_to(ROOT / "examples/engines")
    return {"metadata": {"path": str(folder / "notebooks")}}


@pytest.mark.normal
def test_the_lines_of_the_readme_give_a_data_frame(tmp_path: Path) -> None:
    pytest.importorskip("polars")
    readme = (ROOT / "README.md").read_text()
    (lines,) = [block for block in re.findall(r"```python\n(.*?)```", readme, re.S) if "lobench.rows(" in block]
    assert len(lines.strip().splitlines()) <= 5
    lobench.generate("equity-universe", tmp_path / "your.mbo.dbn.zst", n=20_000)
    told = "import json\nprint(json.dumps([frame.height, frame['ts_sample'].n_unique(), frame.columns]))"
    rows, samples, columns = run_python(f"import os\nos.chdir({str(tmp_path)!r})\n{lines}\n{told}")
    assert rows >= samples > 0
    assert {"mid_price", "symbol", "bid_px_04"} <= set(columns)
