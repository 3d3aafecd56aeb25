/* Files in and out: what is dropped on the page, and takes that are dragged to the desktop or into a DAW. */
(() => {
  "use strict";
  const { one, isShown } = window.foley.hands;
  const END_BYTES = 300000; // of a file, where its chunks lie
  const onStage = () => isShown(one("#generate")),
    onReconstruct = () => isShown(one("#recording"));

  document.addEventListener("dragstart", (event) => {
    const carried = event.target.closest?.(".take-row, a[download]");
    if (!carried) return;
    const [url, name] = carried.matches("a")
      ? [carried.href, carried.getAttribute("download")]
      : [new URL(carried.dataset.url, location.href).href, carried.dataset.file];
    event.dataTransfer.setData("DownloadURL", `audio/wav:${name}:${url}`);
    event.dataTransfer.setData("text/uri-list", url);
    event.dataTransfer.effectAllowed = "copy";
  });

  /** What a dropped file, of a type as far as it is known, is good for on the tab that is open; nothing where it is
   * good for nothing. */
  function promise(type = "") {
    if (window.foley.performing.isOpen()) return window.foley.performing.promise(type);
    if (onStage()) return "Drop a file: a take of foley studio comes back, another sound goes to Reconstruct";
    if (onReconstruct()) return "Drop a recording: it goes through the model and back";
    return "";
  }

  const carriesFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault(); // or the page would be left for the file
    const words = promise(event.dataTransfer.items[0]?.type);
    if (!words) {
      event.dataTransfer.dropEffect = "none";
      return;
    }
    document.body.dataset.dropping = words;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) delete document.body.dataset.dropping;
  });
  document.addEventListener("drop", (event) => {
    delete document.body.dataset.dropping;
    if (!carriesFiles(event)) return;
    event.preventDefault();
    const files = [...event.dataTransfer.files];
    if (!promise()) window.foley.takes.say("Files can be dropped on Generate, Perform and Reconstruct.");
    else if (onStage()) bring(files);
    else if (window.foley.performing.isOpen()) {
      oneAtATime(files);
      hand(".perform-settings", files);
    } else if (!event.target.closest("#recording")) {
      oneAtATime(files);
      hand("#recording", files);
    }
  });

  function oneAtATime(files) {
    if (files.length > 1)
      window.foley.takes.say(
        `Of ${files.length} files the first, ${escaped(files[0].name)}, is taken: drop the others one at a time.`,
      );
  }
  const escaped = (text) => {
    const span = document.createElement("span");
    span.textContent = text;
    return span.innerHTML;
  };

  /** A take's file back to its take; any other sound to Reconstruct, which can make takes of it. */
  async function bring(files) {
    if (!files) {
      one("#bring-back input[type=file]")?.click();
      return true;
    }
    const [file] = files;
    if (!file) return false;
    oneAtATime(files);
    const recipe = await recipeIn(file);
    if (recipe === "take") return hand("#bring-back", files);
    if (recipe === "performance") {
      window.foley.pageState.go("perform");
      return hand(".perform-settings", files);
    }
    window.foley.pageState.go("reconstruct");
    if (files.length === 1)
      window.foley.takes.say(`${escaped(file.name)} carries no recipe of foley studio: it is opened in Reconstruct.`);
    for (let tries = 50; tries && !one("#recording input[type=file]"); tries--)
      await new Promise((done) => setTimeout(done, 100));
    return hand("#recording", files);
  }

  /** Of what a file's chunks hold a recipe; no sound at all is taken for a take: the answer says what is wrong. */
  async function recipeIn(file) {
    const ends = new Blob([file.slice(0, END_BYTES), file.slice(Math.max(END_BYTES, file.size - END_BYTES))]);
    const bytes = new Uint8Array(await ends.arrayBuffer()),
      text = new TextDecoder("latin1").decode(bytes);
    const isSound =
      ["RIFF", "fLaC", "OggS", "ID3", "FORM", "RF64", "\x1aE\xdf\xa3"].some((sign) => text.startsWith(sign)) ||
      text.slice(4, 8) === "ftyp" ||
      (bytes[0] === 0xff && (bytes[1] & 0xe0) === 0xe0);
    if (/performance("|&quot;|&#34;): 1/.test(text)) return "performance";
    return !isSound || text.includes("noise_seed") ? "take" : "";
  }

  /** Give the first of some files to an upload, as choosing it there would. */
  function hand(place, files) {
    const input = one(`${place} input[type=file]`);
    if (!input || !files.length) return false;
    const first = new DataTransfer();
    first.items.add(files[0]);
    input.files = first.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }

  window.foley.files = { bring, hand };
})();
