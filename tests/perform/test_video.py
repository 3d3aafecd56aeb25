"""Videos: hits are found in the picture, the sound is laid in on time, and a bad video costs a sentence only."""

from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from bouncing_ball import HITS_S, write_ball_video

from foley.audio.onsets import find_onsets
from foley.perform.events import EventError
from foley.perform.picture import events_in_motion
from foley.perform.video import VideoError, lay_sound, production_sound, read_motion, video_info

RATES = [Fraction(24), Fraction(30_000, 1001)]


@pytest.fixture(scope="module", params=RATES, ids=["24", "29.97"])
def video(request, tmp_path_factory):
    return write_ball_video(tmp_path_factory.mktemp("video") / "ball.mp4", request.param)


def test_every_hit_of_a_ball_is_found_and_nothing_else(video):
    info = video_info(video)
    events = events_in_motion(read_motion(video), info.duration_s)
    assert info.duration_s == pytest.approx(10, abs=0.1) and not info.has_sound
    assert len(events.events) == len(HITS_S)
    assert events.times_s == pytest.approx(HITS_S, abs=0.08)


def test_a_sound_laid_into_a_video_lies_within_a_frame(video, tmp_path):
    rate = 24_000
    sound = torch.zeros(10 * rate)
    for hit in HITS_S:
        sound[round(hit * rate) : round(hit * rate) + 400] = 0.5 * torch.randn(400).clamp(-1, 1)
    out = lay_sound(video, sound, rate, tmp_path / "with sound.mp4")
    info = video_info(out)
    heard = production_sound(out, rate)
    assert info.has_sound and info.frame_rate == video_info(video).frame_rate
    found = [onset.sample / rate for onset in find_onsets(heard, rate)]
    assert found == pytest.approx(HITS_S, abs=1 / 30)


def test_the_picture_is_copied_as_it_is(video, tmp_path):
    out = lay_sound(video, torch.zeros(240_000), 24_000, tmp_path / "copy.mp4")
    pictures = []
    for path in (video, out):
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="gray")[::8, ::8] for frame in container.decode(video=0)]
            pictures.append(np.stack(frames))
    assert np.array_equal(*pictures)


def test_a_video_without_motion_says_so(tmp_path):
    path = write_ball_video(tmp_path / "still.mp4", Fraction(24), 1.0, hits=())
    with pytest.raises(EventError, match="Nothing moves"):
        events_in_motion(read_motion(path), 1.0)


def test_one_frame_is_no_motion(tmp_path):
    path = write_ball_video(tmp_path / "one.mp4", Fraction(24), 1 / 24)
    with pytest.raises(VideoError, match="still picture"):
        read_motion(path)


def test_a_video_of_variable_frame_rate_keeps_its_own_times(tmp_path):
    from bouncing_ball import FLOOR, HEIGHT, WIDTH, ball_height

    path = tmp_path / "variable.mkv"
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        random, time = np.random.default_rng(0), 0.0
        while time < 6:
            picture = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
            y = FLOOR - ball_height(time, HITS_S)
            picture[(rows - y) ** 2 + (columns - 100) ** 2 < 100] = 230
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
            time += random.choice([0.033, 0.042, 0.05])
        container.mux(stream.encode(None))
    events = events_in_motion(read_motion(path), 6.0)
    assert all(min(abs(events.times_s - hit)) < 0.08 for hit in HITS_S if hit < 5.5)


def test_a_sound_without_picture_is_no_video(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        track = container.add_stream("aac", rate=24_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 24_000
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    with pytest.raises(VideoError, match="no picture"):
        video_info(path)


@pytest.mark.parametrize("content", [b"", b"no video at all", bytes(range(256)) * 100])
def test_a_broken_video_costs_a_sentence(tmp_path, content):
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError, match=r"broken\.mp4"):
        read_motion(path)


def test_pictures_in_a_format_that_nobody_knows_cost_a_sentence(video, tmp_path):
    path = tmp_path / "odd.mp4"
    path.write_bytes(video.read_bytes().replace(b"avc1", b"zzzz"))
    for use in (video_info, read_motion, lambda path: lay_sound(path, torch.zeros(1000), 24_000, tmp_path / "o.mp4")):
        with pytest.raises(VideoError, match=r"odd\.mp4 has pictures in a format that nobody here can read"):
            use(path)


def test_a_video_cut_off_in_the_middle_costs_a_sentence_and_writes_nothing(video, tmp_path):
    path = tmp_path / "cut.mp4"
    path.write_bytes(video.read_bytes()[:3000])
    with pytest.raises(VideoError, match=r"cut\.mp4"):
        lay_sound(path, torch.zeros(1000), 24_000, tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == [path]


def test_a_video_of_ten_hours_is_refused_at_once(tmp_path):
    path = tmp_path / "long.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for pts in (0, 1, 36_000):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = pts, Fraction(1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(VideoError, match="lasts"):
        read_motion(path)


@pytest.fixture
def without_a_picture(tmp_path):
    """A sound in the container of a video."""
    path = tmp_path / "only sound.mp4"
    with av.open(str(path), "w") as container:
        track = container.add_stream("aac", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return path


@pytest.mark.parametrize(
    "use",
    [
        video_info,
        read_motion,
        lambda path: production_sound(path, 24_000),
        lambda path: lay_sound(path, torch.zeros(100), 24_000, path.with_name("out.mp4")),
    ],
)
def test_what_has_no_picture_is_said_wherever_it_is_used(without_a_picture, use):
    with pytest.raises(VideoError, match="has no picture"):
        use(without_a_picture)
    assert [path.name for path in without_a_picture.parent.iterdir()] == [without_a_picture.name]
