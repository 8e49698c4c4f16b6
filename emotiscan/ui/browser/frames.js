// Frames of a video, for components that send them; put in front of their own code, behind files.js.

function happens(target, ...events) {
  return new Promise((resolve) => {
    const done = (event) => {
      for (const name of events) target.removeEventListener(name, done);
      resolve(event.type);
    };
    for (const name of events) target.addEventListener(name, done);
  });
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Returns what the video shows as a JPEG file in base64, its longer side at most `side` pixels.
async function encode(canvas, video, side, quality) {
  const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.max(1, Math.round(scale * video.videoWidth));
  canvas.height = Math.max(1, Math.round(scale * video.videoHeight));
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return toBase64(await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality)));
}
