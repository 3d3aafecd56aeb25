"""What DCASE 2023 Task 7 has published, as it is: the baseline's trained files, and the data set as downloaded.

- `baseline`: import of the baseline's weights.
- `recordings`: the data set's folders and its table of where each clip was cut from.
"""
