"""Two-state columns: what counts as the event or the response.

``1``, ``yes``, ``true`` and coded states (``1:DECEASED``) are understood; any other code is refused unless the user
says which value is meant, because 1/2 coding and reversed coding look alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from her2genomics.clinical_variables import category_text
from her2genomics.exceptions import SchemaError

_CODED = r"^(?:([01])(?:\.0)?(?:\s*:.*)?|(true|yes|pcr)|(false|no|non-pcr))$"


def read_yes_no(
    samples: pd.DataFrame,
    column: str,
    yes: Sequence[str] = (),
    *,
    option: str = "--event-is",
    source: str | None = None,
) -> pd.Series:
    """Return a column as nullable booleans.

    Parameters
    ----------
    samples
        Table, with ``sample_id`` for messages.
    column
        Column to read.
    yes
        Values that mean yes; all others that are there mean no.
    option
        Command-line option that names them, for the hint.
    source
        File name for messages.

    Raises
    ------
    SchemaError
        If a value is neither, or none of ``yes`` occurs.

    Examples
    --------
    >>> t = pd.DataFrame({"status": ["1:DECEASED", "0:LIVING", None]})
    >>> read_yes_no(t, "status").tolist()
    [True, False, <NA>]
    """
    text = category_text(samples[column])
    if yes:
        present = set(text.dropna().unique())
        if not present & set(yes):
            there = ", ".join(sorted(present)[:8])
            raise SchemaError(f"no value is {' or '.join(yes)}", path=source, column=column, hint=f"there are: {there}")
        return text.isin(list(yes)).astype("boolean").mask(text.isna())
    coded = text.str.lower().str.extract(_CODED)
    odd = (text.notna() & coded.isna().all(axis=1)).to_numpy(dtype=bool)
    if odd.any():
        row = int(np.flatnonzero(odd)[0])
        raise SchemaError(
            f"value '{text.iloc[row]}' is neither yes nor no ({int(odd.sum())} rows)",
            path=source,
            sample=str(samples["sample_id"].iloc[row]) if "sample_id" in samples else None,
            column=column,
            hint=f"write 1 or 0 (or 1:DECEASED, 0:LIVING), or say which value is meant: {option} VALUE",
        )
    value = (coded[0] == "1") | coded[1].notna()
    return value.fillna(False).astype("boolean").mask(text.isna())
