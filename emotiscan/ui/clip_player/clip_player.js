// Plays a clip from the visitor's own file. To have it read, it seeks from time to time through the clip, scales each
// frame down, and sends a few at once: the next ones only when the server has answered. A clip that this browser cannot
// decode is sent as a file, in parts, and the server decodes it.

const PART = 512 * 1024; // bytes of a file sent at once
const PATIENCE = 60_000; // milliseconds without an answer after which a message is sent again

const players = new WeakMap();

export default function ({ data, setTriggerValue, parentElement }) {
  if (!players.has(parentElement)) players.set(parentElement, new Player(parentElement));
  const player = players.get(parentElement);
  player.update(data, (message) => setTriggerValue("message", message));
  return () => {
    player.close();
    players.delete(parentElement);
  };
}

class Player {
  constructor(parent) {
    const find = (selector) => parent.querySelector(selector);
    Object.assign(this, {
      zone: find(".player"), input: find("input"), idle: find(".idle"), stage: find(".stage"), video: find("video"),
      busy: find(".busy"), bar: find("progress"), status: find("[role=status]"), finished: find(".finished"),
      name: find(".name"), message: find(".message"), inspect: find(".inspect"),
    });
    this.canvas = document.createElement("canvas");
    this.count = 0; // messages sent since the page was opened
    this.clip = 0; // clips opened
    this.running = 0; // the clip that is being read, or 0
    this.sought = null; // the last place that the server asked to show
    this.waiting = null;
    const time = () => (this.running || this.stage.hidden ? null : this.video.currentTime);
    this.mark = new PositionMark(this.video, () => this.data?.chart, time);

    find(".choose").onclick = find(".another").onclick = () => this.input.click();
    find(".record").onclick = () => this.record();
    find(".stop").onclick = () => this.stopped();
    this.inspect.onclick = () => this.sendFrame();
    takeFiles(this.zone, this.input, ([file]) => this.open(file));
    this.show("idle");
  }

  close() {
    this.running = 0;
    this.mark.close();
    clearTimeout(this.waiting?.timer);
    this.recorder?.stop();
    this.release();
  }

  release() {
    this.video.removeAttribute("src");
    this.video.srcObject = null;
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    requestAnimationFrame(this.mark.draw); // the chart may have been drawn anew
    if (data.answered === this.waiting?.number) {
      const { resolve, timer } = this.waiting;
      clearTimeout(timer);
      this.waiting = null;
      resolve(data);
    }
    if (data.seek && data.seek.id !== this.sought) {
      this.sought = data.seek.id;
      if (this.url && !this.running) this.goTo(data.seek.time);
    }
  }

  // Sends a message; resolves with the server's answer.
  async ask(message) {
    while (this.waiting) await this.waiting.promise;
    this.count += 1;
    const waiting = { number: `${this.data.visit}-${this.count}` };
    waiting.promise = new Promise((resolve) => (waiting.resolve = resolve));
    this.waiting = waiting;
    const send = () => {
      this.send({ ...message, number: waiting.number });
      waiting.timer = setTimeout(send, PATIENCE);
    };
    send();
    return waiting.promise;
  }

  show(part, text = "") {
    this.idle.hidden = part !== "idle";
    this.busy.hidden = part !== "busy";
    this.finished.hidden = part !== "finished";
    this.stage.hidden = part === "idle" || !(this.url || this.video.srcObject);
    this.inspect.hidden = this.stage.hidden;
    this.zone.classList.toggle("zone", part === "idle");
    this.video.controls = part === "finished";
    if (part !== "busy") this.bar.removeAttribute("value");
    this.message.hidden = !text;
    this.message.textContent = text;
  }

  progress(share, began) {
    this.bar.value = share;
    const seconds = ((performance.now() - began) / 1000 / Math.max(share, 1e-6)) * (1 - share);
    const left = seconds > 90 ? `${Math.round(seconds / 60)} min` : `${Math.ceil(seconds)} s`;
    this.status.textContent = `${Math.floor(100 * share)}%${share > 0.02 ? `, about ${left} left` : ""}`;
  }

  stopped() {
    if (this.recorder) this.recorder.stop();
    else this.running = 0;
  }

  async open(file) {
    this.running = 0;
    if (this.waiting) await this.waiting.promise;
    this.release();
    const clip = (this.running = this.clip += 1);
    this.name.textContent = file.name;
    this.url = URL.createObjectURL(file);
    this.show("busy");
    this.progress(0, performance.now());
    const playable = await load(this.video, this.url);
    if (this.running !== clip) return;
    let problem = "";
    if (playable) await this.sendFrames(file, clip);
    else {
      this.release();
      this.show("busy");
      problem = await this.sendFile(file, clip);
    }
    if (this.clip !== clip) return;
    this.running = 0;
    this.show(problem ? "idle" : "finished", problem);
  }

