"""The page: whole, offline, small, readable, honest about what is absent."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.unit.report.make_inputs import make_inputs, outputs

from regdecode.errors import InputError
from regdecode.report.inputs import read_inputs
from regdecode.report.page import write_report

ASSETS = Path(__file__).resolve().parents[3] / "assets" / "report"
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Checks nesting and collects ids, links, headings and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.external: list[str] = []
        self.labels: list[str] = []
        self.drawings = 0
        self.words: list[str] = []
        self.feed(text)
        self.close()
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "svg":
            self.drawings += 1
            self.labels.append(values.get("aria-label") or "")
        if tag == "a":
            self.links.append(values["href"])
        for name in ("src", "href", "xlink:href", "action", "data"):
            if re.match(r"(https?:)?//", values.get(name) or ""):
                self.external.append(values[name])

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)


def report(folder: Path, **settings) -> tuple[Page, Path, str]:
    make_inputs(folder / "inputs", **settings)
    write_report(read_inputs(folder / "inputs"), ASSETS, folder / "out")
    text = (folder / "out" / "report.html").read_text(encoding="utf-8")
    return Page(text), folder / "out", text


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return report(tmp_path_factory.mktemp("one"))


def test_page_is_whole_and_needs_no_network(one):
    page, _, text = one
    assert page.open == []
    assert page.external == []
    assert "@import" not in text and not re.search(r"url\((?!#|data:)", text)
    assert len(set(page.ids)) == len(page.ids)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_every_figure_speaks_and_is_a_file_too(one):
    page, out, _ = one
    assert page.drawings >= 12
    assert all(len(label) > 20 for label in page.labels)
    for link in page.links:
        if link.startswith("figures/"):
            assert (out / link).stat().st_size > 500
    assert len(list((out / "figures").glob("*.svg"))) == page.drawings == len(list((out / "figures").glob("*.png")))


def test_page_says_what_was_found(one):
    page, _, _ = one
    assert "Above every baseline for expression level and fold changes" in page.text
    assert "0.730" in page.text and "clearly better than the best baseline, boosted trees (xgboost)" in page.text
    assert "sites on no exon of their strand" in page.text and "99,120" in page.text
    assert "Contributions add up" in page.text
    assert "4,794" in page.text and "3,600 to train, 494 to validate, 700 held out" in page.text
    assert "start within 1000 bp: 3 of 700" in page.text
    assert "RNA sites shuffled" in page.text and "sign test" in page.text
    assert "torch 2.13.0" in page.text and "Tasaki" in page.text
    assert "Axiomatic attribution" not in page.text and "motifs/" not in page.links and "perturbations/" not in page.links
    assert "p = 0.0030, permutation of outputs" in page.text or "p = 0.003, permutation of outputs" in page.text


def test_names_cannot_break_the_page(tmp_path):
    inputs = make_inputs(tmp_path / "inputs", arms=False)
    run = inputs / "run.json"
    run.write_text(run.read_text().replace("Homo sapiens (made up)", "<script>alert(1)</script>"))
    write_report(read_inputs(inputs), ASSETS, tmp_path / "out")
    text = (tmp_path / "out" / "report.html").read_text()
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text


def test_same_inputs_same_bytes(one, tmp_path):
    _, out, _ = one
    _, again, _ = report(tmp_path)
    assert (out / "report.html").read_bytes() == (again / "report.html").read_bytes()


def test_folds_can_be_picked(tmp_path):
    page, out, text = report(tmp_path, folds=("chr14+chr20", "chr16"), n_outputs=12, gain=0.0)
    assert page.open == [] and len(set(page.ids)) == len(page.ids)
    assert 'data-pick="chr14+chr20"' in text and 'data-pick="chr16"' in text
    assert "on a par with the best baseline on all 2 test sets" in page.text
    assert "What to do" in page.text
    assert (out / "figures" / "chr14+chr20.accuracy_level.svg").exists()


def test_what_is_absent_is_said(tmp_path):
    page, _, _ = report(tmp_path, complete=False, arms=False, level=False, n_outputs=6)
    for what in (
        "Level",
        "Ablation arms",
        "One output alone",
        "Regulators",
        "Members and weights",
        "Training curves",
        "Leakage report",
        "Predicted by measured outputs",
        "Accuracy of each gene",
        "Software versions",
    ):
        assert re.search(rf"{what}[\w ]* (is|are) not here: \S", page.text), what
    assert page.open == []


def test_many_outputs_stay_small(tmp_path):
    page, _, text = report(tmp_path, n_outputs=173, n_genes=3000, folds=("a", "b"), gain=-0.05)
    assert len(text.encode()) < 5_000_000
    assert outputs(173)[-1] in page.text
    assert "Below the best baseline" in page.text or "below the best baseline" in page.text


def test_missing_template_is_named(tmp_path):
    make_inputs(tmp_path / "inputs", complete=False, arms=False)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"report\.html\.j2"):
        write_report(read_inputs(tmp_path / "inputs"), tmp_path / "empty", tmp_path / "out")
