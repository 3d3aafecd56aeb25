"""The listening test of the paper's section 4: people rate clips blindly, and the result says how sure it is.

`preparation` chooses sounds and makes them equally loud, `plan` says who rates what in which order, `page` asks,
`ratings` keeps the answers, `raters` finds careless ones, and `results` has the means with their intervals.
"""
