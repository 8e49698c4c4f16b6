"""What the numbers mean, and what should not be done with them."""

import streamlit as st

from emotiscan.ui.links import PAGES

MEANING = """
**An emotion bar** is the network's probability that most people who look at the face would call its expression
so. It was taught by ten annotators' votes a face. It says how a face *looks*, not what the person feels. Where no
emotion stands out from the others, the face is called *unclear*.

**An action unit's number** is the probability that a movement is visible, not how strong it is. Action units follow the
Facial Action Coding System (FACS), which names what muscles do and leaves what it means open. An action unit counts as
*present* from its threshold on; each action unit has its own, chosen on validation data.

**A heat map** shows which places of the face speak for an action unit: how probable the network holds it that the action unit moves
that place; in training it was told where an action unit can show. Emotions are read from the whole face; their maps are made by
Grad-CAM. A map does not say why the network decided so, and a map in the wrong place is a reason to doubt the reading;
the page “Model” says how often each action unit's map lands where that action unit moves the skin.
"""

LIMITS = """
- The emotion is one of a few rough classes. Mixed, subtle or acted expressions, irony and culture are beyond it.
- Training faces were mostly small, gray web pictures, facing the camera. Side views, hands over the mouth, masks,
  glasses with reflections, very dark or very young faces are read less well.
- The action units were taught by rendered faces and, on photos, by readings by eye and by another program's scores, not by
  certified FACS coders. What the readers doubted was left out, so of slight movements on a photo a probability
  says less. AU11, AU14 and AU23 were learnt from rendered faces alone; on photos nobody has checked them. AU7 and
  AU23 are the weakest.
- Slight movements are often missed: on rendered faces four in ten, of strong ones one in ten. Beside another photo of the
  same person they show better (page “Compare”).
- One photo is one moment. A face at rest can look stern, a word half spoken can look like surprise.
"""

ETHICS = """
**Privacy.** A photo is read in the server's memory and forgotten with the visit; it is neither stored nor logged, and
nothing is sent elsewhere. Upload only photos of people who agree to it. A face is personal data, and in many places the
law treats it as such.

**Culture.** People show and read emotions differently from place to place. The labels here come from a small group of
annotators and carry their habits. What they voted “negative” may be concentration, respect or tiredness elsewhere.

**Fair representation.** Web pictures do not show everybody equally often: ages, skin tones, genders and disabilities
are represented unevenly, and a paralysis or a scar changes what a muscle shows. Expect more errors for people whom the
data show less; nobody should be judged by a reading.

**Label bias.** Annotators disagree: on one face in twenty fewer than half of FER+'s ten chose the same class. Actors'
and stock-photo smiles are exaggerated. A network learns these leanings along with everything else.

**Security.** A public page takes any file, so pictures are size-limited and decoded by one guarded door, and weights
are plain numbers that cannot run action unit. A network can be fooled by pictures made for that; a reading is no evidence.

**Please do not use this** to judge honesty, health, character, fitness for a job, or anybody who has not agreed.
"""


def main() -> None:
    """The page."""
    st.title("About", anchor=False)
    st.subheader("What the numbers mean", anchor=False)
    st.markdown(MEANING)
    st.page_link(PAGES / "model.py", label="How good the readings are", icon=":material/monitoring:")
    st.subheader("Known limits", anchor=False)
    st.markdown(LIMITS)
    st.subheader("Privacy, fairness and good use", anchor=False)
    st.markdown(ETHICS)


main()
