"""The reward head and everything that trains, questions and judges it: functions over arrays, no Django.

Axes, as they end the names of tensors here and everywhere in this package:

    N  responses                  B  comparisons (labels)      M  pairs of the project
    D  embedding size             K  directions of the head    C  cut points
    S  bootstrap samples          U  distinct texts            T  tokens
    Q  pairs in the queue         G  groups, rankings          P  shortlisted candidate pairs
    R  responses with a label     E  edges of rankings         J  places of a ranking
    A  annotators                 E  effects (beside.py)       S  features of style (style.py)

A label is a comparison as the trainer sees it: a verdict on a pair, as numbers, with a weight.

So `margin_B` holds one margin per comparison and `embedding_ND` one row per response. A module that
needs torch imports it itself; this file stays free of it, because the web process loads `trainer.apps`.
"""
