"""How a checkpoint treats different faces: measured by `python -m emotiscan.evaluation.fairness --help`.

The renderer draws the same persons with the same expressions again and again, and one thing at a
time is varied: skin tone, age, hair, beard, glasses, pose, light, resolution, compression (see
`scenes`). The pictures are read as the app reads an uploaded photo. A face that is not
found is counted as such and left out of the other measures (see `measures`): the app says
nothing of such a face, so that there is nothing to be right or wrong.

Drawn faces show what one attribute does when nothing else changes, which no collection of photos
can. They are not photos: a small gap here does not prove one there.

With `--data`, labeled photos are split by what can be said of them without guessing at
persons: source, whether the face was found, its size, and the brightness and sharpness of its
picture. Brightness is that of the picture, not of the skin.
"""
