"""Answers in notebooks: what tags say cannot become HTML, and outputs stay small."""

from __future__ import annotations

import base64
import dataclasses
import io
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
import soundfile

from segue import display
from segue.catalog import Cluster, Clusters
from segue.display import following
from segue.display.terminal import TerminalProgress
from segue.errors import LibraryError, MissingExtraError
from segue.library import Library
from segue.map import Map
from segue.recommend import Match, Matrix, Recommendations
from segue.recommend.explanation import Explanation, SharedLabel
from segue.recommend.search_result import Reason, SearchMatch, SearchResult
from segue.texts import clock
from segue.track import Tags, Track, TrackId

HOSTILE = '"><script>alert(1)</script><img src=x onerror="alert(2)">\x1b[2J\u202e\udcff'
ALLOWED = {"div", "p", "table", "thead", "tbody", "tr", "th", "td", "img", "audio", "a", "progress"}


def hostile_track(**changes: object) -> Track:
    tags = Tags(HOSTILE, HOSTILE, HOSTILE, genre=HOSTILE)
    track = Track(
        TrackId("0" * 16), f"/music/{HOSTILE}", tags, 1.0, 8000, 1, HOSTILE, 1, "hash", 0.0,
        source=HOSTILE, source_id=HOSTILE, url="javascript:alert(3)",
    )  # fmt: skip
    return dataclasses.replace(track, **changes)


