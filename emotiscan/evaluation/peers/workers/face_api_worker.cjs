// Run npm's @vladmandic/face-api on images from standard input; see `peers.process` for the exchange.
//
//     node face_api_worker.cjs FOLDER_WITH_NODE_MODULES
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const modules = path.join(process.argv[2], "node_modules");
const tf = require(path.join(modules, "@tensorflow/tfjs"));
const wasm = require(path.join(modules, "@tensorflow/tfjs-backend-wasm"));
const home = path.join(modules, "@vladmandic/face-api");

// The library loads its own tfjs packages by name; they lie beside it, not beside this file.
const faceapi = require(path.join(home, "dist/face-api.node-wasm.js"));

function readExactly(count) {
  const bytes = Buffer.alloc(count);
  let done = 0;
  while (done < count) {
    let read = 0;
    try {
      read = fs.readSync(0, bytes, done, count - done, null);
    } catch (error) {
      if (error.code === "EAGAIN") continue;
      if (error.code === "EOF") return null;
      throw error;
    }
    if (read === 0) return null;
    done += read;
  }
  return bytes;
}

function answer(value) {
  fs.writeSync(1, JSON.stringify(value) + "\n");
}

async function main() {
  wasm.setWasmPaths(path.join(modules, "@tensorflow/tfjs-backend-wasm/dist/"));
  await faceapi.tf.setBackend("wasm");
  await faceapi.tf.ready();
  const models = path.join(home, "model");
  await faceapi.nets.ssdMobilenetv1.loadFromDisk(models);
  await faceapi.nets.faceExpressionNet.loadFromDisk(models);
  answer({ version: JSON.parse(fs.readFileSync(path.join(home, "package.json"), "utf8")).version });
  for (let header = readExactly(9); header; header = readExactly(9)) {
    const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
    const image = faceapi.tf.tensor3d(new Uint8Array(readExactly(3 * width * height)), [height, width, 3], "int32");
    let expressions = null;
    if (header.readUInt8(8)) {
      expressions = await faceapi.nets.faceExpressionNet.predictExpressions(image);
    } else {
      const face = await faceapi.detectSingleFace(image, new faceapi.SsdMobilenetv1Options({ minConfidence: 0.3 }))
        .withFaceExpressions();
      expressions = face ? face.expressions : null;
    }
    image.dispose();
    answer({ found: expressions !== null, scores: expressions ? Object.fromEntries(Object.entries(expressions)) : {} });
  }
}

main().catch((error) => {
  console.error(String(error && error.message ? error.message : error));
  process.exit(1);
});
