"""The group of four people in samples/group.jpg; `render_samples` renders it. None of them exists."""

from emotiscan.rendering import Background, Beard, Clothes, Expression, Hair, Person, Pose, Scene
from emotiscan.rendering.people import from_srgb
from scripts.studio import BROWN_EYES, HAZEL_EYES, Place, face_shape, studio

GROUP_LIGHT = studio()
GROUP_BACKGROUND = Background("room", (0.42, 0.42, 0.4), 0.8, 32)
GROUP_ALT = (
    "Four people side by side: a smiling older woman with graying hair, a surprised bald man, "
    "a calm girl with long hair, and a frowning man who presses his lips together."
)
GROUP = (
    Place(
        Scene(
            person=Person(
                shape=face_shape(23),
                skin_tone=0.45,
                age=62,
                eye_color=HAZEL_EYES,
                brows=12,
                hair_color="brown",
                graying=0.6,
                lip_redness=0.5,
                seed=21,
            ),
            hair=Hair("bob", parting=0.5, fringe=0.5, seed=21),
            clothes=Clothes(from_srgb(70, 110, 80), seed=21),
            expression=Expression({"AU6": 0.9, "AU12": 1.0, "AU25": 0.5}),
            pose=Pose(yaw=8, roll=-3, field_of_view=16, zoom=0.72),
        ),
        x=128,
        y=268,
        side=440,
    ),
    Place(
        Scene(
            person=Person(
                shape=face_shape(111),
                skin_tone=0.88,
                age=35,
                male=True,
                eye_color=BROWN_EYES,
                brows=15,
                hair_color="black",
                lip_redness=0.3,
                seed=22,
            ),
            hair=Hair("bald", seed=22),
            beard=Beard("goatee", 0.8),
            clothes=Clothes(from_srgb(150, 140, 122), seed=22),
            expression=Expression({"AU1": 0.8, "AU2": 0.8, "AU5": 0.7, "AU25": 0.4, "AU26": 0.9}),
            pose=Pose(yaw=4, roll=2, field_of_view=16, zoom=0.72),
        ),
        x=366,
        y=240,
        side=490,
    ),
    Place(
        Scene(
            person=Person(
                shape=face_shape(6),
                skin_tone=0.15,
                age=17,
                eye_color=BROWN_EYES,
                brows=13,
                hair_color="light brown",
                lip_redness=0.5,
                mottling=0.2,
                seed=23,
            ),
            hair=Hair("long", volume=1.2, parting=0.5, fringe=0.7, seed=23),
            clothes=Clothes(from_srgb(150, 90, 110), seed=23),
            pose=Pose(yaw=-4, roll=-2, field_of_view=16, zoom=0.72),
        ),
        x=598,
        y=282,
        side=420,
    ),
    Place(
        Scene(
            person=Person(
                shape=face_shape(122),
                skin_tone=0.5,
                age=48,
                male=True,
                eye_color=BROWN_EYES,
                brows=18,
                hair_color="dark brown",
                graying=0.15,
                seed=24,
            ),
            hair=Hair("short", parting=-0.7, fringe=0.3, seed=24),
            beard=Beard("stubble", 0.35),
            clothes=Clothes(from_srgb(50, 65, 95), seed=24),
            expression=Expression({"AU4": 0.9, "AU7": 0.5, "AU24": 0.8}),
            pose=Pose(yaw=-9, roll=2, field_of_view=16, zoom=0.72),
        ),
        x=852,
        y=250,
        side=470,
    ),
)
"""The people from left to right."""
