"""The study: one declared plan, its students, what they answered, and what that shows.

    python -m training.study plan      # the arms, what they cost; checks the plan
    python -m training.study train     # every arm that is not trained yet
    python -m training.study eval      # each student meets each test once
    python -m training.study report    # tables, picture, docs/appendix/study-results.md

`plan.yaml` is committed before any test hand is asked, and so is the second plan, which `--plan`
names: `full-budget/plan.yaml`. docs/study-method.md tells the method.
"""
