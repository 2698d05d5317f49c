"""The compiled kernel; everything else about the package stands in pyproject.toml."""

from pathlib import Path

from setuptools import Extension, setup

NATIVE = Path("src/assay/kernels/native")

setup(
    ext_modules=[
        Extension(
            "assay.kernels._kernel",
            sources=sorted(str(path) for path in NATIVE.glob("*.c")),
            depends=sorted(str(path) for path in NATIVE.glob("*.h")),
            py_limited_api=True,
            extra_compile_args=[],
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
