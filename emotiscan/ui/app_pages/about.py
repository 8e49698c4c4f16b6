"""The About page: what the numbers mean, where they come from, and what not to do with them."""

import streamlit as st

from emotiscan.ui.links import PAGES

TEXT_WIDTH = 860  # CSS pixels: longer lines are hard to read

MEANING = """
**Emotion bars** show the probability that most people would describe the expression this way. The model learned this
from photos on which ten annotators voted for each face. It says how a face *looks*, not what the person feels. If no
emotion stands out, the face is called *unclear*.

**Action unit bars** show the probability that a movement is present, not its strength. Action units are defined by the
Facial Action Coding System (FACS), which describes what the muscles of a face do and leaves open what it means. Each
action unit has its own decision threshold, chosen on AI-annotated validation photos; at or above it, the action unit
counts as *present*.

**Heat maps** show where the model saw each action unit: the probability that the action unit moves each part of the
face. Training included where each action unit can show. Emotions are predicted from the whole face, so their heat maps
are made with Grad-CAM. A heat map does not explain why the model decided as it did, and one in the wrong place is a
reason to doubt the reading. The Model page shows how often each action unit's heat map lies where it moves the skin.
"""

LABELS = """
**Emotions** were labeled by people: ten annotators voted on each face of FER+, and one student labeled each LFW photo.

**Action units on photos are AI-annotated:** a vision-language model labeled them. It is not a certified FACS coder, and
none has checked its labels. Earlier training runs used the scores of another program (MediaPipe). Every metric of
action units on photos in this app, including those on 108 photos that were left out of training, compares the model
with AI annotations.

**Action units on rendered faces** are exact, because the renderer made the movements.
"""

LIMITS = """
- The emotion is one of a few coarse classes. Mixed, subtle or acted expressions, irony and culture are beyond it.
- Most training faces were small, grayscale web photos of people facing the camera. Side views, hands over the mouth,
  masks, glasses with reflections, and very dark or very young faces are read less reliably.
- The AI annotations leave doubtful cases out, so probabilities of slight movements in photos mean less. AU11, AU14
  and AU23 were learned from rendered faces alone and have not been checked on photos. AU7 is the
  least reliable one.
- Slight movements are often missed: on rendered faces three in ten, compared with one in twenty-five strong ones. They
  are easier to see next to another photo of the same person (Compare page).
- One photo is one moment. A face at rest can look stern, and a half-spoken word can look like surprise.
"""

ETHICS = """
**Privacy.** Photos are processed in the server's memory and discarded when you leave. They are not stored or logged,
and nothing is sent elsewhere. Only upload photos of people who have agreed to it. A face is personal data, and in many
places the law treats it as such.

**Culture.** People show and interpret emotions differently from place to place. The labels come from a small group of
annotators and carry their habits. What they voted “negative” may be concentration, respect or tiredness elsewhere.

**Fair representation.** Web photos do not show everyone equally often: ages, skin tones, genders and disabilities are
represented unevenly, and paralysis or a scar changes how a movement shows. Expect more errors for people who appear
less in the data. Nobody should be judged by a reading.

**Label bias.** Annotators disagree: for one face in twenty, fewer than half of FER+'s ten annotators chose the same
class. Smiles of actors and in stock photos are exaggerated. The model learns these biases along with everything else.

**Security.** A public page accepts any file, so uploads are limited in size and decoded in one guarded place, and model
weights are plain numbers that cannot run code. Images can be made to fool a model; a reading is not evidence.

**Please do not use EmotiScan** to judge honesty, health, character or fitness for a job, or to judge anyone who has not
agreed to it.
"""


def main() -> None:
    """Show the page."""
    with st.container(width=TEXT_WIDTH):
        show_text()


def show_text() -> None:
    """Show all sections."""
    st.title("About", anchor=False)
    st.markdown("EmotiScan reads visible facial movements in photos. It does not read feelings or thoughts.")
    st.subheader("What the numbers mean", anchor=False)
    st.markdown(MEANING)
    st.page_link(PAGES / "model.py", label="Model: how good the predictions are", icon=":material/monitoring:")
    st.subheader("Where the labels come from", anchor=False)
    st.markdown(LABELS)
    st.subheader("Known limits", anchor=False)
    st.markdown(LIMITS)
    st.subheader("Privacy, fairness and good use", anchor=False)
    st.markdown(ETHICS)


main()
