"""`python -m tot24_bench.cli` is `tot24`."""

from tot24_bench.cli import app

app(prog_name="tot24")
