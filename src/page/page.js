// The pages of `cargo race --html`: steps through a story, and lets you be the scheduler.
// Data comes from scripts beside the page, since a browser refuses to fetch a file.
"use strict";
(() => {
  const page = (window.racecourse = { graphs: {}, schedulers: [] });
  const waiting = {};

  /** A graph's script has been loaded. */
  page.add = (name, graph) => {
    page.graphs[name] = graph;
    (waiting[name] || []).forEach((then) => then(graph));
    delete waiting[name];
  };

  const withGraph = (name, then) => {
    if (page.graphs[name]) return then(page.graphs[name]);
    if (!waiting[name]) {
      const script = make("script");
      script.src = `${name}.js`;
      document.head.append(script);
    }
    (waiting[name] ||= []).push(then);
  };

  const make = (tag, attributes = {}, ...inside) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "onclick") element.addEventListener("click", value);
      else if (value !== false && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...inside);
    return element;
  };

  const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;
  const short = (file) => file.slice(file.lastIndexOf("/") + 1);

  // ---- The source -------------------------------------------------------------------------

  const pane = document.getElementById("code");
  let marked = [];

  /** Marks these lines, and shows the first: [{file, line, by, now}]. */
  const mark = (places) => {
    for (const { row, note } of marked) {
      row.classList.remove("now", "next");
      row.removeAttribute("aria-current");
      note.remove();
    }
    marked = [];
    for (const { file, line, by, now } of places) {
      const row = document.getElementById(`${file}:${line}`);
      if (!row) continue;
      row.classList.add(now ? "now" : "next");
      if (now) row.setAttribute("aria-current", "step");
      const note = make("span", { class: "by" }, `${now ? "◀" : "◁"} ${by}`);
      row.append(note);
      marked.push({ row, note });
    }
    if (pane && marked.length) {
      const { row } = marked[0];
      const top = row.getBoundingClientRect().top - pane.getBoundingClientRect().top;
      pane.scrollTop += top - pane.clientHeight / 2;
    }
  };

  // ---- Keys: the part of the page that was used last hears the arrows ----------------------

  let active = null;
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    // There the arrows scroll, or choose.
    if (event.target.closest("select, input, textarea, [role=region]")) return;
    const does = { ArrowRight: "forward", ArrowLeft: "back", Home: "first", End: "last" };
    const how = does[event.key];
    if (active?.[how] && (how === "forward" || how === "back" || active.root.contains(event.target))) {
      event.preventDefault();
      active[how]();
    } else if (active?.choose && /^[1-9]$/.test(event.key) && active.root.contains(event.target)) {
      active.choose(Number(event.key) - 1);
    }
  });
  const activates = (part) => {
    for (const what of ["focusin", "pointerdown"]) {
      part.root.addEventListener(what, () => {
        if (active === part) return;
        active = part;
        part.shows();
      });
    }
  };

  // ---- A story ----------------------------------------------------------------------------

  const LANES = { not_started: "not started", enabled: "can run", waits: "waits", ended: "ended" };

  class Story {
    constructor(root, story) {
      Object.assign(this, { root, story, at: -1 });
      this.rows = [...root.querySelectorAll("tbody tr")];
      this.rows.forEach((row, place) => {
        const number = row.querySelector("th");
        number.replaceChildren(
          make("button", { type: "button", onclick: () => this.go(place), "aria-label": `Show step ${place + 1}` }, String(place + 1)),
        );
      });
      const button = (name, text, does) => (this[`${name}Button`] = make("button", { type: "button", onclick: does, "data-do": name }, text));
      root.querySelector(".controls").append(
        button("first", "Start", () => this.first()),
        button("back", "← Back", () => this.back()),
        button("forward", "Next →", () => this.forward()),
        button("last", "End", () => this.last()),
      );
      this.now = root.querySelector(".now");
      this.threads = root.querySelector(".threads");
      this.shared = root.querySelector(".shared");
      activates(this);
      this.go(-1);
    }
    first() { this.go(-1); }
    last() { this.go(this.story.steps.length - 1); }
    back() { if (this.at >= 0) this.go(this.at - 1); }
    forward() { if (this.at + 1 < this.story.steps.length) this.go(this.at + 1); }
    go(place) {
      this.at = place;
      this.shows();
    }
    shows() {
      const { threads, watched, initially, steps, decisive } = this.story;
      const step = steps[this.at];
      this.rows.forEach((row, place) => {
        if (place === this.at) row.setAttribute("aria-current", "step");
        else row.removeAttribute("aria-current");
      });
      const current = this.rows[this.at];
      const box = current?.closest("[role=region]");
      if (box) {
        const top = current.getBoundingClientRect().top - box.getBoundingClientRect().top;
        if (top < 30 || top > box.clientHeight - 60) box.scrollTop += top - box.clientHeight / 2;
      }
      this.now.textContent = !step
        ? `Before the first of ${count(steps.length, "step")}.`
        : `Step ${this.at + 1} of ${steps.length}: ${threads[step.thread]}: ${said(step)}, at ${short(step.file)}:${step.line}.` +
          (this.at === decisive ? " This is the decisive step: after it, no interleaving ends as promised." : "") +
          (step.switch ? ` Then ${threads[step.thread]} ${step.switch.preempted ? "is preempted" : step.switch.why}.` : "") +
          (this.at + 1 === steps.length ? ` The story ends: ${this.root.dataset.outcome}.` : "");
      for (const [button, off] of [["first", this.at < 0], ["back", this.at < 0], ["forward", this.at + 1 === steps.length], ["last", this.at + 1 === steps.length]]) {
        // A disabled button would lose the focus.
        this[`${button}Button`].setAttribute("aria-disabled", off);
      }
      const lanes = (step ?? steps[0])?.lanes ?? [];
      fill(this.threads, "Thread", "Now", threads.map((name, thread) => {
        const waits = step ? LANES[lanes[thread]] : "";
        return [name, step?.thread === thread ? `took this step${lanes[thread] === "enabled" ? "" : `, ${waits}`}` : waits];
      }));
      const before = steps[this.at - 1]?.state ?? initially;
      fill(this.shared, "Shared", "Value", watched.map((name, place) => {
        const value = step ? step.state[place] : initially[place];
        return [name, value, step && before[place] !== value];
      }));
      mark(step ? [{ file: step.file, line: step.line, by: threads[step.thread], now: true }] : []);
    }
  }

  const said = (step) => (step.kind === "narration" ? `“${step.what}”` : step.what);

  /** A table of names and values; what has changed is marked by a word. */
  const fill = (table, first, second, rows) => {
    table.hidden = rows.length === 0;
    table.replaceChildren(
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, first), make("th", { scope: "col" }, second))),
      make("tbody", {}, ...rows.map(([name, value, changed]) =>
        make("tr", changed ? { class: "changed" } : {}, make("th", { scope: "row" }, name), make("td", {}, value, ...(changed ? [make("small", {}, " changed")] : []))),
      )),
    );
  };

  // ---- The scheduler ----------------------------------------------------------------------

  const GRADES = ["promised", "allowed", "FORBIDDEN"];

  class Scheduler {
    constructor(root) {
      this.root = root;
      this.scenes = JSON.parse(root.dataset.scenes);
      this.chosenScene = make("select", {}, ...this.scenes.map((scene, place) => make("option", { value: place }, scene.name)));
      this.chosenScene.value = Math.max(0, this.scenes.findIndex((scene) => scene.mistake));
      this.chosenScene.addEventListener("change", () => this.load());
      this.target = make("select", { class: "target" });
      this.target.addEventListener("change", () => this.shows());
      this.status = make("p", { role: "status", class: "now" });
      this.share = make("p", { class: "share" });
      this.choices = make("ul", { class: "choices" });
      this.shared = make("table", { class: "shared" });
      this.past = make("ol", { class: "past" });
      this.hintText = make("p", { role: "status", class: "hint" });
      const button = (name, text, does) => (this[`${name}Button`] = make("button", { type: "button", onclick: does, "data-do": name }, text));
      root.append(
        make("div", { class: "controls" }, make("label", {}, "Scene ", this.chosenScene), " ", make("label", {}, "Try to reach ", this.target)),
        this.share,
        this.choices,
        make("div", { class: "controls" }, button("back", "← Back", () => this.back()), button("forward", "Again →", () => this.forward()), button("first", "Start again", () => this.first()), button("hint", "Hint", () => this.hint())),
        this.hintText,
        this.status,
        make("div", { class: "beside" }, this.shared),
        make("h3", {}, "Steps so far"),
        this.past,
      );
      activates(this);
      this.load();
    }

    load() {
      const scene = this.scenes[this.chosenScene.value];
      this.graph = null;
      this.share.textContent = "Loading …";
      this.choices.replaceChildren();
      withGraph(scene.graph, (graph) => {
        if (this.scenes[this.chosenScene.value] !== scene) return;
        this.graph = graph;
        this.distances = new Map();
        const names = graph.outcomes.map(([grade, name]) => ({ grade, name }));
        for (const name of scene.forbidden) if (!names.some((it) => it.name === name)) names.push({ grade: 2, name });
        names.sort((a, b) => b.grade - a.grade);
        this.target.replaceChildren(...names.map(({ grade, name }) => make("option", { value: name }, `${GRADES[grade]}: ${name}`)));
        if (scene.target) this.target.value = scene.target;
        this.start = this.follows(0);
        this.tells = graph.threads.map((_, thread) => graph.transitions.some((it) => it[0] === thread && it[1].length));
        this.first();
        this.root.dataset.ready = scene.graph;
      });
    }

    // `path` is a list of what was chosen: a transition and the state it leads to, and those
    // that follow by themselves.
    first() { this.path = []; this.future = []; this.shows(); }
    back() { if (this.path.length) { this.future.push(this.path.pop()); this.shows(); } }
    forward() { if (this.future.length) { this.path.push(this.future.pop()); this.shows(); } }
    get taken() { return [...this.start, ...this.path.flat()]; }
    get state() { return this.taken.at(-1)?.[1] ?? 0; }
    isSilent([transition]) { return this.graph.transitions[transition][1].length === 0; }
    next(state) {
      const flat = this.graph.states[state][0], next = [];
      for (let at = 0; at < flat.length; at += 2) next.push([flat[at], flat[at + 1]]);
      return next;
    }
    /** What follows by itself: it is all that can be done, and there is nothing to tell. */
    follows(state) {
      const follow = [];
      for (let next = this.next(state); next.length === 1 && this.isSilent(next[0]); next = this.next(next[0][1])) follow.push(next[0]);
      return follow;
    }
    take(choice) {
      this.path.push([choice, ...this.follows(choice[1])]);
      this.future = [];
      this.shows();
    }
    /** The button that was pressed is gone: on to that thread's next, or another's. */
    focus(thread) {
      const own = this.choices.querySelector(`[data-thread="${thread}"] button`);
      (own ?? this.choices.querySelector("button") ?? this.backButton).focus({ preventScroll: true });
    }
    choose(place) { this.choices.querySelectorAll("button")[place]?.click(); }

    /** How many steps it takes from each state to the outcome. */
    distance(state) {
      const target = this.target.value;
      if (!this.distances.has(target)) {
        const { states, outcomes } = this.graph;
        const distances = new Array(states.length), ahead = [0];
        while (ahead.length) {
          const at = ahead.at(-1), next = this.next(at);
          const unknown = next.filter(([, to]) => distances[to] === undefined);
          if (distances[at] === undefined && !unknown.length) {
            const end = states[at][2];
            distances[at] = end && outcomes[end[0]][1] === target ? 0
              : Math.min(Infinity, ...next.map((it) => distances[it[1]] + (this.isSilent(it) ? 0 : 1)));
          }
          if (distances[at] !== undefined) ahead.pop();
          else for (const [, to] of unknown) ahead.push(to);
        }
        this.distances.set(target, distances);
      }
      return this.distances.get(target)[state];
    }
    /** The best next step: with the thread that ran last, if it makes no difference. */
    best() {
      const last = this.path.length && this.graph.transitions[this.path.at(-1)[0][0]][0];
      const cost = (it) => [this.distance(it[1]) + (this.isSilent(it) ? 0 : 1), this.graph.transitions[it[0]][0] === last ? 0 : 1];
      return this.next(this.state).map((it) => [cost(it), it]).sort(([a], [b]) => (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1))[0]?.[1];
    }
    hint() {
      const far = this.distance(this.state);
      if (this.graph.states[this.state][2]) this.hintText.textContent = "The interleaving has ended. Go back, or start again.";
      else if (far === Infinity) {
        this.hintText.textContent = this.path.length && this.distance(0) !== Infinity
          ? `“${this.target.value}” cannot be reached from here. Go back.`
          : `“${this.target.value}” cannot be reached: no interleaving of this version ends there.`;
      } else {
        const [transition] = this.best();
        const [thread] = this.graph.transitions[transition];
        this.hintText.textContent = `${this.graph.threads[thread]} next: ${this.words(transition)}. “${this.target.value}” is ${count(far, "step")} away.`;
      }
    }

    words(transition) {
      const [thread, steps, , chance] = this.graph.transitions[transition];
      const told = steps.map(([by, what, says, , , shows, lock]) =>
        (by === thread ? "" : `${this.graph.threads[by]}: `) + (says ? `“${what}”` : what) + (shows && lock?.[1] === 0 ? `: ${shows[1]}` : ""));
      return (told.join("; ") || "goes on") + (chance ? ` (chance: ${chance})` : "");
    }
    place(transition) {
      // A function of std's that calls the step has no line here.
      const places = this.graph.transitions[transition][1].map((step) => ({ file: this.graph.files[step[3]], line: step[4] }));
      return places.find(({ file, line }) => document.getElementById(`${file}:${line}`));
    }
    /** What the thread does next, if it must wait now: found in what can follow. */
    waits(thread) {
      const seen = new Set([this.state]), ahead = [this.state];
      for (let at = 0; at < ahead.length; at++) {
        for (const [transition, to] of this.next(ahead[at])) {
          const [of, , waits] = this.graph.transitions[transition];
          if (of === thread && !this.isSilent([transition])) return { waits: waits || "cannot run now", transition };
          if (!seen.has(to)) { seen.add(to); ahead.push(to); }
        }
      }
      return null;
    }

    shows() {
      if (!this.graph) return;
      const { threads, objects, outcomes, states, transitions } = this.graph;
      const [, counts, end] = states[this.state], next = this.next(this.state), target = this.target.value;
      const all = counts.reduce((sum, it) => sum + it, 0);
      const place = outcomes.findIndex(([, name]) => name === target);
      const reach = place < 0 ? 0 : counts[place];
      const percent = all && reach ? ` (${reach === all ? 100 : Math.min(99, Math.max(1, Math.round((100 * reach) / all)))} %)` : "";
      const from = this.path.length ? "from here" : "from the start";
      this.share.textContent = `${reach} of ${count(all, "different interleaving")}${percent} ${from} end${all === 1 ? "s" : ""} in “${target}”.`;
      this.hintText.textContent = "";
      const ways = [], focused = document.activeElement.closest("li")?.dataset.thread;
      const hadFocus = this.choices.contains(document.activeElement);
      this.choices.replaceChildren(...threads.flatMap((name, thread) => {
        const own = next.filter(([transition]) => transitions[transition][0] === thread);
        if (!own.length && !this.tells[thread]) return [];
        const item = make("li", { "data-thread": thread }, make("b", {}, name));
        if (!own.length) {
          const blocked = !end && this.waits(thread);
          item.append(make("span", { class: "still" }, blocked ? blocked.waits : "has ended, or has not started"));
          item.classList.add("off");
        }
        for (const choice of own) {
          const at = this.place(choice[0]);
          if (at) ways.push({ ...at, by: name });
          const words = this.words(choice[0]);
          item.append(make("button", { type: "button", onclick: () => this.take(choice) }, make("span", {}, words), ...(at ? [make("small", {}, ` ${short(at.file)}:${at.line}`)] : [])));
        }
        return [item];
      }));
      if (hadFocus) this.focus(focused);
      const told = this.taken.filter((it) => !this.isSilent(it));
      this.past.replaceChildren(...told.map(([transition]) => {
        const at = this.place(transition);
        return make("li", {}, make("b", {}, threads[transitions[transition][0]]), ` ${this.words(transition)}`, make("small", {}, at ? ` ${short(at.file)}:${at.line}` : ""));
      }));
      const last = told.at(-1);
      this.root.classList.toggle("bad", Boolean(end && outcomes[end[0]][0] === 2));
      if (end) {
        const [grade, name, meaning] = outcomes[end[0]];
        const reached = name === target ? " You have reached it." : "";
        this.status.textContent = `The interleaving ends. ${GRADES[grade]}: ${name} – ${[meaning, ...end[1]].join("; ")}.${reached}`;
      } else {
        this.status.textContent = (last ? `Step ${told.length}: ${threads[transitions[last[0]][0]]}: ${this.words(last[0])}. ` : "") +
          "Who runs next? " + (reach === 0 && this.distance(0) < Infinity ? `“${target}” is out of reach: go back.` : "");
      }
      this.sharedRows(objects, transitions);
      for (const [button, off] of [["back", !this.path.length], ["forward", !this.future.length], ["first", !this.path.length]]) {
        this[`${button}Button`].setAttribute("aria-disabled", off);
      }
      if (active === this || !active) mark(ways);
    }

    /** The values of shared objects, and which threads hold locks. */
    sharedRows(objects, transitions) {
      const values = objects.map(([, initially]) => initially), holders = objects.map(() => []);
      let before = values;
      for (const [transition] of this.taken) {
        before = [...values];
        for (const [thread, , , , , shows, lock] of transitions[transition][1]) {
          if (shows) values[shows[0]] = shows[1];
          if (lock && lock[1]) holders[lock[0]].push(this.graph.threads[thread]);
          else if (lock) holders[lock[0]].splice(holders[lock[0]].indexOf(this.graph.threads[thread]), 1);
        }
      }
      const rows = objects.map(([name, initially], place) => {
        const held = holders[place].length ? `locked by ${holders[place].join(" and ")}` : initially === null ? "free" : "";
        return [name, [values[place], held].filter((it) => it).join(", "), before[place] !== values[place]];
      });
      fill(this.shared, "Shared", "Value", rows);
    }
  }

  page.begin = (story) => {
    const root = document.getElementById("story");
    for (const element of document.querySelectorAll("section.scheduler")) page.schedulers.push(new Scheduler(element));
    if (root && story) active = page.story = new Story(root, story);
    active ??= page.schedulers[0];
    active?.shows();
  };
})();
