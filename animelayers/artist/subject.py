"""Who is drawn: what the builders of head, hair and clothes must agree on."""

from __future__ import annotations

from dataclasses import dataclass

from animelayers.artist.build import Build
from animelayers.artist.build import choose as choose_build
from animelayers.artist.dice import Dice
from animelayers.artist.face import Face
from animelayers.artist.face import choose as choose_face
from animelayers.artist.figure import Figure, pose
from animelayers.artist.holds import HOLDS
from animelayers.artist.palette import Palette
from animelayers.artist.palette import choose as choose_palette
from animelayers.artist.reach import HATLESS
from animelayers.artist.wardrobe import HATS, Outfit
from animelayers.artist.wardrobe import choose as choose_outfit

THEMES = {
    "school": 5,
    "casual": 6,
    "formal": 2,
    "idol": 2,
    "fantasy": 3,
    "armour": 1.2,
    "kimono": 1.6,
    "maid": 1.4,
    "sport": 1.5,
    "winter": 1.5,
}
"""What an outfit belongs to, and how often."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One character."""

    figure: Figure
    palette: Palette
    theme: str
    """One of `THEMES`: clothes, headwear and props go together."""
    hair_length: float
    """0 (cropped) … 1 (to the shoulders) … 3 (to the knees)."""
    outfit: Outfit
    mood: str
    """`calm`, `smile`, `happy`, `sad`, `angry`, `surprised`, `shy` or `sleepy`: eyes, brows and mouth go together."""
    face: Face

    @property
    def build(self) -> Build:
        return self.figure.build


def choose(dice: Dice) -> Subject:
    """A character; hair is shorter on men, moods mostly friendly."""
    build = choose_build(dice.of("build"))
    d = dice.of("subject")
    theme = d.pick(
        {name: weight for name, weight in THEMES.items() if build.masculine < 0.5 or name not in ("maid", "idol")}
    )
    if build.masculine > 0.5:
        length = d.pick({0.2: 4, 0.45: 3, 0.9: 1, 2.0: 0.4})
    else:
        length = d.pick({0.35: 1, 0.7: 2, 1.0: 3, 1.6: 3, 2.3: 2.5, 3.0: 1})
    mood = d.pick(
        {"calm": 4, "smile": 5, "happy": 2.5, "sad": 0.8, "angry": 1, "surprised": 0.8, "shy": 1, "sleepy": 0.6}
    )
    palette = choose_palette(dice.of("palette"))
    outfit = choose_outfit(dice.of("outfit"), theme, build.masculine, palette)
    barred = HATLESS if outfit.headwear.kind in HATS else ()
    figure = pose(build, dice.of("pose"), HOLDS.get(outfit.object.kind, ()), barred)
    face = choose_face(dice.of("face"), build, figure.head, mood, outfit.animal)
    return Subject(figure, palette, theme, length + d.near(0, 0.15), outfit, mood, face)
