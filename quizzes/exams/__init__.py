"""The exam, practice for it, and the interview drill: what is drawn, timed, judged and certified.

`blueprint` says what an exam holds, `drawing` chooses its questions, `clock` tells its time,
`sitting` keeps one in the log of attempts, `report` judges it, `certificate` attests it, and `exam`
is what a learner meets.
"""
