"""The kinds of questions, one module each: fields, grading and text form beside each other.

`quizzes.model` puts them together. A new kind is a module here with one class made like the others,
a name in the list of `quizzes.model.Question`, and its controls in the page (`quizzes/static`).
"""
