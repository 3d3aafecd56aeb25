/* Tooltips, which Gradio has none of: what a control does to the sound, as its own words or those below say. */
(() => {
  "use strict";
  const { all } = window.foley.hands;
  const PAUSE_MS = 200;
  const HINTS = {
    "#dice": "Roll a new seed (D): another sound of the same settings",
    "#lock": "Lock the seed (K takes that of the take at hand): the next run draws the same sound again",
    "#generate": "Draw new takes (G or Ctrl+Enter)",
    "#stop": "Stop drawing (Esc); takes that are there stay",
    "#model-menu": "The model that draws: one found here, or a name on the Hugging Face hub",
    "#recording": "The sound that goes through the chain: drop a file, choose one, or record one with the microphone",
    "#perform-file":
      "MP4, MOV, MKV or WebM; a WAV, FLAC, OGG or MP3 of claps or of a voice; CSV, EDL or MIDI; a performance saved here",
    "#perform-from": "Where the events of a video come from",
    "#perform-class": "The class that sounds at every event; single events may have another one",
    "#perform-way": "One sound for each event, or one sound under the level curve",
    "#perform-seed": "The same seed and events give the same sound again",
    "#perform-temperature": "Lower is more typical, higher more varied",
    "#perform-count": "How many performances of the same events to choose from",
    "#perform": "Let the events sound (P)",
    "#perform-stop": "Stop performing; the events stay",
    "#count-codes": "Draw takes of every class and count their codes: it colours the map and fills the table",
    "#sweep-class": "The class of the sweep, and the one that the morph begins with",
    "#morph-class": "The class that the morph ends with",
    "#explore-seed": "The same seed gives the same sounds again",
    "#explore-dice": "Another seed: other sounds of the same settings",
    "#sweep": "One seed at seven temperatures, from the most typical sound to the strangest",
    "#morph": "Seven sounds from one class to the other: more and more codes are drawn as the other",
    "#train-look": "Count the recordings of each class, and name those that cannot be used",
    "#train-begin": "The model whose weights are gone on with, or none",
    "#train-preset": "The sizes of the model: larger ones sound better and take longer",
    "#train-stage": "What is trained: the whole chain, or one part of it",
    "#train-device": "Where it is trained",
    "#train-name": "The run's name, which becomes its folder",
    "#train-start": "Begin to train; the page may be closed meanwhile",
    "#train-run": "The run that is shown",
    "#train-stop": "Finish the step, keep a checkpoint and stop; pressed again, stop at once",
    "#train-resume": "Go on where the last checkpoint is",
    "#train-use": "Make sounds with the model of this run",
    "#train-log": "What the training printed",
    "#evaluate-temperature":
      "The temperature of the takes that are measured: lower is more typical, higher more varied",
    "#evaluate-top-p": "Below 1 the takes that are measured leave the unlikely turns out",
    "#evaluate-seed": "The first take's seed; the others count on from it",
    "#evaluate": "Draw takes with the model of the menu and measure them against the recordings",
    "#evaluate-stop": "Stop measuring; what was made is kept",
    "#evaluate-report": "The report that is shown: one of those made here, or the one that ships",
    "#evaluate-other": "A second report, whose means stand beside those of the first",
    "#measure": "What the bars show",
  };
  const TABS = {
    Generate: "New sounds of a class, and what can be made from them",
    Perform: "Sounds that land where a picture or your taps need them",
    Reconstruct: "A recording through the whole chain and back",
    Explore: "What the codes mean and how they sound",
    Train: "Models of your own sounds",
    Evaluate: "How near the sounds come to real ones",
  };

  function applyHints() {
    all(".controls .block").forEach((block) => {
      const words = block.querySelector("[data-testid='block-info'] + div, .info-text");
      if (words && !block.querySelector(".block")) block.title = words.textContent.trim();
    });
    Object.entries(HINTS).forEach(([selector, words]) =>
      all(selector).forEach((element) => {
        element.title = words;
      }),
    );
    all("#tabs button")
      .filter((button) => TABS[button.textContent.trim()])
      .forEach((button) => {
        button.title = TABS[button.textContent.trim()];
      });
    all("#category label").forEach((label, place) => {
      label.title = `${label.textContent.trim()} (${place + 1})`;
    });
  }

  let due = 0; // Gradio lays a tab out when it is first opened, and some controls again later
  const soon = () => {
    due ||= setTimeout(() => {
      due = 0;
      applyHints();
    }, PAUSE_MS);
  };
  new MutationObserver(soon).observe(document.documentElement, { childList: true, subtree: true });
})();
