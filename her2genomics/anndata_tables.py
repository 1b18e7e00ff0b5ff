"""Tables of a cohort as AnnData, for scanpy and its relatives.

AnnData keeps one number per sample and gene.  Missing has to stay missing: ``X`` is 1 where the gene is altered, 0
where an assay looked and found nothing, and NaN where none looked.  Functions of scanpy that take no NaN want a choice
first (genes profiled in all samples, for example: ``data[:, data.var["frac_profiled"] == 1]``).

Columns become types that ``.h5ad`` files hold and that come back the same: texts are categorical, numbers are float64
with NaN or nullable integers, yes and no are nullable booleans.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.exceptions import UsageError

if TYPE_CHECKING:
    import anndata

BoolMatrix = npt.NDArray[np.bool_]


def make_anndata(
    samples: pd.DataFrame,
    genes: tuple[str, ...],
    altered: BoolMatrix,
    profiled: BoolMatrix,
    *,
    provenance: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
) -> anndata.AnnData:
    """Return samples x genes as AnnData.

    Parameters
    ----------
    samples
        One row per sample; ``sample_id`` becomes the names of the observations.
    genes
        Names of the variables.
    altered, profiled
        Shape (samples, genes); both go into ``layers`` as well.
    provenance
        Goes into ``uns["her2genomics"]``.
    tables
        Further tables for ``uns``, by name.

    Raises
    ------
    UsageError
        If anndata is not installed.
    """
    try:
        import anndata
    except ImportError as error:
        raise UsageError(
            "AnnData objects need anndata, which is not installed", hint="pip install 'her2genomics[anndata]'"
        ) from error
    n_profiled, n_altered = profiled.sum(axis=0), altered.sum(axis=0)
    with np.errstate(invalid="ignore"):
        frequency = n_altered / n_profiled
    var = pd.DataFrame(
        {
            "n_profiled": n_profiled,
            "n_altered": n_altered,
            "frac_profiled": n_profiled / max(len(samples), 1),
            "frac_altered": frequency,
        },
        index=pd.Index(list(genes), dtype=object),
    )
    return anndata.AnnData(
        X=np.where(profiled, altered.astype(np.float32), np.float32("nan")),
        obs=_storable(samples.drop(columns="sample_id")).set_axis(pd.Index(samples["sample_id"], dtype=object)),
        var=var,
        layers={"altered": altered, "profiled": profiled},
        uns={"her2genomics": dict(provenance), **{name: _storable(table) for name, table in tables.items()}},
    )


def _storable(table: pd.DataFrame) -> pd.DataFrame:
    columns = {str(name): _storable_column(values) for name, values in table.items()}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(table)).astype(str).astype(object))


def _storable_column(values: pd.Series) -> Any:
    if isinstance(values.dtype, pd.CategoricalDtype):
        categories = values.cat.categories.astype(str).astype(object)
        return pd.Categorical.from_codes(values.cat.codes, categories=categories, ordered=values.cat.ordered)
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("boolean").array
    if pd.api.types.is_integer_dtype(values.dtype):
        return values.astype("Int64").array
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = values.isna().to_numpy(dtype=bool)
    texts = np.array([None if gap else str(value) for value, gap in zip(values, missing, strict=True)], dtype=object)
    return pd.Categorical(texts, categories=sorted(set(texts[~missing])))
