/* <sound-picture src="…">: the waveform and the spectrogram of a sound, drawn here from the file that is played. */
(() => {
  "use strict";
  const RATE = 24000,
    SIZE = 1024,
    RANGE_DB = 80,
    MOST_COLUMNS = 4096,
    SETTLED_MS = 80;
  const TICKS = [500, 1000, 2000, 4000, 8000];
  const MAGMA = [
    [0, 0, 4],
    [28, 16, 68],
    [79, 18, 123],
    [129, 37, 129],
    [181, 54, 122],
    [229, 80, 100],
    [251, 135, 97],
    [254, 194, 135],
    [252, 253, 191],
  ];
  const PALETTE = Array.from({ length: 256 }, (_, level) => {
    const place = (level / 255) * (MAGMA.length - 1),
      below = Math.min(MAGMA.length - 2, Math.floor(place)),
      share = place - below;
    return MAGMA[below].map((value, channel) => value + share * (MAGMA[below + 1][channel] - value));
  });
  const mel = (hertz) => (hertz < 1000 ? (hertz * 3) / 200 : 15 + (27 * Math.log(hertz / 1000)) / Math.log(6.4));
  const hertz = (value) => (value < 15 ? (value * 200) / 3 : 1000 * Math.exp(((value - 15) * Math.log(6.4)) / 27));

  /* ---- a Fourier transform of SIZE samples, in place ---- */
  const cosines = Float64Array.from({ length: SIZE / 2 }, (_, n) => Math.cos((2 * Math.PI * n) / SIZE));
  const sines = Float64Array.from({ length: SIZE / 2 }, (_, n) => -Math.sin((2 * Math.PI * n) / SIZE));
  const windowed = Float64Array.from({ length: SIZE }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / SIZE));
  const bits = Math.log2(SIZE);
  const reversed = Uint16Array.from({ length: SIZE }, (_, n) => {
    let out = 0;
    for (let bit = 0; bit < bits; bit++) out |= ((n >> bit) & 1) << (bits - 1 - bit);
    return out;
  });

  function transform(real, imaginary) {
    for (let width = 2; width <= SIZE; width *= 2) {
      const half = width / 2,
        step = SIZE / width;
      for (let start = 0; start < SIZE; start += width) {
        for (let n = 0; n < half; n++) {
          const low = start + n,
            high = low + half,
            c = cosines[n * step],
            s = sines[n * step];
          const re = real[high] * c - imaginary[high] * s,
            im = real[high] * s + imaginary[high] * c;
          real[high] = real[low] - re;
          imaginary[high] = imaginary[low] - im;
          real[low] += re;
          imaginary[low] += im;
        }
      }
    }
  }

  /** Power in dB of `columns` moments, SIZE / 2 values each. */
  function spectra(samples, columns) {
    const real = new Float64Array(SIZE),
      imaginary = new Float64Array(SIZE),
      out = new Float32Array((columns * SIZE) / 2);
    for (let column = 0; column < columns; column++) {
      const first = Math.round(((column + 0.5) / columns) * samples.length) - SIZE / 2;
      for (let n = 0; n < SIZE; n++) {
        real[reversed[n]] = (samples[first + n] || 0) * windowed[n];
        imaginary[n] = 0;
      }
      transform(real, imaginary);
      for (let bin = 0; bin < SIZE / 2; bin++)
        out[(column * SIZE) / 2 + bin] = 10 * Math.log10(real[bin] ** 2 + imaginary[bin] ** 2 + 1e-12);
    }
    return out;
  }

  function spectrogram(samples, width, height) {
    const columns = Math.min(width, MOST_COLUMNS),
      power = spectra(samples, columns),
      bins = SIZE / 2,
      picture = new ImageData(columns, height);
    let loudest = -60; // or silence would be drawn as if it were noise
    for (const value of power) if (value > loudest) loudest = value;
    for (let line = 0; line < height; line++) {
      const low = hertz((mel(RATE / 2) * (height - 1 - line)) / height),
        high = hertz((mel(RATE / 2) * (height - line)) / height);
      const first = Math.min(bins - 1, Math.floor((low * SIZE) / RATE)),
        last = Math.max(first + 1, Math.min(bins, Math.ceil((high * SIZE) / RATE)));
      for (let column = 0; column < columns; column++) {
        let strongest = -200;
        for (let bin = first; bin < last; bin++) strongest = Math.max(strongest, power[column * bins + bin]);
        const [red, green, blue] =
          PALETTE[Math.max(0, Math.min(255, Math.round(255 * (1 + (strongest - loudest) / RANGE_DB))))];
        picture.data.set([red, green, blue, 255], 4 * (line * columns + column));
      }
    }
    return picture;
  }

  const decoder = () => new OfflineAudioContext(1, 1, RATE);
  const STYLE = `
    :host { display: grid; grid-template-rows: var(--wave-height, 120px) var(--spectrum-height, 180px); gap: 4px; position: relative; }
    :host(:not([drawn])) .wave, :host(:not([drawn])) .spectrum { visibility: hidden; }
    .wave { background: linear-gradient(90deg, var(--accent) calc(100% * var(--at, 0)), var(--wave-ink, #72777e) 0); mask: var(--shape) center / 100% 100%; }
    .spectrum { position: relative; background: #000004; border-radius: 3px; min-width: 0; }
    canvas { display: block; width: 100%; height: 100%; border-radius: 3px; }
    .axis { position: absolute; inset: 0; pointer-events: none; } .ticks { position: sticky; left: 0; width: 0; height: 100%; }
    i { position: absolute; left: 4px; transform: translateY(50%); font: 10px/1 var(--mono, monospace); color: #fff; opacity: .85; text-shadow: 0 0 3px #000, 0 0 2px #000; white-space: nowrap; }
    .seconds i { left: auto; bottom: 3px; transform: translateX(-50%); }`;

  class SoundPicture extends HTMLElement {
    static observedAttributes = ["src"];

    constructor() {
      super();
      const ticks = TICKS.map(
        (tick) =>
          `<i style="bottom: ${(100 * mel(tick)) / mel(RATE / 2)}%">${tick < 1000 ? tick : `${tick / 1000}k`}${tick === 8000 ? " Hz" : ""}</i>`,
      ).join("");
      this.attachShadow({
        mode: "open",
      }).innerHTML = `<style>${STYLE}</style><div class="wave"></div><div class="spectrum"><canvas width="1" height="1"></canvas><div class="axis"><div class="seconds"></div><div class="ticks">${ticks}</div></div></div>`;
      this.samples = null;
      this.observer = new ResizeObserver(() => this.draw());
    }

    connectedCallback() {
      this.observer.observe(this);
    }
    disconnectedCallback() {
      this.observer.disconnect();
      URL.revokeObjectURL(this.shape);
    }

    async attributeChangedCallback(_name, before, src) {
      if (before === src) return;
      this.samples = null;
      this.drawn = "";
      this.removeAttribute("drawn");
      if (!src || src.startsWith("data:")) return;
      try {
        const file = await (await fetch(src)).arrayBuffer();
        const sound = (await decoder().decodeAudioData(file)).getChannelData(0);
        if (this.getAttribute("src") === src) {
          this.samples = sound;
          this.draw();
        }
      } catch {
        /* the player says what is wrong with a file that cannot be played */
      }
    }

    /** Draw for the size it has now, once that has settled. */
    draw() {
      clearTimeout(this.due);
      this.due = setTimeout(() => {
        const ratio = Math.min(2, devicePixelRatio),
          wave = this.shadowRoot.querySelector(".wave"),
          canvas = this.shadowRoot.querySelector("canvas");
        const width = Math.round(wave.clientWidth * ratio),
          height = Math.round(wave.clientHeight * ratio),
          lines = Math.round(this.shadowRoot.querySelector(".spectrum").clientHeight * ratio);
        const wanted = `${width} ${height} ${lines}`;
        if (!this.samples || !width || !lines || this.drawn === wanted) return;
        this.drawn = wanted;
        this.drawWave(wave, width, height);
        const picture = spectrogram(this.samples, width, lines);
        [canvas.width, canvas.height] = [picture.width, picture.height];
        canvas.getContext("2d").putImageData(picture, 0, 0);
        this.drawSeconds();
      }, SETTLED_MS);
    }

    drawSeconds() {
      const seconds = this.samples.length / RATE,
        step = seconds > 10 ? 5 : 1;
      const labels = Array.from({ length: Math.ceil(seconds / step) - 1 }, (_, place) => step * (place + 1));
      this.shadowRoot.querySelector(".seconds").innerHTML = labels
        .map((label) => `<i style="left: ${(100 * label) / seconds}%">${label} s</i>`)
        .join("");
    }

    drawWave(place, width, height) {
      const canvas = document.createElement("canvas"),
        pen = canvas.getContext("2d"),
        { samples } = this;
      [canvas.width, canvas.height] = [width, height];
      for (let x = 0; x < width; x++) {
        let high = 0,
          low = 0;
        const last = Math.max(
          Math.floor(((x + 1) * samples.length) / width),
          Math.floor((x * samples.length) / width) + 1,
        );
        for (let n = Math.floor((x * samples.length) / width); n < last; n++) {
          if (samples[n] > high) high = samples[n];
          if (samples[n] < low) low = samples[n];
        }
        const top = (0.5 - 0.49 * high) * height,
          bottom = (0.5 - 0.49 * low) * height;
        pen.fillRect(x, Math.min(top, height / 2 - 0.6), 1, Math.max(bottom - top, 1.2)); // silence is a line, not nothing
      }
      canvas.toBlob((blob) => {
        URL.revokeObjectURL(this.shape);
        this.shape = URL.createObjectURL(blob);
        place.style.setProperty("--shape", `url(${this.shape})`);
        this.toggleAttribute("drawn", true); // and not before, or the wave would be a block for a moment
      });
    }
  }
  customElements.define("sound-picture", SoundPicture);
})();
