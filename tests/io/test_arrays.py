"""Files of arrays: what comes back, what is refused, the same bytes twice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from her2genomics.exceptions import FileFormatError, SchemaError
from her2genomics.io.arrays import read_arrays, write_arrays
from her2genomics.schema.arrays import Array

DECLARED = (
    Array("names", "string", ("rows",), "rows", unique=True),
    Array("cells", "float", ("rows", "columns"), "cells", low=0, high=1),
    Array("loss", "float", (), "one number", low=0, required=False),
)


def arrays(**changed: Any) -> dict[str, Any]:
    made = {"names": np.array(["a", "bé"]), "cells": np.array([[0.1, 1.0, 0.0], [1 / 3, 0.5, 0.25]])}
    return {**made, "loss": np.array(2.5), **changed}


def test_arrays_come_back_exactly(tmp_path: Path) -> None:
    write_arrays(arrays(), DECLARED, tmp_path / "x.npz")
    back = read_arrays(tmp_path / "x.npz", DECLARED)
    assert list(back) == ["names", "cells", "loss"]
    for name, values in arrays().items():
        assert back[name].tolist() == values.tolist()
    assert np.load(tmp_path / "x.npz")["cells"].shape == (2, 3), "NumPy itself reads it"
    without = {name: values for name, values in arrays().items() if name != "loss"}
    write_arrays(without, DECLARED, tmp_path / "y.npz")
    assert list(read_arrays(tmp_path / "y.npz", DECLARED)) == ["names", "cells"]


def test_the_same_arrays_are_the_same_bytes_at_another_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_arrays(arrays(), DECLARED, tmp_path / "x.npz")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 100_000)
    write_arrays(dict(reversed(arrays().items())), DECLARED, tmp_path / "y.npz")
    assert (tmp_path / "x.npz").read_bytes() == (tmp_path / "y.npz").read_bytes()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cells": np.array([[0.1, np.nan], [0, 0]])}, "cells has a value that is no finite number"),
        ({"cells": np.array([[0.1, 1.5], [0, 0]])}, "cells has a value above 1"),
        ({"cells": np.array([[0.1, -0.5], [0, 0]])}, "cells has a value below 0"),
        ({"cells": np.zeros((3, 2))}, "cells has 3 rows, not 2"),
        ({"cells": np.zeros(2)}, "cells has 1 dimensions, not 2"),
        ({"cells": np.zeros((2, 2), dtype=int)}, "cells is of type int64, not float"),
        ({"names": np.array(["a", "a"])}, "names has a value twice"),
        ({"names": np.array(["a", 1], dtype=object)}, "names is of type object, not string"),
    ],
)
def test_what_is_not_as_declared_is_named(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        write_arrays(arrays(**changed), DECLARED, tmp_path / "x.npz")
    assert not list(tmp_path.iterdir())
    if next(iter(changed.values())).dtype != object:
        np.savez(tmp_path / "x.npz", **arrays(**changed))
        with pytest.raises(SchemaError, match=message):
            read_arrays(tmp_path / "x.npz", DECLARED)


def test_an_array_that_is_gone_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", names=np.array(["a"]))
    with pytest.raises(SchemaError, match="missing array cells"):
        read_arrays(tmp_path / "x.npz", DECLARED)


def test_damaged_files_and_pickles_are_refused(tmp_path: Path) -> None:
    write_arrays(arrays(cells=np.random.default_rng(1).random((2, 500))), DECLARED, tmp_path / "x.npz")
    whole = (tmp_path / "x.npz").read_bytes()
    broken = bytearray(whole)
    broken[len(whole) // 2] ^= 0xFF
    for content in (b"", b"no arrays", whole[:-30], whole[:50], bytes(broken)):
        (tmp_path / "x.npz").write_bytes(content)
        with pytest.raises(FileFormatError, match="file of arrays"):
            read_arrays(tmp_path / "x.npz", DECLARED)
    np.savez(tmp_path / "x.npz", **{**arrays(), "names": np.array(["a", None], dtype=object)})
    with pytest.raises(FileFormatError, match="file of arrays"):
        read_arrays(tmp_path / "x.npz", DECLARED)
    with pytest.raises(FileFormatError, match="no such file"):
        read_arrays(tmp_path / "gone.npz", DECLARED)
