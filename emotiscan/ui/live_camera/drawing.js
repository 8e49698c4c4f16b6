// Draws what was read over the mirrored picture, and the curves of the last minute.

const MINUTE = 60; // seconds
const BOX = "#ffc83d";
const HEAT = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]]; // Inferno, in equal steps

// Draws boxes, labels and heat maps of the faces of a frame.
function drawFaces(canvas, faces, frame) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  const context = canvas.getContext("2d");
  if (!frame.width) return;
  // As `object-fit: contain` places the video.
  const scale = Math.min(canvas.width / frame.width, canvas.height / frame.height);
  const left = (canvas.width - scale * frame.width) / 2;
  const top = (canvas.height - scale * frame.height) / 2;
  for (const face of faces) {
    if (face.map) {
      context.save();
      context.setTransform(-scale, 0, 0, scale, left + scale * frame.width, top);
      drawHeatMap(context, face.map);
      context.restore();
    }
  }
  for (const face of faces) {
    const [x0, y0, x1, y1] = face.box;
    const x = left + scale * (frame.width - x1);
    const y = top + scale * y0;
    const width = scale * (x1 - x0);
    const height = scale * (y1 - y0);
    context.strokeStyle = BOX;
    context.lineWidth = 2 * ratio;
    context.beginPath();
    context.roundRect(x, y, width, height, 8 * ratio);
    context.stroke();
    label(context, face.title, x, y - 6 * ratio, ratio, "bottom");
    if (face.present.length) label(context, face.present.join("  "), x, y + height + 6 * ratio, ratio, "top");
  }
}

function label(context, text, x, y, ratio, side) {
  const high = 22 * ratio;
  context.font = `600 ${13 * ratio}px sans-serif`;
  const wide = context.measureText(text).width + 14 * ratio;
  const left = Math.max(0, Math.min(x, context.canvas.width - wide));
  const top = Math.max(0, Math.min(side === "bottom" ? y - high : y, context.canvas.height - high));
  context.fillStyle = "#10191be0";
  context.beginPath();
  context.roundRect(left, top, wide, high, 6 * ratio);
  context.fill();
  context.fillStyle = "#fff";
  context.textBaseline = "middle";
  context.fillText(text, left + 7 * ratio, top + high / 2);
}

// Lays a map over its face: `cells` are rows of values from 0 to 1, `matrix` maps the unit square to the frame.
function drawHeatMap(context, map) {
  const rows = map.cells.length;
  const columns = map.cells[0].length;
  const small = document.createElement("canvas");
  small.width = columns;
  small.height = rows;
  const pixels = small.getContext("2d").createImageData(columns, rows);
  map.cells.flat().forEach((value, index) => pixels.data.set([...heat(value), 190 * value], 4 * index));
  small.getContext("2d").putImageData(pixels, 0, 0);
  context.transform(...map.matrix);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, 1, 1);
}

function heat(value) {
  const place = Math.min(0.999, Math.max(0, value)) * (HEAT.length - 1);
  const step = Math.floor(place);
  return HEAT[step].map((low, index) => low + (place - step) * (HEAT[step + 1][index] - low));
}

// Draws curves of [time, values] over the last minute.
function drawCurves(canvas, points, colors) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  const context = canvas.getContext("2d");
  const end = Math.max(MINUTE, points.at(-1)?.time ?? 0);
  const margin = 6 * ratio;
  context.lineWidth = 2 * ratio;
  colors.forEach((color, index) => {
    context.strokeStyle = color;
    context.beginPath();
    let last = null;
    for (const { time, values } of points) {
      const x = ((time - end + MINUTE) / MINUTE) * canvas.width;
      const y = canvas.height - margin - values[index] * (canvas.height - 2 * margin);
      if (last === null || time - last > 3) context.moveTo(x, y); // nobody was seen in between
      else context.lineTo(x, y);
      last = time;
    }
    context.stroke();
  });
}
