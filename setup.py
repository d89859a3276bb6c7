"""The folders of the package: each part is at the top of the repository and is installed under ``lobench``.

The links of the same names in ``lobench/`` are for editors and type checkers; nothing here follows them.
"""

from setuptools import find_packages, setup

PARTS = ("engine", "variants", "workbench", "reports")
folders = {f"lobench.{part}": part for part in PARTS}
inner = [f"lobench.{part}.{name}" for part in PARTS for name in find_packages(part)]
setup(packages=["lobench", *folders, *inner], package_dir={"lobench": "lobench", **folders})
