/* A performance in time: the picture's clock where there is one, else one of the page's own; the sound follows it. */
(() => {
  "use strict";
  const { one, isShown } = window.foley.hands;
  const perform = window.foley.performing;
  const DRIFT_S = 0.04;

  let clock = null, // {from, at}: of a timeline without picture and sound
    position = 0;
  const video = () => one("[data-video]", perform.root);
  const sound = () => one("[data-sound]", perform.root);
  const hasPicture = () => Boolean(video()?.getAttribute("src"));
  const volume = () => Math.min(1, Number(window.foley.forms.values("listening").volume ?? 1));

  function now() {
    if (!clock) return position;
    if (hasPicture() && !video().paused) return video().currentTime;
    return clock.at + (performance.now() - clock.from) / 1000;
  }

  /** Play from where the playhead is; `silently`: the picture alone. */
  function play(silently = false) {
    if (position >= perform.state.duration - 0.02) position = 0;
    clock = { from: performance.now(), at: position };
    if (hasPicture()) {
      video().currentTime = position;
      video()
        .play()
        .catch(() => {});
    }
    if (!silently && sound().getAttribute("src")) {
      sound().currentTime = position;
      sound().volume = volume();
      sound()
        .play()
        .catch(() => {});
    }
    showPlaying();
    requestAnimationFrame(follow);
  }

  function pause() {
    if (clock) position = perform.clamp(now(), 0, perform.state.duration);
    clock = null;
    video()?.pause();
    sound().pause();
    showPlaying();
    place();
    perform.root.dispatchEvent(new CustomEvent("foley-paused"));
  }

  function showPlaying() {
    const button = one("[data-go]", perform.root);
    button.setAttribute("aria-pressed", String(Boolean(clock)));
    button.textContent = clock ? "Pause" : "Play";
  }

  function follow() {
    if (!clock) return;
    if (!isShown(perform.root)) return pause(); // another tab: nothing plays unseen
    const time = now();
    if (time >= perform.state.duration) {
      clock = { from: performance.now(), at: perform.state.duration };
      return pause();
    }
    const audio = sound();
    if (audio.getAttribute("src") && !audio.paused && Math.abs(audio.currentTime - time) > DRIFT_S && !audio.seeking)
      audio.currentTime = time;
    position = time;
    place();
    requestAnimationFrame(follow);
  }

  function seek(time) {
    position = perform.clamp(time, 0, perform.state.duration);
    if (clock) clock = { from: performance.now(), at: position };
    if (hasPicture()) video().currentTime = position;
    if (sound().getAttribute("src")) sound().currentTime = position;
    place();
  }

  const timecode = (time) => {
    const { frameRate } = perform.state;
    const frames = Math.floor(time * frameRate + 1e-6),
      whole = Math.round(frameRate);
    const two = (number) => String(number).padStart(2, "0");
    const seconds = Math.floor(frames / whole);
    return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}:${two(frames % whole)}`;
  };

  function place() {
    one(".playhead", perform.root).style.left = `${(100 * position) / perform.state.duration}%`;
    one("[data-time]", perform.root).textContent = `${timecode(position)} · ${position.toFixed(2)} s`;
    if (clock) perform.bringIntoSight(position);
  }

  /** Hear another sound, from where the playhead is; none: silence. */
  function hear(url) {
    const time = now();
    if (!url) {
      sound().removeAttribute("src");
      return;
    }
    sound().src = url;
    sound().currentTime = time;
    sound().volume = volume();
    if (clock)
      sound()
        .play()
        .catch(() => {});
  }

  /** Show another picture above the timeline; none: it goes. */
  function show(url) {
    if (url) video().src = url;
    else video().removeAttribute("src");
    perform.root.classList.toggle("pictured", Boolean(url));
  }

  /** One volume for the whole page: it stands on Generate, too. */
  function setVolume(value) {
    const slider = one("[data-form=listening] [name=volume]");
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    sound().volume = volume();
    showVolume();
  }

  function showVolume() {
    one("[data-volume]", perform.root).value = String(volume());
  }

  Object.assign(perform, {
    now,
    play,
    pause,
    seek,
    place,
    hear,
    show,
    setVolume,
    showVolume,
    volume,
    hasPicture,
    isPlaying: () => Boolean(clock),
    position: () => position,
    rewind: () => {
      position = 0;
    },
  });
})();
