"""How many events each tumour has besides one event, of mutation and of copy number apart: what two events share.

Mutations (with fusions) and copy-number events are two processes: a hypermutated tumour is not one of many
amplifications.  The number of mutated genes and the number of chromosomes with a copy-number event are two burdens,
because one copy-number event alters many neighbours.  An event's own part is left out of both: its gene of the one, its
whole chromosome of the other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from her2genomics import schema
from her2genomics.cohort import Cohort
from her2genomics.comparison.events import AMPLIFICATION, amplicon_genes, find_events
from her2genomics.comparison.features import BinaryFeatures, BoolArray, BoolMatrix
from her2genomics.comparison.groups import IntArray
from her2genomics.panel import Panel
from her2genomics.stats.inputs import Floats


@dataclass(frozen=True)
class EventBurden:
    """Burdens of all samples and the part of each event in them; matrices of shape (samples, events).

    ``looked_mutation`` and ``looked_copies`` are the genes, and the chromosomes, that were profiled.
    """

    mutated: BoolMatrix
    copied: BoolMatrix
    chromosome_altered: BoolMatrix
    n_mutated: IntArray
    n_chromosomes: IntArray
    looked_mutation: IntArray
    looked_copies: IntArray
    chromosome: IntArray

    def without(self, event: int) -> tuple[IntArray, IntArray]:
        """Return both burdens of each sample with one event's own part left out."""
        return self.n_mutated - self.mutated[:, event], self.n_chromosomes - self.chromosome_altered[:, event]

    def possible(self, events: IntArray, without: int) -> BoolMatrix:
        """Return where the events can be altered, once another event's part of the burden is left out.

        What lies on a chromosome that was left out is no part of the burden, and possible everywhere.
        """
        changes, copies = self.without(without)
        by_mutation = (changes > 0)[:, None] & self.mutated[:, events].any(axis=0)
        beside = (self.chromosome[events] == self.chromosome[without]) & (self.chromosome[without] >= 0)
        by_copies = ((copies > 0)[:, None] | beside) & self.copied[:, events].any(axis=0)
        possible: BoolMatrix = by_mutation | by_copies
        return possible

    def terms(self, event: int) -> Floats:
        """Return the terms of a design for both burdens without one event, shape (samples, 4).

        The logarithm of each rate per gene (or chromosome) looked at, and whether it is 0.
        """
        pairs = zip(self.without(event), (self.looked_mutation, self.looked_copies), strict=True)
        columns = [(np.log(np.maximum(n, 1) / np.maximum(looked, 1)), n == 0) for n, looked in pairs]
        return np.column_stack([column for both in columns for column in both]).astype(float)


def find_event_burden(cohort: Cohort, classes: Collection[str], panel: Panel, events: BinaryFeatures) -> EventBurden:
    """Return the burdens over all genes of the cohort, and the part of the chosen events in them.

    A gene whose chromosome the panel does not know counts as one of its own.
    """
    copies = find_events(cohort, [c for c in classes if c in schema.COPY_NUMBER_CLASSES], amplicon_genes(panel))
    changes = cohort.altered([c for c in classes if c not in schema.COPY_NUMBER_CLASSES])
    chromosomes = event_chromosomes(copies, panel)
    units, _ = pd.factorize(pd.Series([c or name for c, name in zip(chromosomes, copies.names, strict=True)]))
    used = np.flatnonzero(copies.value.any(axis=0))
    altered, looked = (_by_unit(cells, units, used) for cells in (copies.value, copies.known))
    place = {name: j for j, name in enumerate(copies.names)}
    at = np.array([place.get(name, -1) for name in events.names])
    of_gene = np.where(at < len(cohort.genes), at, -1)
    of_unit = np.where(at >= 0, units[at], -1)
    return EventBurden(
        mutated=_taken(changes, of_gene),
        copied=_taken(copies.value, at),
        chromosome_altered=_taken(altered, of_unit),
        n_mutated=changes.sum(axis=1),
        n_chromosomes=altered.sum(axis=1),
        looked_mutation=cohort.profiled.sum(axis=1),
        looked_copies=looked.sum(axis=1),
        chromosome=of_unit,
    )


def event_chromosomes(events: BinaryFeatures, panel: Panel) -> list[str | None]:
    """Return the chromosome of each event, None where the panel does not know the gene."""
    spans = panel.gene_spans(panel.builds[0])
    places = dict(zip(spans["gene"], spans["chromosome"].astype(str), strict=True))
    genes = [
        note.split(";")[0] if name.endswith(f" {AMPLIFICATION}") else name
        for name, note in zip(events.names, events.notes, strict=True)
    ]
    return [places.get(gene) for gene in genes]


def _by_unit(cells: BoolMatrix, units: IntArray, used: IntArray) -> BoolMatrix:
    """Return whether any of the events in use of each unit is True."""
    shape = (len(used), int(units.max(initial=-1)) + 1)
    member = csr_array((np.ones(len(used)), (np.arange(len(used)), units[used])), shape=shape)
    found: BoolMatrix = (cells[:, used].astype(float) @ member) > 0
    return found


def _taken(cells: BoolMatrix, columns: IntArray) -> BoolMatrix:
    """Return some columns of a matrix, False for column -1."""
    there: BoolArray = columns >= 0
    taken = np.zeros((len(cells), len(columns)), dtype=bool)
    taken[:, there] = cells[:, columns[there]]
    return taken
