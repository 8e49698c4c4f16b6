// A mirror that says what it sees. The next frame is sent when the last one has been answered. Nothing runs while the
// camera is off, the page is left, or its tab is hidden.

const PATIENCE = 10_000; // milliseconds without an answer after which a message is sent again

const PROBLEMS = {
  NotAllowedError: "The camera was refused. Allow it for this page in your browser's settings, then start it again.",
  NotFoundError: "No camera was found. Connect one, then start it.",
  OverconstrainedError: "No camera was found. Connect one, then start it.",
  NotReadableError: "The camera is used by another program. Close that, then start it again.",
};

const cameras = new WeakMap();

export default function ({ data, setTriggerValue, parentElement }) {
  if (!cameras.has(parentElement)) cameras.set(parentElement, new Camera(parentElement));
  const camera = cameras.get(parentElement);
  camera.update(data, (message) => setTriggerValue("message", message));
  return () => {
    camera.close();
    cameras.delete(parentElement);
  };
}

class Camera {
  constructor(parent) {
    const find = (selector) => parent.querySelector(selector);
    Object.assign(this, {
      video: find("video"), overlay: find(".overlay"), cover: find(".cover"), message: find(".message"),
      startButton: find(".start"), pauseButton: find(".pause"), stopButton: find(".stop"), target: find(".target"),
      rate: find(".rate"), curves: find(".curves"), legend: find(".legend"), headline: find(".headline"),
      emotions: find(".emotions"), units: find(".units"), challenge: find(".challenge"),
    });
    this.canvas = document.createElement("canvas");
    this.count = 0; // messages sent since the page was opened
    this.run = 0; // which start of the camera is running, or 0
    this.starts = 0;
    this.waiting = null;
    this.points = []; // the emotions of the last minute
    this.startButton.onclick = () => this.start();
    this.stopButton.onclick = () => this.stop("The camera is off.");
    this.pauseButton.onclick = () => (this.paused ? this.resume() : this.pause());
    this.onhidden = () => {
      if (document.hidden && this.stream) this.stop("The camera was stopped because this tab was hidden.");
    };
    document.addEventListener("visibilitychange", this.onhidden);
  }

  close() {
    document.removeEventListener("visibilitychange", this.onhidden);
    clearTimeout(this.waiting?.timer);
    this.off();
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    if (!this.built) this.build();
    this.showChallenge(data.faces?.[0]?.present ?? []);
    if (data.answered !== this.waiting?.number) return;
    const { resolve, timer } = this.waiting;
    clearTimeout(timer);
    this.waiting = null;
    resolve(data);
  }

  ask(message) {
    this.count += 1;
    const number = `${this.data.visit}-${this.count}`;
    return new Promise((resolve) => {
      const waiting = (this.waiting = { number, resolve });
      const send = () => {
        this.send({ ...message, number });
        waiting.timer = setTimeout(send, PATIENCE);
      };
      send();
    });
  }

