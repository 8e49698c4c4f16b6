// Marks the place that a video shows in a chart of the same page: without the server, so that it moves as the clip plays.

class PositionMark {
  // `time` returns the place in seconds, or null for none; `key` returns the chart's key.
  constructor(video, key, time) {
    Object.assign(this, { video, key, time });
    this.draw = this.draw.bind(this);
    for (const event of ["play", "timeupdate", "seeked"]) video.addEventListener(event, this.draw);
    window.addEventListener("resize", this.draw);
  }

  close() {
    window.removeEventListener("resize", this.draw);
    cancelAnimationFrame(this.next);
    this.line?.remove();
  }

  draw() {
    cancelAnimationFrame(this.next);
    const time = this.time();
    const plot = this.key() && document.querySelector(`.st-key-${this.key()} .js-plotly-plot`);
    const layout = plot?._fullLayout; // what plotly has drawn
    const axis = layout?.xaxis;
    const frame = plot?.querySelector(".svg-container");
    if (time === null || !axis || !frame || time < axis.range[0] || time > axis.range[1]) {
      this.line?.remove();
    } else {
      this.line ??= makeLine();
      if (this.line.parentNode !== frame) frame.append(this.line);
      const { t: top, h: height } = layout._size;
      Object.assign(this.line.style, {
        left: `${axis._offset + axis.l2p(time) - 1}px`,
        top: `${top}px`,
        height: `${height}px`,
      });
    }
    if (!this.video.paused && time !== null) this.next = requestAnimationFrame(this.draw);
  }
}

function makeLine() {
  const line = document.createElement("div");
  line.className = "player-position";
  line.setAttribute("aria-hidden", "true"); // the player's own controls tell the time
  Object.assign(line.style, { position: "absolute", width: "2px", background: "currentColor", opacity: "0.7", pointerEvents: "none" });
  return line;
}
