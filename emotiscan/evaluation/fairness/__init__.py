"""Fairness: how a checkpoint treats different faces.

The renderer shows the same subjects with the same expressions again and again, varying one attribute at a time: skin
tone, age, hair, beard, glasses, pose, light, resolution, compression (see `scenes`). The images are predicted as the
app predicts an uploaded photo. A face that is not found is counted as such and left out of the other metrics (see
`metrics`): the app says nothing about such a face, so there is nothing to be right or wrong.

Rendered faces show what one attribute does when nothing else changes, which no collection of photos can. They are not
photos: a small gap here does not prove a small gap there.

Labeled photos are split by what can be said of them without guesses about people: source, whether the face was found,
its size, and the brightness and sharpness of its crop. Brightness is that of the image, not of the skin.
"""
