/* What is done with takes: stars, names, deletion and its undoing, A and B at one level, edits, export. */
(() => {
  "use strict";
  const { one, all, isShown, voices, voiceOf, isPlaying, cardAtHand, takeInHand, play, choose } = window.foley.hands;
  const { library, regions, forms, protocol } = window.foley;
  const SAID_MS = 8000,
    MATCHED_LUFS = -23,
    MOST_BOOST_DB = 24;

  const fileAtHand = () => cardAtHand()?.dataset.file || "";
  const onStage = () => isShown(one("#generate"));
  const stageCards = () => all(".take.ready[data-take]");
  const cardOf = (file) => stageCards().find((card) => card.dataset.file === file) || library.rowOf(file);

  /* ---- stars, names, deletion that can be taken back ---- */
  function star(file) {
    const take = library.known(file);
    if (!take) return false;
    take.star = !take.star; // at once: Python's answer says the same
    stageCards()
      .filter((card) => card.dataset.file === file)
      .forEach((card) => one("[data-star]", card).setAttribute("aria-pressed", take.star));
    library.list();
    protocol.send({ action: "star", files: [file], star: take.star });
    return true;
  }

  function remove(files) {
    files = files.filter(library.known);
    if (!files.length) return false;
    const held = files.includes(fileAtHand()),
      title = library.known(files[0]).title;
    stageCards()
      .filter((card) => files.includes(card.dataset.file))
      .forEach((card) => {
        voices(card).forEach((audio) => audio.pause());
        card.classList.add("going");
      });
    const next = library.without(files);
    if (held && next) takeInHand(library.rowOf(next));
    say(
      `${files.length > 1 ? `${files.length} takes` : title} deleted. <button type="button" data-undo title="Take it back (Z)">Undo <kbd>Z</kbd></button>`,
    );
    protocol.send({ action: "delete", files });
    return true;
  }

  function undo() {
    say("");
    protocol.send({ action: "restore" });
    return true;
  }

  let quiet = 0;
  function say(words, stays = false) {
    let bar = one("#said");
    if (!bar) {
      bar = document.createElement("div");
      bar.id = "said";
      bar.setAttribute("role", "status");
      document.body.append(bar);
    }
    bar.innerHTML = words;
    bar.hidden = !words;
    clearTimeout(quiet);
    if (words && !stays) quiet = setTimeout(() => say(""), SAID_MS);
  }

  function rename(card = cardAtHand()) {
    const name = card && one("[data-name]", card);
    if (!name || !onStage()) return false;
    name.contentEditable = "plaintext-only";
    name.focus();
    getSelection().selectAllChildren(name);
    return true;
  }
  document.addEventListener("focusout", (event) => {
    const name = event.target.closest?.("[data-file] [data-name]");
    if (!name || !name.isContentEditable) return;
    name.contentEditable = "false";
    protocol.send({ action: "rename", file: name.closest("[data-file]").dataset.file, name: name.textContent });
  });
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.target.isContentEditable && (event.key === "Enter" || event.key === "Escape")) {
        event.preventDefault();
        event.target.blur();
      }
    },
    true,
  );

  /* ---- A and B: two takes at one level, at the same place in time ---- */
  const slots = [null, null];
  let awaited = false; // the first take of an edit becomes B, its take being A

  document.addEventListener("foley-library", () => {
    const [newest] = library.takes();
    if (awaited && newest && newest.file !== awaited) {
      slots[1] = newest.file;
      awaited = false;
    }
    slots.forEach((file, slot) => {
      if (file && !library.known(file)) slots[slot] = null;
    });
    markSlots();
    regions.showRegionButton();
  });

  function markSlots() {
    all("[data-slot]").forEach((button) =>
      button.toggleAttribute(
        "data-on",
        slots[button.dataset.slot] === button.closest("[data-file]").dataset.file &&
          Boolean(slots[button.dataset.slot]),
      ),
    );
    all(".take-row").forEach((row) => {
      row.dataset.in = slots.map((file, slot) => (file === row.dataset.file ? "AB"[slot] : "")).join("");
    });
  }

  function setSlot(slot, file) {
    slots[slot] = slots[slot] === file ? null : file;
    markSlots();
  }

  function hearSlot(slot, event) {
    const pair = all(".take.ready").find((card) => isShown(card) && voices(card).length > 1);
    if (pair) {
      takeInHand(pair);
      choose(pair, String(slot));
      return true;
    }
    if (!slots[slot] || event.shiftKey) {
      if (!fileAtHand()) return false;
      setSlot(slot, fileAtHand());
      return true;
    }
    const card = cardOf(slots[slot]);
    if (!card) return false;
    const before = cardAtHand();
    const share =
      before && isPlaying(before) && voiceOf(before).duration
        ? voiceOf(before).currentTime / voiceOf(before).duration
        : null;
    const audio = voiceOf(card);
    if (share !== null && !audio.duration)
      audio.addEventListener(
        "loadedmetadata",
        () => {
          audio.currentTime = share * audio.duration;
        },
        { once: true },
      );
    play(card, card.dataset.voice || "0", audio.duration ? share : null);
    return true;
  }

  /** By how much a card's sound is turned up or down: the volume, and one loudness for A and B or for all takes. */
  window.foley.gain = (card) => {
    const { volume, level } = forms.values("listening"),
      loudness = Number(card.dataset.loudness),
      both = slots.map((file) => file && library.known(file));
    let decibels = 0;
    if (both[0] && both[1] && slots.includes(card.dataset.file))
      decibels = Math.min(both[0].loudness, both[1].loudness) - loudness;
    else if (level && card.dataset.loudness)
      decibels = Math.min(MATCHED_LUFS - loudness, MOST_BOOST_DB, Math.max(0, -Number(card.dataset.peak || 0)));
    return Number(volume ?? 1) * 10 ** (decibels / 20);
  };

  /* ---- edits and export ---- */
  function edit(kind) {
    const held = stageCards().find((card) => card.region),
      card = kind === "region" ? held : cardAtHand();
    if (!card?.dataset.file || !onStage()) return false;
    if (one("#generate").disabled) return true; // it draws already
    slots[0] = card.dataset.file;
    slots[1] = null;
    awaited = library.takes()[0]?.file || "none";
    const { distance, seconds } = forms.values("edits"),
      file = card.dataset.file;
    if (kind === "siblings") protocol.send({ action: "siblings", file, distance: Number(distance) });
    else if (kind === "continue") protocol.send({ action: "continue", file, seconds: Number(seconds) });
    else protocol.send({ action: "region", file, ...card.region });
    return true;
  }

  /** The edit that was asked for on another tab, of the newest take, once that is on the stage. */
  let wanted = "";
  function use(kind, category) {
    wanted = kind;
    protocol.send({ action: "use_recording", category });
  }
  function editNewest(patience = 100) {
    const card = stageCards().find(isShown);
    if (!["siblings", "continue"].includes(wanted)) return;
    if (card && card.dataset.file === library.takes()[0]?.file) {
      takeInHand(card);
      edit(wanted);
    } else if (patience) setTimeout(() => editNewest(patience - 1), 100);
  }

  function send(files) {
    const wrong = all("input", one("[data-form=export]")).find((field) => !field.checkValidity());
    if (wrong) {
      wrong.reportValidity();
      return true;
    }
    if (!onStage()) return false;
    protocol.send({ action: "export", files, settings: forms.values("export") });
    return true;
  }
  const exported = () =>
    library.chosen.size
      ? library
          .takes()
          .map((take) => take.file)
          .filter((file) => library.chosen.has(file))
      : [fileAtHand()].filter(Boolean);
  const starred = () =>
    library
      .takes()
      .filter((take) => take.star)
      .map((take) => take.file);

  function preview() {
    if (!fileAtHand()) return false;
    protocol.send({
      action: "preview",
      file: fileAtHand(),
      settings: { ...forms.values("export"), loop: true, one_event: false },
    });
    return true;
  }

  /** Let a loop be heard, over and over, until anything else is played. */
  let player = null;
  function hearLoop(answer) {
    player ||= new Audio();
    const card = cardAtHand();
    if (card && isPlaying(card)) voices(card).forEach((audio) => audio.pause());
    Object.assign(player, {
      src: answer.file.url,
      loop: true,
      volume: Math.min(1, Number(forms.values("listening").volume ?? 1)),
    });
    player.play().catch(() => {});
    say('The loop plays. <button type="button" data-hush title="Stop the loop (Esc)">Stop</button>', true);
  }
  function hush() {
    if (!player || player.paused) return false;
    player.pause();
    say("");
    return true;
  }
  document.addEventListener("foley-hand", hush);

  const open = (file) => {
    if (file) protocol.send({ action: "open", files: [file] });
    return Boolean(file);
  };

  function loop(card = cardAtHand()) {
    if (!card) return false;
    const on = card.toggleAttribute("data-looping");
    voices(card).forEach((audio) => {
      audio.loop = on;
    });
    one("[data-loop]", card)?.setAttribute("aria-pressed", on);
    return true;
  }

  /* ---- clicks ---- */
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button, input, h2, a"),
      card = event.target.closest("[data-file]");
    const has = (name) => button && name in button.dataset;
    if (card?.dataset.file && !has("play")) takeInHand(card);
    if (has("edit")) edit(button.dataset.edit);
    else if (has("own")) use(button.dataset.own, one("[data-as]").value);
    else if (has("again")) edit("region");
    else if (has("export")) send(exported());
    else if (has("exportStars")) send(starred());
    else if (has("preview")) preview();
    else if (has("hush")) hush();
    else if (has("undo") || has("restore")) undo();
    else if (has("bring")) window.foley.files.bring();
    else if (has("onlyStars")) library.onlyStarred(button);
    else if (has("none")) library.chooseNone();
    else if (has("deleteChosen")) remove([...library.chosen]);
    else if (card && has("star")) star(card.dataset.file);
    else if (card && has("delete")) remove([card.dataset.file]);
    else if (card && has("keep")) window.foley.pageState.use(card);
    else if (card && has("slot")) setSlot(Number(button.dataset.slot), card.dataset.file);
    else if (card && has("loop")) loop(card);
    else if (card && has("name") && card.classList.contains("ready")) rename(card);
    else if (card && has("pick")) library.choose(card.dataset.file, event.shiftKey);
    else if (card?.matches(".take-row") && event.shiftKey) library.choose(card.dataset.file, true);
  });
  document.addEventListener("dblclick", (event) => {
    const row = event.target.closest(".take-row");
    if (row && !event.target.closest("button, input")) open(row.dataset.file);
  });

  window.foley.takes = {
    star,
    remove,
    undo,
    say,
    rename,
    hearSlot,
    edit,
    editNewest,
    hearLoop,
    hush,
    open,
    loop,
    fileAtHand,
    onStage,
    preview,
    export: () => send(exported()),
  };
})();