  // Stops the camera and the loop that sends its frames.
  off() {
    this.run = 0;
    this.paused = false;
    for (const track of this.stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.stream = this.video.srcObject = null;
  }

  stop(text) {
    const wasOn = this.run || this.paused;
    this.off();
    if (wasOn) this.sayStopped();
    drawFaces(this.overlay, [], {});
    this.rate.textContent = "";
    this.message.textContent = text;
    this.startButton.textContent = "Start the camera";
    this.cover.hidden = false;
    this.pauseButton.disabled = this.stopButton.disabled = true;
  }

  // The server has nothing more to do for this session.
  async sayStopped() {
    while (this.waiting) await pause(20); // the answer to the last frame
    if (!this.stream && this.video.isConnected) await this.ask({ kind: "stop" });
  }

  async start() {
    this.startButton.disabled = true;
    try {
      if (!navigator.mediaDevices) throw new DOMException("", "insecure");
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: 1280 } });
    } catch (error) {
      const insecure = "Browsers allow cameras only on pages with an address that starts with https://.";
      this.stop(error.name === "insecure" ? insecure : (PROBLEMS[error.name] ?? "The camera cannot be used."));
      return;
    } finally {
      this.startButton.disabled = false;
    }
    if (!this.video.isConnected || document.hidden) return this.stop("The camera is off.");
    this.stream.getVideoTracks()[0].onended = () => this.stop("The camera was disconnected.");
    this.video.srcObject = this.stream;
    await this.video.play();
    this.points = [];
    this.began = performance.now();
    this.resume();
  }

  resume() {
    this.paused = false;
    this.cover.hidden = true;
    this.pauseButton.disabled = this.stopButton.disabled = false;
    this.pauseButton.textContent = "Pause and inspect";
    this.video.play();
    this.loop();
  }

  async pause() {
    this.paused = true;
    this.run = 0;
    this.pauseButton.textContent = "Go on";
    this.rate.textContent = "Paused: this frame is read below.";
    this.video.pause();
    const time = (performance.now() - this.began) / 1000;
    const picture = await encode(this.canvas, this.video, this.data.inspectedSide, 0.92);
    const small = await encode(this.canvas, this.video, this.data.side, 0.8);
    const frame = { width: this.canvas.width, height: this.canvas.height };
    while (this.waiting) await pause(20);
    const answer = await this.ask({ kind: "inspect", time, picture: small, large: picture, target: this.target.value });
    if (this.paused) this.show(answer.faces ?? [], frame, time); // what is drawn belongs to the frame that is shown
  }

  async loop() {
    const run = (this.run = this.starts += 1);
    let answered = [];
    let first = this.points.length === 0;
    while (this.waiting) await pause(20); // the answer to the last frame before a pause
    while (this.run === run) {
      if (!this.video.videoWidth) {
        await pause(20);
        continue;
      }
      const picture = await encode(this.canvas, this.video, this.data.side, 0.8);
      const frame = { width: this.canvas.width, height: this.canvas.height };
      const time = (performance.now() - this.began) / 1000;
      const answer = await this.ask({ kind: "frame", time, picture, target: this.target.value, first });
      first = false;
      if (this.run !== run) return;
      const now = performance.now();
      answered = [...answered.filter((moment) => now - moment < 2000), now];
      const span = (now - answered[0]) / 1000;
      if (span > 0.5) this.rate.textContent = `${Math.round((answered.length - 1) / span)} readings a second`;
      this.show(answer.faces ?? [], frame, time);
    }
  }

  show(faces, frame, time) {
    drawFaces(this.overlay, faces, frame);
    const face = faces[0]; // the largest
    this.headline.textContent = face?.headline ?? "No face is seen. Look toward the camera, in good light.";
    const { emotions, units } = this.data;
    emotions.forEach(({ name }, index) => setBar(this.emotions.children[index], face?.emotions[index], name === face?.emotion));
    units.forEach(({ name }, index) =>
      setBar(this.units.children[index], face?.units[index], face?.present.includes(name), face?.intensities?.[index]),
    );
    if (face) this.points.push({ time, values: face.emotions });
    while (this.points.length && time - this.points[0].time > MINUTE) this.points.shift();
    drawCurves(this.curves, this.points, emotions.map(({ color }) => color));
  }

  // Makes what stays the same from frame to frame.
  build() {
    this.built = true;
    const { emotions, units } = this.data;
    const option = (value, text) => this.target.append(new Option(text, value));
    option("auto", "strongest");
    option("", "off");
    for (const { name } of units) option(name, name);
    for (const { name, title, color } of emotions) {
      this.emotions.append(makeBar(title, null, color));
      const entry = document.createElement("span");
      entry.textContent = title;
      entry.style.setProperty("--color", color);
      this.legend.append(entry);
    }
    for (const { title, threshold } of units) this.units.append(makeBar(title, threshold));
  }

  showChallenge(present) {
    const challenge = this.data.challenge;
    this.challenge.hidden = !challenge;
    if (!challenge) return;
    const [title, chips, verdict] = this.challenge.children;
    if (title.textContent !== challenge.title) {
      title.textContent = challenge.title;
      chips.replaceChildren(...challenge.units.map((name) => Object.assign(document.createElement("span"), { textContent: name })));
      verdict.textContent = "";
    }
    challenge.units.forEach((name, index) => chips.children[index].classList.toggle("seen", present.includes(name)));
    if (this.run && challenge.units.every((name) => present.includes(name))) verdict.textContent = "Seen!";
  }
}

function makeBar(title, threshold, color) {
  const item = document.createElement("li");
  item.innerHTML = '<span class="name"></span><span class="bar"><span class="fill"></span></span><span class="number"></span>';
  item.querySelector(".name").textContent = item.querySelector(".name").title = title;
  if (color) item.style.setProperty("--color", color);
  if (threshold !== null) {
    const mark = document.createElement("span");
    mark.className = "threshold";
    mark.style.left = `${100 * threshold}%`;
    item.querySelector(".bar").append(mark);
  }
  return item;
}

// A value of null is not visible; the intensity is missing if the network tells none.
function setBar(item, value = 0, present = false, intensity = null) {
  item.classList.toggle("present", present);
  item.querySelector(".fill").style.width = `${100 * value}%`;
  const percent = value < 0.01 ? "< 1%" : value > 0.99 ? "> 99%" : `${Math.round(100 * value)}%`;
  const strength = present && intensity !== null ? `${intensity.toFixed(1)} · ` : "";
  item.querySelector(".number").textContent = value === null ? "hidden" : strength + percent;
}
