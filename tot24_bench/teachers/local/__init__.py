"""Teachers that run on this machine: checkpoints through transformers or vLLM."""

from tot24_bench.teachers.local.checkpoint import LocalSettings
from tot24_bench.teachers.local.hf import TransformersTeacher
from tot24_bench.teachers.local.vllm import VllmTeacher
