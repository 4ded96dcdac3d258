"""The exam, practice for it, and the interview drill: what is drawn, timed, judged and certified.

`blueprint` says what an exam holds, `drawing` chooses its questions, `clock` tells its time,
`sitting` keeps one in the log of attempts, `marking` and `report` say what it was worth,
`certificate` attests it. `exam` is what a learner meets, `view` shows it in the page, `words` says
it as text, and `opening` is the way in.
"""
