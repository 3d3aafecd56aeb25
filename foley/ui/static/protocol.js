/* How page and Python talk: one message a wish, through the mailbox of its queue (components/protocol.py). */
(() => {
  "use strict";
  const MAILBOXES = {
    list: "library",
    star: "library",
    rename: "library",
    tag: "library",
    delete: "library",
    restore: "library",
    siblings: "model",
    region: "model",
    continue: "model",
    redraw: "model",
    say: "model",
    understand: "say",
    heard: "heard",
    open: "model",
    example: "model",
    export: "export",
    preview: "export",
    use_recording: "recording",
    choose_part: "recording",
    hear_code: "explore",
    open_cell: "explore",
    perform: "perform",
    warm: "perform",
    close_video: "perform",
    save_performance: "save",
    settings: "settings", // read by the page itself: nothing goes to Python
    perform_settings: "perform_settings", // likewise
  };
  const DRAWING = ["siblings", "region", "continue", "redraw", "say"];
  const ANSWERS = {
    download: (answer) => download(answer.file.url, answer.name),
    hear_loop: (answer) => window.foley.takes.hearLoop(answer),
  };
  const triggers = {},
    early = []; // what sends an event, by mailbox; messages for a mailbox that is not there yet
  let last = {};

  function connect(name, trigger) {
    triggers[name] = trigger;
    early.splice(0).forEach(send);
  }

  function send(message) {
    const trigger = triggers[MAILBOXES[message.action]];
    if (!trigger) {
      early.push(message);
      return;
    }
    last = message;
    trigger("submit", message);
  }

  function receive(answer) {
    if (answer?.action) ANSWERS[answer.action](answer);
  }

  function download(url, name) {
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
  }

  window.foley.protocol = {
    connect,
    send,
    receive,
    isDrawing: () => DRAWING.includes(last.action),
    forget: () => {
      last = {};
    },
  };
})();
