"""The leaderboard as a page: what it shows, how it is written, served and published."""

from tot24_bench.leaderboard.site.build import (
    DETAILS,
    PAGE,
    Page,
    build,
    publish,
)
from tot24_bench.leaderboard.site.content import Graded, content_of, read_graded
from tot24_bench.leaderboard.site.serve import Preview, server
