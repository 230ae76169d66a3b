"""The computing core of *MMCL, Reproduced*: data flows config -> experiment -> store -> claims and figures -> chapter."""

__version__ = "0.1.0"
