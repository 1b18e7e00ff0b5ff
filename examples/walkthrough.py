# %% [markdown]
# # From a study's tables to groups, comparisons, clusters and survival
#
# The example cohort is a fixture: 523 simulated patients whose margins were built to equal a published study's. What
# comes out shows how the toolkit is used, not how breast cancer is. Research use only.
#
# This page is made from `examples/walkthrough.py` (`make docs`); both run in the test suite.

# %%
import warnings
from pathlib import Path

import her2genomics as h2g
from her2genomics.cluster import ClusterSettings
from her2genomics.exceptions import Her2GenomicsWarning
from her2genomics.io.figures import write_figure
from her2genomics.report.cluster_figures import plot_rank_survey
from her2genomics.report.survival_figures import km_figure
from her2genomics.stats.rank_selection import SurveySettings
from her2genomics.tmb import burden_interval
from her2genomics.workflow.demo import example_folder
from her2genomics.workflow.inputs import StudyFiles

warnings.simplefilter("ignore", Her2GenomicsWarning)  # what was dropped is in cohort.attrition
example = example_folder()

# %% [markdown]
# ## HER2 groups
#
# By ASCO/CAP 2018 (affirmed 2023), each with its reason. HER2-low is a therapeutic tier, not an ASCO/CAP category.

# %%
clinical = h2g.read_clinical(example / "clinical.tsv").table
groups = h2g.classify_table(clinical)
groups

# %% [markdown]
# ## One cohort: samples, alterations, and the mask of what was looked at

# %%
cohort = h2g.load_study(
    StudyFiles(
        clinical=example / "clinical.tsv",
        alterations=example / "alterations.tsv",
        profiled=example / "profiled.txt",
        tmb=example / "tmb.tsv",
    )
)
cohort

# %% [markdown]
# ## Tumour mutational burden
#
# Eight mutations in 1.003 Mb are 8.0 per Mb, and the exact interval says how little eight mutations tell.

# %%
burden_interval(8, 1.003)

# %%
cohort.samples.groupby("her2_group", observed=True)["tmb"].describe()

# %% [markdown]
# ## Comparison between the groups
#
# Exact tests over the profiled samples, q within family and contrast, adjusted beside crude.

# %%
comparison = h2g.compare_groups(cohort)
comparison.top("zero-low")[["feature", "altered_a", "n_a", "altered_b", "n_b", "effect", "p_value", "q_value"]]

# %%
pathways = h2g.compare_pathways(cohort)
pathways.top("zero-low", family="pathway")[["feature", "altered_a", "n_a", "altered_b", "n_b", "p_value", "q_value"]]

# %% [markdown]
# ## Clusters
#
# Few runs and ranks, to be quick; the defaults are 50 runs of ranks 2 to 8.

# %%
clusters = h2g.cluster_cohort(cohort, ClusterSettings(ranks=(2, 3, 4), survey=SurveySettings(runs=10, seed=1)))
clusters.ranks

# %% [markdown]
# ## Survival

# %%
survival = h2g.survival_of_cohort(cohort)
survival.survival[["group", "n", "n_events", "median_text", "hazard_ratio"]]

# %% [markdown]
# ## Figures
#
# Every figure is a `matplotlib.figure.Figure`: shown by the notebook, written by `write_figure` as SVG, PDF or PNG.

# %%
figures = {
    "oncoprint": h2g.draw_oncoprint(cohort, top=20),
    "frequencies": h2g.comparison_figure(comparison.association, comparison.contingency, "bars"),
    "ranks": plot_rank_survey(clusters),
    "survival": km_figure(survival),
}
figures["oncoprint"]

# %%
folder = Path("walkthrough_figures")
for name, figure in figures.items():
    write_figure(figure, folder / f"{name}.svg")
sorted(path.name for path in folder.iterdir())
