// Takes photos that a visitor chooses, drops or pastes, scales each one down, and sends them one at a time: the next one
// only when the server has read the last one, so that neither side ever holds more than one photo.

const uploaders = new WeakMap();

export default function ({ data, setTriggerValue, parentElement }) {
  if (!uploaders.has(parentElement)) uploaders.set(parentElement, new Uploader(parentElement));
  const uploader = uploaders.get(parentElement);
  uploader.update(data, setTriggerValue);
  return () => {
    uploader.close();
    uploaders.delete(parentElement);
  };
}

class Uploader {
  constructor(parent) {
    const find = (selector) => parent.querySelector(selector);
    this.zone = find(".uploader");
    this.input = find("input");
    this.hint = find(".hint");
    this.idle = find(".idle");
    this.busy = find(".busy");
    this.bar = find("progress");
    this.status = find("[role=status]");
    this.files = []; // chosen and not yet sent
    this.sent = null; // number of the photo that the server has not answered yet
    this.count = 0; // photos sent since the page was opened
    this.done = 0; // of this batch
    this.total = 0; // of this batch

    find(".choose").onclick = () => this.input.click();
    find(".stop").onclick = () => this.stop();
    takeFiles(this.zone, this.input, (files) => this.add(files));
    this.onpaste = (event) => this.add(event.clipboardData.files);
    document.addEventListener("paste", this.onpaste);
  }

  close() {
    document.removeEventListener("paste", this.onpaste);
    this.files = [];
  }

  update(data, setTriggerValue) {
    this.data = data;
    if (data.pasteOnly) {
      this.zone.classList.add("quiet");
      this.hint.textContent = "You can also paste an image (Ctrl+V or ⌘V).";
    }
    this.send = (photo) => setTriggerValue("message", photo);
    if (this.sent !== null && data.answered === `${data.visit}-${this.sent}`) {
      this.sent = null;
      this.done += 1;
      this.next();
    }
  }

  add(files) {
    if (!files.length) return;
    if (!this.total) this.began = performance.now();
    this.files.push(...files);
    this.total += files.length;
    this.show();
    if (this.sent === null) this.next();
  }

  stop() {
    this.total -= this.files.length;
    this.files = [];
    this.show();
  }

  async next() {
    const file = this.files.shift();
    if (!file) {
      this.total = this.done = 0;
      this.show();
      return;
    }
    this.count += 1;
    this.sent = this.count;
    this.show();
    const picture = await encode(file, this.data.side, this.data.maxBytes);
    this.send({ number: `${this.data.visit}-${this.sent}`, name: file.name, picture });
  }

  show() {
    this.idle.hidden = this.total > 0;
    this.busy.hidden = this.total === 0;
    this.bar.max = Math.max(this.total, 1);
    this.bar.value = this.done;
    this.status.textContent = `${this.done + 1} of ${this.total}${this.timeLeft()}`;
  }

  timeLeft() {
    if (!this.done) return "";
    const seconds = ((performance.now() - this.began) / 1000 / this.done) * (this.total - this.done);
    return seconds > 90 ? `, about ${Math.round(seconds / 60)} min left` : `, about ${Math.ceil(seconds)} s left`;
  }
}

const VIDEO_HEAD = 4096; // bytes of a video that are sent: enough to recognize it

// Returns an image as base64: upright, its longer side at most `side` pixels, without metadata. A file that the browser
// cannot decode, such as HEIC outside Safari, is sent unchanged, at most `maxBytes` of it; the server decodes it or says
// what is wrong with it.
async function encode(file, side, maxBytes) {
  let small = file.slice(0, file.type.startsWith("video/") ? VIDEO_HEAD : maxBytes);
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(scale * bitmap.width));
    canvas.height = Math.max(1, Math.round(scale * bitmap.height));
    const context = canvas.getContext("2d");
    context.fillStyle = "white"; // behind transparent areas
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    small = (await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.93))) ?? small;
  } catch {
    // not decodable here
  }
  return toBase64(small);
}
