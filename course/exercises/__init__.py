"""The checks behind `check("…")`: one module a lesson, one function an exercise."""
