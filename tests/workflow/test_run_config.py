"""The configuration of a run."""

from __future__ import annotations

from dataclasses import fields

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from her2genomics.cli.main import cli
from her2genomics.exceptions import FileFormatError, UsageError
from her2genomics.workflow.run_config import RunConfig, commented_config, config_schema, default_values, read_config


def test_schema_defaults_and_the_written_file_are_one_thing():
    Draft202012Validator.check_schema(config_schema())
    Draft202012Validator(config_schema()).validate(default_values())
    assert yaml.safe_load(commented_config()) == default_values()
    assert [f.name for f in fields(RunConfig)] == list(config_schema()["properties"])
    assert read_config().as_dict() == default_values()


def test_defaults_are_those_of_the_library():
    from her2genomics.cluster import ClusterSettings
    from her2genomics.copy_rule import CopyRule
    from her2genomics.workflow.inputs import StudySettings

    chosen, rule, study = read_config(), CopyRule(), StudySettings()
    assert (chosen.panel, chosen.build, chosen.her2_rule) == (study.panel, study.build, study.her2_rule)
    assert chosen.tmb["preset"] == study.vcf_preset
    assert list(chosen.cnv.values())[1:5] == list(vars(rule).values())[:4]
    assert tuple(chosen.cluster["ranks"]) == ClusterSettings().ranks


def test_paths_are_relative_to_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    path = tmp_path / "config.yaml"
    path.write_text("reference: pon.cnn\ncoverage:\n  targets: kit/targets.bed\n  bin_size: 100\ncnv:\n")
    found = read_config(path, seed=5, fasta="hg19.fa")
    assert found.reference == str(tmp_path / "pon.cnn")
    assert found.coverage["targets"] == str(tmp_path / "kit/targets.bed")
    assert found.coverage["bin_size"] == 100
    assert found.coverage["callable_depth"] == 100, "other keys of a section keep their defaults"
    assert found.cnv == default_values()["cnv"], "an empty section is the default one"
    assert (found.seed, found.fasta) == (5, "/hg19.fa")
    parameters = found.as_parameters()
    assert parameters["reference"] == "pon.cnn"
    assert str(tmp_path) not in str(parameters)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pannel: x", r"c\.yaml: unknown key pannel; did you mean panel\?"),
        ("cnv:\n  deletions: 1", r"unknown key cnv\.deletions; did you mean cnv\.deletion\?"),
        ("callable_depth: 50", r"unknown key callable_depth; did you mean coverage\.callable_depth\?"),
        ("cnv:\n  zzz: 1", r"unknown key cnv\.zzz; keys: ploidy"),
        ("seed: five", r'seed: "five" is not a whole number'),
        ("seed: -1", "seed: -1 has to be at least 0"),
        ("coverage: 5", "coverage: 5 is not a section"),
        ("coverage:\n  min_mapq: 300", r"coverage\.min_mapq: 300 has to be at most 255"),
        ("cnv:\n  ratio_rule: off", r"cnv\.ratio_rule: false is not one of off, .*YAML reads no, off as false"),
        ("build: hg18", 'build: "hg18" is not one of hg19, hg38'),
        ("skip: [tea]", r'skip\.0: "tea" is not one of'),
        ("a: [", r"c\.yaml:2: is no YAML"),
        ("- a", "is no list of 'key: value' lines"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    path = tmp_path / "c.yaml"
    path.write_text(text + "\n")
    with pytest.raises(FileFormatError, match=message):
        read_config(path)


def test_wrong_options_and_absent_files(tmp_path):
    with pytest.raises(UsageError, match="seed: -5 has to be at least 0"):
        read_config(seed=-5)
    with pytest.raises(FileFormatError, match="no such file; her2g run --init"):
        read_config(tmp_path / "none.yaml")


def test_init_writes_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["run", "--init"])
    assert (done.exit_code, done.output) == (0, "config.yaml\n")
    assert read_config(tmp_path / "config.yaml").as_dict() == default_values()
    again = CliRunner().invoke(cli, ["run", "--init", "config.yaml"])
    assert again.exit_code == 2
    assert "is there already" in again.output
