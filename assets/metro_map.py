#!/usr/bin/env python3
"""Draws metro_map.svg, the picture of the pipeline for the README: `python assets/metro_map.py`."""

from pathlib import Path

INK, SOFT, PAPER = "#1d2733", "#5b6773", "#ffffff"
LINES = {
    "sites": "#117a65",
    "expression": "#b58a00",
    "genes": "#882255",
    "models": "#0b5fa5",
    "explain": "#c8500a",
    "people": "#6a55b5",
    "promoters": "#3f8fc6",
}
NAMES = {
    "genes": "annotation and genome",
    "sites": "binding sites",
    "expression": "expression",
    "models": "models and baselines",
    "explain": "contributions",
    "people": "people",
    "promoters": "promoters and regulators",
}
# process: x, y, label above (-1) or below (1), what it does
STATIONS = {
    "FETCH": (70, 190, -1, "checks sources"),
    "REFERENCE": (200, 130, -1, "genes, promoters"),
    "SCAN_MOTIFS": (330, 130, -1, "motifs to sites"),
    "BIN_SITES": (460, 190, -1, "sites to bins"),
    "EXPRESSION": (330, 250, -1, "levels, fold changes"),
    "SPLIT": (580, 190, -1, "held-out genes"),
    "TRAIN_DECODE": (735, 130, -1, "networks and trees"),
    "SELECT_MODELS": (895, 130, -1, "ensemble weights"),
    "BASELINES": (697, 250, -1, "comparators"),
    "EVALUATE": (1070, 190, 1, "accuracy, intervals"),
    "ATTRIBUTE": (1070, 130, -1, "DeepLIFT, TreeSHAP"),
    "ACTIVITY": (1230, 130, -1, "follows expression?"),
    "FINETUNE_DECODE": (520, 430, 1, "person models"),
    "EVALUATE_PEOPLE": (710, 430, -1, "own or unrelated"),
    "ASSOCIATE": (890, 430, -1, "traits: moderated t"),
    "REPLICATE": (1070, 430, -1, "cohort to cohort"),
    "KNOCK_OUT": (890, 530, 1, "drivers of pairs"),
    "MEDIATE": (1070, 530, 1, "beside random sets"),
    "SPLIT_CELLS": (430, 750, 1, "four ways to hold out"),
    "TRAIN_DEEPRAGE": (590, 710, -1, "sequence networks"),
    "SELECT_DEEPRAGE": (770, 710, -1, "ensemble weights"),
    "BASELINES_DEEPRAGE": (690, 790, 1, "comparators"),
    "EVALUATE_DEEPRAGE": (950, 790, 1, "accuracy, intervals"),
    "MOTIFS": (945, 710, -1, "filters, knock-outs"),
    "ATTRIBUTE_DEEPRAGE": (1150, 710, -1, "bases, substitutions"),
    "REPORT": (1390, 290, -1, "one page"),
}
# line: stations it passes, shift in pixels so that parallel lines do not cover each other
ROUTES = [
    ("genes", ["FETCH", "REFERENCE", "SCAN_MOTIFS"], -4),
    ("genes", ["REFERENCE", "BIN_SITES"], 4),
    ("sites", ["FETCH", "BIN_SITES"], 0),
    ("sites", ["SCAN_MOTIFS", "BIN_SITES"], 0),
    ("sites", ["BIN_SITES", "SPLIT"], -4),
    ("expression", ["FETCH", "EXPRESSION", "SPLIT"], 4),
    ("models", ["SPLIT", "TRAIN_DECODE", "SELECT_MODELS", "EVALUATE", "REPORT"], 0),
    ("models", ["SPLIT", "BASELINES", "EVALUATE"], 0),
    ("explain", ["SELECT_MODELS", "ATTRIBUTE", "ACTIVITY", "REPORT"], 0),
    ("people", ["EXPRESSION", "FINETUNE_DECODE"], 8),
    ("models", ["SELECT_MODELS", "FINETUNE_DECODE"], -2),
    ("people", ["FINETUNE_DECODE", "EVALUATE_PEOPLE", "ASSOCIATE", "REPLICATE", "REPORT"], 0),
    ("people", ["EVALUATE_PEOPLE", "KNOCK_OUT", "MEDIATE"], 6),
    ("people", ["MEDIATE", "REPORT"], 6),
    ("expression", ["EXPRESSION", "SPLIT_CELLS"], -4),
    ("genes", ["REFERENCE", "SPLIT_CELLS"], 4),
    ("promoters", ["SPLIT_CELLS", "TRAIN_DEEPRAGE", "SELECT_DEEPRAGE", "MOTIFS", "ATTRIBUTE_DEEPRAGE", "REPORT"], 0),
    ("promoters", ["SPLIT_CELLS", "BASELINES_DEEPRAGE", "EVALUATE_DEEPRAGE", "REPORT"], 4),
    ("promoters", ["SELECT_DEEPRAGE", "EVALUATE_DEEPRAGE"], 0),
]
STAGES = [
    ("prepare", 10, 632, 44, 310),
    ("learn", 640, 980, 44, 310),
    ("explain", 990, 1310, 44, 310),
    ("people", 420, 1310, 350, 600),
    ("deeprage", 345, 1310, 640, 850),
    ("report", 1320, 1470, 44, 850),
]


