"""A posed laboratory set in the layout, size and label balance of the course projects' CK+ subset.

    emotiscan render --model ict_facekit.npz --out DIR --posed
    emotiscan train --data ckplus-course:DIR

CK+ is licensed; this set replaces it where a small-data experiment must be open to everyone.
Each image shows one apex face, frontal and evenly lit, of one of 123 subjects. `CLIPS` and `ODDS` are set so that
emotions and action units are about as frequent as in the subset (560 images: 328 negative, 121 positive,
111 surprise; `SUBSET_COUNTS` lists its action units).
"""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from emotiscan import facs
from emotiscan.files import atomic_write_bytes
from emotiscan.rendering.expressions import AU_NAMES, Expression, Gaze, resolve_conflicts
from emotiscan.rendering.people import Glasses, sample_person
from emotiscan.rendering.problems import NO_PROBLEMS
from emotiscan.rendering.renderer import RenderFunction
from emotiscan.rendering.scenes import Background, Camera, Pose, Scene, sample_light, sample_scene

SUBJECTS = 123
CLIPS = {"happiness": 121, "surprise": 111, "disgust": 110, "anger": 84, "sadness": 52, "fear": 47, "contempt": 35}
"""Number of images of each expression, 560 in all."""

SUBSET_COUNTS = {
    **{"AU1": 177, "AU2": 117, "AU4": 194, "AU6": 123, "AU7": 121, "AU11": 34, "AU12": 131, "AU14": 37},
    **{"AU15": 94, "AU17": 202, "AU23": 60, "AU24": 58, "AU25": 292, "AU26": 41, "AU27": 81},
}
"""Number of the subset's 560 images that show each action unit."""

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
"""Probability of each action unit in each expression."""


def posed_scene(seed: int, person: int, index: int, emotion: str) -> Scene:
    """Return the scene of one apex face in the laboratory: frontal, evenly lit, gray, without glasses.

    Args:
        seed: another seed gives other people.
        person: number of the person, whose images differ only in expression and in how the hair falls.
        index: number of the image.
        emotion: key of `CLIPS`.
    """
    who = sample_person(np.random.default_rng((seed, person, 11)))
    who = replace(who, age=float(np.clip(who.age, 18, 50)))
    rng = np.random.default_rng((seed, index, 12))
    chosen = {au: float(rng.uniform(0.45, 1.0)) for au, odds in ODDS[emotion].items() if rng.random() < odds}
    action_units = resolve_conflicts(chosen, rng)
    return replace(
        sample_scene(rng, who, problems=NO_PROBLEMS),
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
    render: RenderFunction, folder: str | Path, seed: int = 0, size: int = 224, clips: dict[str, int] = CLIPS
) -> Path:
    """Render the whole set.

    Args:
        render: turns a scene into an image of the given size in pixels, e.g. `Renderer.render`.
        folder: where `data_labels.csv` and `cohn-kanade-images/` go.
        seed: another seed gives other people.
        size: side of the images, pixels.
        clips: number of images of each expression.

    Returns:
        The path of `data_labels.csv`.
    """
    folder = Path(folder)
    rng = np.random.default_rng((seed, 14))
    emotions = rng.permutation([emotion for emotion, count in clips.items() for _ in range(count)])
    people = min(SUBJECTS, len(emotions))
    # Every person appears at least once; the others are random.
    owners = np.sort(np.concatenate([np.arange(people), rng.integers(0, people, len(emotions) - people)]))
    rows = []
    for index, (emotion, owner) in enumerate(zip(emotions, owners, strict=True)):
        clip = int((owners[:index] == owner).sum()) + 1
        subject, sequence = f"S{owner + 1:03d}", f"{clip:03d}"
        stem = f"{subject}_{sequence}_{20:08d}"
        scene = posed_scene(seed, int(owner), index, str(emotion))
        data = io.BytesIO()
        Image.fromarray(render(scene, size).image).convert("L").save(data, "PNG")
        file = folder / "cohn-kanade-images" / subject / sequence / f"{stem}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write_bytes(file, data.getvalue())
        rows.append(
            {
                **{"subject": subject, "sequence": sequence, "image_index": 20, "file_prefix": stem},
                "filepath": f"./{file.relative_to(folder).as_posix()}",
                **{au: int(au in scene.expression.action_units) for au in facs.MISSION_AU_NAMES},
                "high_level_emotion": facs.high_level_emotion(str(emotion)),
            }
        )
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    labels = folder / "data_labels.csv"
    atomic_write_bytes(labels, text.getvalue().encode())
    return labels
