"""Teachers behind an API: what they are asked with, what that costs, and the teachers themselves.

`live` and `batch` load the client, so they are imported by whoever makes a teacher.
"""

from tot24_bench.teachers.api.money import Budget, Charge, Price, price_of
from tot24_bench.teachers.api.settings import OpenAIBatchSettings, OpenAISettings
