"""A posed laboratory set in the layout, size and label balance of the course projects' CK+ subset.

    python -m emotiscan.rendering.posed --model ict_facekit.npz --out DIR
    python train.py --data ckplus-course:DIR

CK+ is licensed; this set stands in for it where a small-data experiment must be open to everybody.
Each picture is one apex face, frontal and evenly lit, of one of 123 persons; `CLIPS` and `ODDS`
are set so that emotions and action units come out about as often as in the subset (560 pictures: 328
negative, 121 positive, 111 surprise; its counts of action units are in `SUBSET_COUNTS`).
"""

import argparse
import csv
import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from emotiscan import facs
from emotiscan.files import atomic_write_bytes
from emotiscan.rendering.expressions import AU_NAMES, Expression, Gaze, complete
from emotiscan.rendering.head_model import HeadModelError
from emotiscan.rendering.people import Glasses, sample_person
from emotiscan.rendering.renderer import Renderer, Rendering
from emotiscan.rendering.scenes import Background, Camera, Pose, Scene, sample_light, sample_scene

PERSONS = 123
CLIPS = {"happiness": 121, "surprise": 111, "disgust": 110, "anger": 84, "sadness": 52, "fear": 47, "contempt": 35}
"""Pictures of each expression, 560 in all."""

SUBSET_COUNTS = {
    **{"AU1": 177, "AU2": 117, "AU4": 194, "AU6": 123, "AU7": 121, "AU11": 34, "AU12": 131, "AU14": 37},
    **{"AU15": 94, "AU17": 202, "AU23": 60, "AU24": 58, "AU25": 292, "AU26": 41, "AU27": 81},
}
"""How many of the subset's 560 pictures show each action unit."""

ODDS: dict[str, dict[str, float]] = {
    "happiness": {"AU12": 1.0, "AU6": 0.82, "AU25": 0.95, "AU26": 0.03},
    "surprise": {"AU1": 0.95, "AU2": 0.95, "AU5": 0.8, "AU25": 1.0, "AU27": 0.7, "AU26": 0.83},
    "disgust": {
        **{"AU9": 0.9, "AU4": 0.5, "AU7": 0.55, "AU17": 0.75, "AU6": 0.2, "AU15": 0.2, "AU25": 0.22, "AU10": 0.3},
        **{"AU24": 0.1, "AU11": 0.1},
    },
    "anger": {
        **{"AU4": 0.9, "AU7": 0.7, "AU17": 0.85, "AU23": 0.7, "AU24": 0.55, "AU15": 0.3, "AU5": 0.2, "AU11": 0.05},
    },
    "sadness": {"AU1": 0.9, "AU4": 0.57, "AU15": 0.85, "AU17": 0.9, "AU11": 0.35, "AU14": 0.1},
    "fear": {
        **{"AU1": 0.5, "AU2": 0.25, "AU4": 0.7, "AU5": 0.6, "AU20": 0.7, "AU25": 0.9, "AU26": 0.2, "AU27": 0.06},
    },
    "contempt": {"AU14": 0.95, "AU12": 0.3},
}
"""How often each expression shows each action unit."""

Draw = Callable[[Scene, int], Rendering]


def posed_scene(seed: int, person: int, picture: int, emotion: str) -> Scene:
    """One apex face in the laboratory: frontal, evenly lit, gray, without glasses.

    Args:
        person, picture: numbers; a person's pictures differ in expression and hair's fall only.
        emotion: key of `CLIPS`.
    """
    who = sample_person(np.random.default_rng((seed, person, 11)))
    who = replace(who, age=float(np.clip(who.age, 18, 50)))
    rng = np.random.default_rng((seed, picture, 12))
    chosen = {au: float(rng.uniform(0.45, 1.0)) for au, odds in ODDS[emotion].items() if rng.random() < odds}
    action_units = complete(chosen, rng)
    return replace(
        sample_scene(rng, who),
        glasses=Glasses(),
        expression=Expression(
            {au: round(action_units[au], 3) for au in AU_NAMES if au in action_units}, emotion, gaze=Gaze()
        ),
        light=sample_light(np.random.default_rng((seed, person, 13)), "soft"),
        pose=Pose(yaw=float(rng.normal(0, 2)), pitch=float(rng.normal(0, 3)), roll=float(rng.normal(0, 2))),
        camera=Camera(exposure=float(np.exp(rng.normal(0, 0.1))), noise=1.5, gray=True, seed=int(rng.integers(2**31))),
        background=Background("plain", (0.25, 0.25, 0.25)),
    )


def render_posed_set(
    draw: Draw, folder: str | Path, seed: int = 0, size: int = 224, clips: dict[str, int] = CLIPS
) -> Path:
    """Draw the whole set.

    Args:
        draw: how a scene and a size in pixels become a picture, e.g. `Renderer.render`.
        folder: where `data_labels.csv` and `cohn-kanade-images/` go.
        clips: pictures of each expression.

    Returns:
        The path of `data_labels.csv`.
    """
    folder = Path(folder)
    rng = np.random.default_rng((seed, 14))
    words = rng.permutation([word for word, count in clips.items() for _ in range(count)])
    persons = min(PERSONS, len(words))
    # Everybody is there at least once; who comes more often is chance.
    owners = np.sort(np.concatenate([np.arange(persons), rng.integers(0, persons, len(words) - persons)]))
    rows = []
    for picture, (word, owner) in enumerate(zip(words, owners, strict=True)):
        clip = int((owners[:picture] == owner).sum()) + 1
        subject, sequence = f"S{owner + 1:03d}", f"{clip:03d}"
        stem = f"{subject}_{sequence}_{20:08d}"
        scene = posed_scene(seed, int(owner), picture, str(word))
        data = io.BytesIO()
        Image.fromarray(draw(scene, size).image).convert("L").save(data, "PNG")
        file = folder / "cohn-kanade-images" / subject / sequence / f"{stem}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write_bytes(file, data.getvalue())
        rows.append(
            {
                **{"subject": subject, "sequence": sequence, "image_index": 20, "file_prefix": stem},
                "filepath": f"./{file.relative_to(folder).as_posix()}",
                **{au: int(au in scene.expression.action_units) for au in facs.AU_NAMES},
                "high_level_emotion": facs.high_level_emotion(str(word)),
            }
        )
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    labels = folder / "data_labels.csv"
    atomic_write_bytes(labels, text.getvalue().encode())
    return labels


def main(arguments: list[str] | None = None) -> int:
    """The command line; exit status 1 where the face model is missing or broken."""
    parser = argparse.ArgumentParser(
        prog="python -m emotiscan.rendering.posed", description="Draw a posed set like the CK+ course subset."
    )
    parser.add_argument("--model", type=Path, required=True, help="the converted ICT-FaceKit (see rendering.convert)")
    parser.add_argument("--out", type=Path, required=True, help="folder for data_labels.csv and the pictures")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other people (default 0)")
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="folder for prepared data (default cache)")
    options = parser.parse_args(arguments)
    try:
        labels = render_posed_set(Renderer(options.model, options.cache).render, options.out, options.seed)
    except HeadModelError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"labels: {labels}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