def path(points: list[tuple[float, float]], shift: float) -> str:
    """Join points by horizontal runs and 45-degree slopes with rounded corners, straight down or up where it is steeper."""
    spots = [(points[0][0], points[0][1] + shift)]
    for x, y in points[1:]:
        x0, y0 = spots[-1]
        y += shift
        rise = abs(y - y0)
        if rise > abs(x - x0):
            spots.append((x0, y) if y > y0 else (x, y0))
        elif rise:
            middle = (x0 + x) / 2
            run = rise / 2 if x > x0 else -rise / 2
            spots += [(middle - run, y0), (middle + run, y)]
        spots.append((x, y))
    text = f"M{spots[0][0]:g} {spots[0][1]:g}"
    for before, corner, after in zip(spots, spots[1:], spots[2:], strict=False):
        text += "".join(
            f" {op}{p[0]:g} {p[1]:g}" for op, p in (("L", _toward(corner, before)), ("Q", corner), ("", _toward(corner, after)))
        )
    return text + f" L{spots[-1][0]:g} {spots[-1][1]:g}"


def _toward(corner: tuple[float, float], other: tuple[float, float], radius: float = 10) -> tuple[float, float]:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1e-9)
    part = min(radius, length / 2) / length
    return round(corner[0] + dx * part, 1), round(corner[1] + dy * part, 1)


def draw() -> str:
    """Return the SVG."""
    alt = "Map of the pipeline: " + ", ".join(STATIONS)
    font = "system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif"
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1480 910" role="img" aria-label="{alt}" font-family="{font}">']
    out.append(f'<rect width="1480" height="910" fill="{PAPER}"/>')
    for name, left, right, top, bottom in STAGES:
        out.append(f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" rx="12" fill="#f6f7f8"/>')
        out.append(f'<text x="{left + 14}" y="{top - 12}" font-size="15" font-weight="600" fill="{SOFT}">{name}</text>')
    for line, stops, shift in ROUTES:
        route = path([STATIONS[stop][:2] for stop in stops], shift)
        out.append(
            f'<path d="{route}" fill="none" stroke="{LINES[line]}" stroke-width="6" stroke-linecap="round" stroke-linejoin="round"/>'
        )
    for name, (x, y, side, what) in STATIONS.items():
        out.append(f'<circle cx="{x}" cy="{y}" r="10" fill="{PAPER}" stroke="{INK}" stroke-width="3.5"/>')
        top = y - 36 if side < 0 else y + 30
        out.append(f'<text x="{x}" y="{top}" text-anchor="middle" font-size="14" font-weight="700" fill="{INK}">{name}</text>')
        out.append(f'<text x="{x}" y="{top + 17}" text-anchor="middle" font-size="12.5" fill="{SOFT}">{what}</text>')
    x = 30
    for line, name in NAMES.items():
        out.append(f'<path d="M{x} 882h26" stroke="{LINES[line]}" stroke-width="6" stroke-linecap="round"/>')
        out.append(f'<text x="{x + 38}" y="887" font-size="14" fill="{INK}">{name}</text>')
        x += 76 + 7.4 * len(name)
    return "\n".join([*out, "</svg>"]) + "\n"


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(draw())
