/* What a performance may be taken from, beside taps: MIDI keys, a voice, and files that are dropped on the tab. */
(() => {
  "use strict";
  const { one, isShown } = window.foley.hands;
  const perform = window.foley.performing;
  const NOTE_ON = 0x90;

  /* ---- MIDI keys ---- */
  async function listenToMidi(button) {
    if (!navigator.requestMIDIAccess) {
      perform.say("This browser has no MIDI: use Chrome, Edge or Firefox.");
      return;
    }
    try {
      const access = await navigator.requestMIDIAccess();
      const ports = [...access.inputs.values()];
      ports.forEach((port) => {
        port.onmidimessage = ({ data: [kind, , velocity] }) => {
          if ((kind & 0xf0) === NOTE_ON && velocity > 0 && perform.isPlaying()) perform.hands.tap(velocity / 127);
        };
      });
      button.setAttribute("aria-pressed", String(ports.length > 0));
      perform.say(
        ports.length
          ? `Listening to ${ports.map((port) => port.name).join(", ")}: play, then hit keys.`
          : "No MIDI keyboard is connected.",
      );
    } catch {
      perform.say("The browser did not allow MIDI.");
    }
  }

  /* ---- a voice, or claps, recorded while the picture plays ---- */
  const AS_IT_IS = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  let recorder = /** @type {MediaRecorder | null} */ (null);

  /** Record from the start of the timeline on, until it ends or is paused; or pause. */
  function record() {
    if (recorder) {
      perform.pause();
      return true;
    }
    begin().catch(() => perform.say("The browser did not allow the microphone."));
    return true;
  }

  async function begin() {
    perform.pause();
    const stream = await navigator.mediaDevices.getUserMedia({ audio: AS_IT_IS });
    const parts = /** @type {Blob[]} */ ([]);
    recorder = new MediaRecorder(stream);
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.onstart = () => {
      perform.seek(0);
      perform.play(true);
      perform.say("Recording: perform with your voice or your hands. Pause, or press V again, when you are done.");
      perform.root.addEventListener("foley-paused", () => recorder?.stop(), { once: true });
    };
    recorder.onstop = async () => {
      recorder = null;
      stream.getTracks().forEach((track) => track.stop());
      showRecording();
      perform.say("");
      const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(await new Blob(parts).arrayBuffer());
      const file = new File([waveFile(sound)], "my voice.wav", { type: "audio/wav" });
      window.foley.files.hand(".perform-settings", [file]);
    };
    recorder.start();
    showRecording();
  }

  function showRecording() {
    const button = one("[data-voice]", perform.root);
    button.setAttribute("aria-pressed", String(Boolean(recorder)));
    button.textContent = recorder ? "Stop recording" : "Voice";
  }

  /** A sound's first channel as a WAV file of 16 bits. */
  function waveFile(sound) {
    const samples = sound.getChannelData(0),
      bytes = new DataView(new ArrayBuffer(44 + 2 * samples.length));
    const text = (at, letters) => [...letters].forEach((each, n) => bytes.setUint8(at + n, each.charCodeAt(0)));
    text(0, "RIFF");
    bytes.setUint32(4, 36 + 2 * samples.length, true);
    text(8, "WAVEfmt ");
    bytes.setUint32(16, 16, true);
    bytes.setUint16(20, 1, true); // PCM
    bytes.setUint16(22, 1, true); // one channel
    bytes.setUint32(24, sound.sampleRate, true);
    bytes.setUint32(28, 2 * sound.sampleRate, true);
    bytes.setUint16(32, 2, true);
    bytes.setUint16(34, 16, true);
    text(36, "data");
    bytes.setUint32(40, 2 * samples.length, true);
    samples.forEach((each, n) => bytes.setInt16(44 + 2 * n, 32767 * perform.clamp(each, -1, 1), true));
    return bytes.buffer;
  }

  /* ---- files that are dropped on the tab ---- */
  const DROPS = /** @type {[RegExp, string][]} */ ([
    [/^video\//, "Drop the video: it lies over the timeline, and its events come from"],
    [/midi?$/, "Drop the MIDI file: its notes become events, as strong as they were hit"],
    [/^audio\//, "Drop the sound: a performance opens again; of another, its onsets and its level become events"],
    [/^text\/|csv|tab-separated/, "Drop the list: its times become events"],
  ]);

  /** What a file that is dragged over the tab is good for; the browser tells its type alone. */
  function promise(type) {
    const words = DROPS.find(([kind]) => kind.test(type))?.[1];
    if (type.startsWith("video/")) return `${words} ${one("#perform-from input")?.value || "its picture"}`;
    return words || "Drop a video, a sound, a MIDI file, or a list of events (CSV, TSV, EDL)";
  }

  Object.assign(perform, {
    listenToMidi,
    record,
    promise,
    isOpen: () => Boolean(perform.root && isShown(perform.root)),
  });
})();
