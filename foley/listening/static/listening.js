/* The page of a listening test: asks, plays, and sends ratings (foley/listening/page.py). A clip has no name here. */
(() => {
  "use strict";
  const STORED = "foley-listening-code";
  const WORDS = {
    fidelity: ["Fidelity", "How much does it sound like a real recording, whatever it is of?", "broken", "as recorded"],
    fit: ["Category fit", "How well does it fit the name above?", "not at all", "perfectly"],
    diversity: ["Diversity", "How different are these sounds from each other?", "all the same", "all different"],
  };
  const TEN = "x"; // the key for ten
  const NEAR_END_S = 0.15;

  function listeningTest(element, server) {
    const root = element.querySelector(".listening-test") ?? element;
    const highest = Number(root.dataset.highest ?? 10);
    let code = localStorage.getItem(STORED) ?? "";
    let now = null; // the trial on the page: its answer, players, scores, and since when
    let coming = null; // the next trial, asked for ahead: { number, answer }
    let active = 0; // the scale that digits go to
    let busy = false;

    /* ---- Python ---- */
    async function call(name, data) {
      let answer;
      try {
        answer = await server[name](data);
      } catch {
        throw new Error("The test cannot be reached. Nothing is lost: try again.");
      }
      if (answer.error) throw new Error(answer.error);
      return answer;
    }

    async function attempt(work) {
      if (busy) return;
      busy = true;
      root.classList.add("busy");
      try {
        await work();
      } catch (error) {
        complain(error.message);
      } finally {
        busy = false;
        root.classList.remove("busy");
        if (now) update();
      }
    }

    function complain(words) {
      const place = root.querySelector(".complaint");
      if (place) place.textContent = words;
    }

    /* ---- welcome and end ---- */
    function welcome() {
      stop();
      now = null;
      root.innerHTML = `
        <section class="sheet">
          <h1>Listening test</h1>
          <p>You will hear short sounds of everyday things, some recorded and some made by computers. Rate each from 0 to 10. There is no right answer: say what you hear.</p>
          <ul>
            <li>Wear headphones if you have them, in a quiet place. Leave the volume alone once it is comfortable.</li>
            <li>Use the whole scale: 0 is the worst that you can imagine here, 10 the best.</li>
            <li>You can stop at any time, and go on later where you were.</li>
          </ul>
          <button type="button" class="go" data-start>Start</button>
          <form class="resume"><label>Or go on with your code <input name="code" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="abcd-efgh-jkmn"></label><button type="submit">Go on</button></form>
          <p class="complaint" role="alert"></p>
        </section>`;
      root.querySelector("[data-start]").onclick = () => attempt(() => begin(""));
      root.querySelector("form").onsubmit = (event) => {
        event.preventDefault();
        const typed = root.querySelector("[name=code]").value.trim();
        if (typed) attempt(() => begin(typed));
      };
    }

    async function begin(typed) {
      const answer = await call("begin", { code: typed });
      code = answer.code;
      localStorage.setItem(STORED, code);
      await show(-1);
    }

    function thanks(of) {
      stop();
      now = null;
      root.innerHTML = `
        <section class="sheet">
          <h1>Thank you</h1>
          <p>You have rated all ${of} of your sounds. Every rating is saved; you can close this page.</p>
          <p class="code">Your code: <b>${code}</b></p>
          <button type="button" data-back>Back to the last one</button>
          <button type="button" data-other>Somebody else rates here</button>
          <p class="complaint" role="alert"></p>
        </section>`;
      root.querySelector("[data-back]").onclick = () => attempt(() => show(of - 1));
      root.querySelector("[data-other]").onclick = () => {
        localStorage.removeItem(STORED);
        code = "";
        welcome();
      };
    }

    /* ---- a trial ---- */
    async function show(number) {
      const ahead = number >= 0 && coming?.number === number ? coming.answer : null;
      coming = null;
      const trial = (ahead && (await ahead)) || (await call("trial", { code, trial: number }));
      if (trial.trial >= trial.of) {
        thanks(trial.of);
        return;
      }
      stop();
      now = { ...trial, scores: { ...trial.scores }, since: performance.now(), players: trial.clips.map(player) };
      if (trial.scales.every((scale) => scale in now.scores)) for (const each of now.players) each.heard = true;
      active = 0;
      draw();
      if (trial.trial + 1 < trial.of) {
        const ask = call("trial", { code, trial: trial.trial + 1 }).catch(() => null);
        coming = { number: trial.trial + 1, answer: ask };
      }
      playAll();
    }

    function player(clip) {
      const bytes = Uint8Array.from(atob(clip), (letter) => letter.charCodeAt(0));
      const audio = new Audio(URL.createObjectURL(new Blob([bytes], { type: "audio/wav" })));
      const made = { audio, heard: false };
      audio.ontimeupdate = () => {
        if (audio.duration && audio.currentTime > audio.duration - NEAR_END_S) made.heard = true;
        paint();
      };
      audio.onplay = audio.onpause = paint;
      audio.onended = () => {
        made.heard = true;
        update();
        const next = made.follow;
        made.follow = null;
        if (next) play(next, true);
      };
      return made;
    }

    function play(one, goOn = false) {
      for (const each of now.players) if (each !== one) each.audio.pause();
      one.audio.currentTime = 0;
      one.follow = goOn ? now.players[now.players.indexOf(one) + 1] : null;
      one.audio.play().catch(() => {}); // a browser that wants a tap first: the button is there
    }

    const playAll = () => play(now.players[0], true);

    function toggle() {
      const sounding = now.players.filter((each) => !each.audio.paused);
      if (sounding.length) for (const each of sounding) each.audio.pause();
      else playAll();
    }

    function stop() {
      for (const each of now?.players ?? []) {
        each.follow = null;
        each.audio.pause();
        URL.revokeObjectURL(each.audio.src);
      }
    }

    function draw() {
      const several = now.clips.length > 1;
      const letter = (place) => String.fromCharCode(65 + place);
      const clips = now.players
        .map((_, place) => {
          const name = several ? `Play sound ${letter(place)}` : "Play the sound";
          return `<button type="button" class="play" data-clip="${place}" aria-label="${name}"><i></i><span>${several ? letter(place) : ""}</span></button>`;
        })
        .join("");
      const steps = Array.from({ length: highest + 1 }, (_, step) => step);
      const scales = now.scales
        .map((scale, place) => {
          const [title, question, worst, best] = WORDS[scale];
          const radios = steps
            .map((step) => `<label><input type="radio" name="${scale}" value="${step}"><span>${step}</span></label>`)
            .join("");
          return `<fieldset data-scale="${scale}" data-place="${place}"><legend>${title}</legend><p>${question}</p><div class="steps">${radios}</div><div class="ends"><span>0 ${worst}</span><span>${highest} ${best}</span></div></fieldset>`;
        })
        .join("");
      root.innerHTML = `
        <section class="sheet trial">
          <header><span class="count">${now.trial + 1} of ${now.of}</span><progress max="${now.of}" value="${now.trial}" aria-label="Progress"></progress></header>
          <h1>${now.class}${several ? `<small>${now.clips.length} sounds: rate how they differ</small>` : ""}</h1>
          <div class="clips ${several ? "several" : "one"}">${clips}</div>
          <p class="hint" aria-live="polite"></p>
          ${scales}
          <p class="complaint" role="alert"></p>
          <footer><button type="button" data-back ${now.trial ? "" : "disabled"}>Back</button><button type="button" class="go" data-next>Next</button></footer>
          <p class="keys"><kbd>Space</kbd> play <kbd>0</kbd>–<kbd>9</kbd> and <kbd>X</kbd> for 10 <kbd>↑</kbd><kbd>↓</kbd> scale ${several ? "<kbd>A</kbd><kbd>B</kbd>… one sound " : ""}<kbd>Enter</kbd> next <kbd>Backspace</kbd> back</p>
          <p class="code">Your code, to go on elsewhere: <b>${code}</b></p>
        </section>`;
      for (const button of root.querySelectorAll("[data-clip]")) {
        button.onclick = () => {
          const one = now.players[Number(button.dataset.clip)];
          if (one.audio.paused) play(one);
          else one.audio.pause();
        };
      }
      for (const radio of root.querySelectorAll("input[type=radio]")) {
        radio.checked = now.scores[radio.name] === Number(radio.value);
        radio.onchange = () => choose(radio.name, Number(radio.value));
        radio.onfocus = () => {
          active = now.scales.indexOf(radio.name);
          update();
        };
      }
      root.querySelector("[data-next]").onclick = next;
      root.querySelector("[data-back]").onclick = back;
      update();
      paint();
    }

    function choose(scale, score) {
      now.scores[scale] = score;
      const radio = root.querySelector(`input[name="${scale}"][value="${score}"]`);
      if (radio) radio.checked = true;
      complain("");
      update();
    }

    const isHeard = () => now.players.every((each) => each.heard);
    const isRated = () => now.scales.every((scale) => scale in now.scores);

    function update() {
      const hint = root.querySelector(".hint");
      if (!now || !hint) return;
      hint.textContent = isHeard()
        ? ""
        : now.clips.length > 1
          ? "Listen to all of them first."
          : "Listen to the end first.";
      root.querySelector("[data-next]").disabled = busy || !isHeard() || !isRated();
      for (const scale of root.querySelectorAll("fieldset")) {
        scale.classList.toggle("active", Number(scale.dataset.place) === active);
      }
    }

    function paint() {
      for (const button of root.querySelectorAll("[data-clip]")) {
        const one = now?.players[Number(button.dataset.clip)];
        if (!one) return;
        const { audio } = one;
        button.classList.toggle("playing", !audio.paused);
        button.classList.toggle("heard", one.heard);
        button.style.setProperty("--share", audio.duration ? audio.currentTime / audio.duration : 0);
      }
    }

    function next() {
      if (!now || !isHeard() || !isRated()) return;
      const { trial, scores, since } = now;
      attempt(async () => {
        const seconds = Math.min(86400, (performance.now() - since) / 1000);
        await call("rate", { code, rating: { trial, scores, seconds } });
        await show(trial + 1);
      });
    }

    function back() {
      if (now?.trial) attempt(() => show(now.trial - 1));
    }

    /* ---- keys ---- */
    document.addEventListener("keydown", (event) => {
      if (!now || event.ctrlKey || event.metaKey || event.altKey || event.target.type === "text") return;
      const key = event.key.toLowerCase();
      const sound = now.clips.length > 1 && key.length === 1 ? key.charCodeAt(0) - 97 : -1;
      if (/^[0-9]$/.test(key) || key === TEN) {
        const scale = now.scales[active];
        choose(scale, key === TEN ? highest : Number(key));
        active = Math.min(active + 1, now.scales.length - 1);
        update();
      } else if (key === "arrowdown") active = Math.min(active + 1, now.scales.length - 1);
      else if (key === "arrowup") active = Math.max(active - 1, 0);
      else if (key === " ") toggle();
      else if (key === "enter" && !event.target.closest("[data-clip], [data-back]")) next();
      else if (key === "backspace") back();
      else if (sound >= 0 && sound < now.players.length) play(now.players[sound]);
      else return;
      event.preventDefault();
      update();
    });

    welcome();
    if (code) attempt(() => show(-1));
  }

  window.foley = { listeningTest };
})();
