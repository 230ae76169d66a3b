"""`run` by an experiment's name, as the command line and the chapters resolve it."""

from mmcl_core.catalog import find_experiment
from mmcl_core.lab.run import run as run_experiment


def run(name, *arguments, **keywords):
    return run_experiment(find_experiment(name), *arguments, **keywords)