  async sendFrames(file, clip) {
    const began = performance.now();
    const { video, data } = this;
    const about = { kind: "frames", clip, name: file.name, duration: video.duration, fps: data.fps };
    const frames = sample(video, data.fps, () => this.running === clip);
    let batch = await this.collect(frames, data.batch);
    let last = false;
    do {
      last = batch.length < data.batch;
      const asked = this.ask({ ...about, frames: batch, last });
      const following = last ? [] : this.collect(frames, data.batch); // decoded while the server reads
      const answer = await asked;
      if (batch.length) this.progress(Math.min(1, batch.at(-1).time / video.duration), began);
      batch = await following;
      if (answer.done) break; // it takes no more
    } while (!last);
    if (this.clip === clip) video.currentTime = 0;
  }

  async collect(frames, count) {
    const batch = [];
    while (batch.length < count) {
      const { value: time, done } = await frames.next();
      if (done) break;
      batch.push({ time, picture: await encode(this.canvas, this.video, this.data.side, 0.85) });
    }
    return batch;
  }

  async sendFile(file, clip) {
    if (file.size > this.data.maxBytes) return this.data.tooLarge;
    const began = performance.now();
    const about = { clip, name: file.name, fps: this.data.fps };
    this.status.textContent = "This browser cannot play the clip: it is sent to the server…";
    let answer = {};
    for (let start = 0; start < file.size || start === 0; start += PART) {
      const part = await toBase64(file.slice(start, start + PART));
      answer = await this.ask({ ...about, kind: "file", part, first: start === 0, last: start + PART >= file.size });
      if (answer.error || this.running !== clip) break;
    }
    while (!answer.error && !answer.done && this.running === clip) {
      answer = await this.ask({ ...about, kind: "step" });
      this.progress(Math.min(1, answer.progress ?? 0), began);
    }
    if (this.clip === clip && this.running !== clip) await this.ask({ kind: "stop", clip });
    return answer.error ?? "";
  }

  // Shows a place of the clip and has its frame read.
  async goTo(time) {
    this.video.pause();
    await seek(this.video, time);
    await this.sendFrame();
  }

  async sendFrame() {
    this.video.pause();
    const picture = await encode(this.canvas, this.video, this.data.inspectedSide, 0.92);
    await this.ask({ kind: "frame", clip: this.clip, time: this.video.currentTime, picture });
  }

  async record() {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: 1280 } });
    } catch {
      this.show("idle", "The camera cannot be used. Allow it in your browser's settings for this page, or choose a file.");
      return;
    }
    this.release();
    this.video.srcObject = stream;
    this.video.play();
    this.show("busy");
    const recorder = (this.recorder = new MediaRecorder(stream));
    const parts = [];
    const began = performance.now();
    const tick = setInterval(() => {
      const seconds = (performance.now() - began) / 1000;
      this.bar.value = seconds / this.data.maxRecording;
      this.status.textContent = `Recording: ${Math.floor(seconds)} of at most ${this.data.maxRecording} s`;
      if (seconds >= this.data.maxRecording && recorder.state === "recording") recorder.stop();
    }, 200);
    recorder.ondataavailable = (event) => parts.push(event.data);
    await new Promise((resolve) => {
      recorder.onstop = resolve;
      stream.getVideoTracks()[0].onended = () => recorder.state === "recording" && recorder.stop();
      recorder.start(1000);
    });
    clearInterval(tick);
    this.recorder = null;
    for (const track of stream.getTracks()) track.stop();
    this.video.srcObject = null;
    if (this.zone.isConnected) await this.open(new File(parts, "Your recording", { type: recorder.mimeType }));
  }
}

// Resolves with whether the browser can decode the clip.
async function load(video, url) {
  const loaded = happens(video, "loadeddata", "error");
  video.src = url;
  video.load();
  if ((await loaded) !== "loadeddata" || !video.videoWidth) return false;
  if (!Number.isFinite(video.duration)) {
    // A recording does not say how long it is until its end has been seen.
    const known = happens(video, "seeked", "error");
    video.currentTime = 1e7;
    await known;
  }
  return Number.isFinite(video.duration);
}

// Seeks through a clip; yields the presentation time of each frame, in seconds, while the video shows it.
async function* sample(video, fps, wanted) {
  let last = -1;
  for (let step = 0; step / fps <= video.duration; step += 1) {
    if (!wanted()) return;
    const time = await seek(video, step / fps);
    if (time > last + 1e-6) yield (last = time); // no frame twice
    if (video.ended) return;
  }
}

async function seek(video, time) {
  let shown = null;
  const callback = video.requestVideoFrameCallback?.((_now, frame) => (shown = frame.mediaTime));
  const arrived = happens(video, "seeked", "error");
  video.currentTime = Math.min(time + 1e-3, video.duration); // behind the edge between two frames
  await arrived;
  // Soon afterwards the browser says which frame it shows; hidden pages are not told.
  for (let wait = 0; callback && shown === null && !document.hidden && wait < 8; wait += 1) await pause(8);
  if (callback) video.cancelVideoFrameCallback(callback);
  return shown ?? video.currentTime;
}