class Elements(HTMLParser):
    """The elements of some HTML with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def recommendations(*tracks: Track) -> Recommendations:
    return Recommendations(tuple(Match(track, 0.5) for track in tracks), shortfall=HOSTILE)


def explanation() -> Explanation:
    label = SharedLabel(HOSTILE, 0.5, 0.5)
    return Explanation(0.5, 0.5, None, HOSTILE, (), (), (), 3.0, (label,), (), 0.1, HOSTILE)


@pytest.mark.parametrize(
    "shown",
    [
        recommendations(hostile_track()),
        SearchResult(
            (SearchMatch(hostile_track(), 1.0, (Reason("mood", HOSTILE, HOSTILE),)),),
            9,
            (HOSTILE,),
            (HOSTILE,),
        ),
        hostile_track(),
        display.listen(hostile_track()),
        explanation(),
        Clusters((Cluster(1, HOSTILE, 1, (), (), (), ((HOSTILE, 1.0),), HOSTILE),)),
    ],
    ids=lambda shown: type(shown).__name__,
)
def test_hostile_tags_stay_text(shown):
    html = Elements(shown._repr_html_())
    assert {tag for tag, _ in html.found} <= ALLOWED
    assert "<script>alert(1)</script>" in html.text
    for _, attributes in html.found:
        assert not any(name.startswith("on") for name in attributes)
    assert all(source["src"].startswith("data:image/") for source in html.of("img"))
    assert not html.of("a")
    shown._repr_html_().encode()  # a notebook is a file in UTF-8


@pytest.mark.parametrize(
    "picture",
    [
        Matrix((HOSTILE, HOSTILE), (None, None), np.eye(2, dtype=np.float32)),
        Map([TrackId("0")] * 2, np.eye(2, dtype=np.float32)),
    ],
    ids=["Matrix", "Map"],
)
def test_pictures_are_xml_that_holds_no_program(picture):
    svg = ElementTree.fromstring(picture._repr_svg_())
    names = {element.tag.rpartition("}")[2] for element in svg.iter()}
    assert names <= {"svg", "title", "rect", "text", "g", "circle", "path"}


def test_links_lead_to_the_web_only():
    track = hostile_track(url="https://example.org/?a=<b>&c")
    (link,) = Elements(recommendations(track)._repr_html_()).of("a")
    assert link["href"] == "https://example.org/?a=<b>&c"
    assert link["rel"] == "noopener noreferrer"


@pytest.fixture
def options() -> Iterator[display.Options]:
    before = dataclasses.asdict(display.options)
    yield display.options
    for name, value in before.items():
        setattr(display.options, name, value)


def sounds(html: str) -> list[bytes]:
    sources = [one["src"] or "" for one in Elements(html).of("audio")]
    return [base64.b64decode(source.removeprefix("data:audio/mpeg;base64,")) for source in sources]


@pytest.mark.slow
def test_an_answer_has_covers_and_short_clips_of_the_first(library: Library, options: display.Options):
    answer = library.similar("low number 0", k=5)
    options.clips, options.clip_s = 2, 1.0
    html = answer._repr_html_()
    assert len(Elements(html).of("img")) == 5
    clips = sounds(html)
    assert [4_000 < len(clip) <= 6_000 for clip in clips] == [True, True]
    lengths = [soundfile.info(io.BytesIO(clip)).duration for clip in clips]
    assert lengths == pytest.approx([1, 1], abs=0.1)
    options.clip_s = 0
    assert not sounds(answer._repr_html_())
    assert [len(clip) > 10_000 for clip in sounds(answer.listen(3.0)._repr_html_())] == [True] * 5


def test_a_table_shows_some_of_many_tracks(options: display.Options):
    options.rows = 3
    html = recommendations(*[hostile_track()] * 8)._repr_html_()
    assert len(Elements(html).of("img")) == 3
    assert "and 5 more" in html


def test_tracks_without_files_have_no_sound(tmp_path: Path):
    gone = hostile_track(path=str(tmp_path / "gone.flac"), codec="FLAC")
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"no sound")
    html = recommendations(gone, hostile_track(path=str(broken), codec="MP3"), hostile_track(codec=""))
    assert not Elements(html._repr_html_()).of("audio")
    assert display.listen(gone)._repr_html_().count("no file") == 1


@pytest.mark.slow
def test_answers_are_sequences_with_a_short_text(library: Library):
    answer = library.similar("low number 0", k=12)
    assert [match.track for match in answer] == [answer[i].track for i in range(len(answer))]
    assert answer[1:3] == answer.matches[1:3]
    lines = repr(answer).splitlines()
    assert lines[0] == "<Recommendations: 11 tracks>"
    assert lines[1].split(None, 1)[1] == answer[0].track.display_name
    assert lines[11].strip() == "and 1 more"
    assert repr(answer[0]) == f"<Match {answer[0].score:.2f}: {answer[0].track.display_name}>"
    assert repr(library.map()) == "<Map of 12 tracks>"
    assert repr(library.matrix(["low number 0", "high number 1"])).startswith(
        "<Matrix: the scores of 2 sounds"
    )
    found = library.search("low")
    assert found[:2] == found.matches[:2]
    assert repr(found).startswith(f"<SearchResult: {len(found)} tracks>")
    albums = library.similar_albums("low number 0", k=2)
    assert [albums[0], albums[1]] == list(albums)
    assert len(albums) == 2


def test_a_text_has_no_control_characters():
    assert "\x1b" not in repr(recommendations(hostile_track()))


@pytest.mark.slow
def test_a_library_shows_what_it_holds(own: Library, folder: Path):
    html = Elements(own._repr_html_()).text
    for text in ("12 tracks, 3 albums, 3 artists", clock(36), "descriptors-1, 103 numbers", str(folder)):
        assert text in html


@pytest.mark.slow
def test_data_frames_have_a_row_a_track(library: Library):
    frame = library.to_pandas("descriptors-1")
    ids, vectors = library.vectors("descriptors-1")
    assert list(frame.index) == ids
    assert frame["title"].tolist() == [track.title for track in library]
    np.testing.assert_array_equal(frame["tempo_bpm"], vectors[:, library.descriptors().index("tempo_bpm")])
    assert frame["added_at"].dt.tz is not None
    assert list(library.to_pandas().columns) == list(frame.columns[: len(frame.columns) - 103])
    with pytest.raises(LibraryError, match="no space"):
        library.to_pandas("other-1")


@pytest.mark.slow
def test_answers_matrices_and_maps_become_data_frames(library: Library):
    answer = library.similar("low number 0", k=3)
    frame = answer.to_pandas()
    assert frame["score"].tolist() == [match.score for match in answer]
    assert list(frame.index) == [match.track.id for match in answer]
    journey = library.journey("low number 0", "high number 1", k=4)
    assert journey.to_pandas()["step"].isna().tolist() == [True] + [False] * (len(journey) - 1)
    scores = library.matrix(["low number 0", "high number 1"]).to_pandas()
    assert scores.loc["The Lows - Low number 0", "The Lows - Low number 0"] == pytest.approx(1, abs=1e-4)
    places = library.map().to_pandas("genre")
    assert places.loc[answer[0].track.id, "genre"] == "low"
    assert places[["x", "y"]].to_numpy() == pytest.approx(library.map().xy)
    assert library.search("low").to_pandas()["why"].str.len().gt(0).all()


@pytest.mark.slow
def test_each_result_has_a_chart(library: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mpl, "rcParams", mpl.rcParams.copy())
    mpl.use("agg")
    import matplotlib.pyplot as plt

    answer = library.similar("low number 0", k=3)
    assert [bar.get_width() for bar in answer.plot().patches] == [match.score for match in answer]
    journey = library.journey("low number 0", "high number 1", k=4)
    steps, scores = (line.get_ydata() for line in journey.plot().lines)
    np.testing.assert_array_equal(scores, [match.score for match in journey])
    assert np.isnan(steps[0])
    assert np.isfinite(steps[1:]).all()
    matrix = library.matrix([track.id for track in library])
    np.testing.assert_array_equal(matrix.plot().images[0].get_array(), matrix.scores)
    drawn = library.map().plot("genre")
    assert sum(len(dots.get_offsets()) for dots in drawn.collections) == 12
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == [
        "high (4)",
        "low (4)",
        "noise (4)",
    ]
    plt.close("all")


@pytest.mark.parametrize(("module", "extra"), [("pandas", "pandas"), ("matplotlib.pyplot", "plots")])
def test_what_is_missing_is_said_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, module: str, extra: str
):
    monkeypatch.setitem(sys.modules, module, None)
    answer = recommendations(hostile_track())
    with pytest.raises(MissingExtraError, match=extra):
        answer.to_pandas() if extra == "pandas" else answer.plot()


def test_pictures_of_many_sounds_stay_small():
    many = Matrix(("x",) * 500, (None,) * 500, np.zeros((500, 500), np.float32))
    assert many._repr_svg_() is None
    xy = np.random.default_rng(0).uniform(-1, 1, (100_000, 2)).astype(np.float32)
    svg = Map([TrackId(str(i)) for i in range(len(xy))], xy)._repr_svg_()
    assert len(svg) < 500_000
    assert "20000 of 100000 tracks" in svg


@pytest.mark.slow
@pytest.mark.parametrize("progress", [True, False])
def test_a_bar_follows_a_scan_where_one_is_asked_for(
    folder: Path, tmp_path: Path, capsys, monkeypatch, progress
):
    monkeypatch.setattr("segue.display.terminal.LINE_EVERY_S", 0)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(folder, progress=progress)
    assert ("12 of 12 files" in capsys.readouterr().err) is progress


class FakeIPython:
    """What ``IPython.display`` does for a cell: an output, and its updates."""

    HTML = str

    def __init__(self) -> None:
        self.outputs: list[str] = []

    def display(self, html: str, *, display_id: bool) -> FakeIPython:
        self.outputs.append(html)
        return self

    def update(self, html: str) -> None:
        self.outputs.append(html)


def test_a_log_gets_lines_and_no_bar_where_colors_are_forced(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("segue.display.terminal.LINE_EVERY_S", 0)
    with TerminalProgress() as progress:
        progress.begin(2, "files")
        progress.advance(1)
    err = capsys.readouterr().err
    assert err.startswith("1 of 2 files")
    assert "\x1b" not in err


def test_a_notebooks_bar_is_html_that_ends_with_a_word():
    cell = FakeIPython()
    with following.NotebookProgress(cell, every_s=0) as bar:
        bar.begin(10, "files")
        bar.advance(3, "1 failed")
        bar.note("<b>.flac")
    assert cell.outputs[-2] == (
        '<div><progress value="3" max="10"></progress> 3 of 10 files, 1 failed, &lt;b&gt;.flac</div>'
    )
    assert cell.outputs[-1] == "<div>done</div>"
    with pytest.raises(KeyboardInterrupt), following.NotebookProgress(cell):
        raise KeyboardInterrupt
    assert cell.outputs[-1] == "<div>stopped</div>"


def test_a_notebooks_bar_is_drawn_a_few_times_a_second():
    cell = FakeIPython()
    with following.NotebookProgress(cell, every_s=1000) as bar:
        bar.begin(100_000, "records")
        for done in range(100_000):
            bar.advance(done)
    assert len(cell.outputs) == 3  # at its opening, its beginning and its end
